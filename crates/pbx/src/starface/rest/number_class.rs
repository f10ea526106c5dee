//! Which calls a number takes. Pure.
//!
//! A diversion names the user's own number for which it is; whether that is one for colleagues or for the outside
//! stands in the list of numbers. How STARFACE writes an external number in a diversion is not documented, so every
//! usual spelling is compared, digits only.

use std::collections::BTreeSet;

use busylamp_core::account::NumberClass;

/// One of a user's own numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnNumber {
    class: NumberClass,
    spellings: BTreeSet<String>,
}

/// The parts of a number in the list of numbers. (Swagger, `PhoneNumber`)
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Parts<'a> {
    /// The number itself, the extension.
    pub(crate) number: &'a str,
    /// The area code, with or without its `0`.
    pub(crate) local_prefix: &'a str,
    /// The country code, with or without `+` or `00`.
    pub(crate) national_prefix: &'a str,
    /// What is dialled for an outside line.
    pub(crate) exit_code: &'a str,
}

impl OwnNumber {
    /// A number by its type (`INTERNAL`, `EXTERNAL`, or one that says nothing about who calls it) and parts.
    pub(crate) fn new(kind: &str, parts: Parts<'_>) -> Self {
        let number = digits(parts.number);
        let mut spellings = BTreeSet::from([number.clone()]);
        let class = match kind {
            "INTERNAL" => NumberClass::Internal,
            "EXTERNAL" => NumberClass::External,
            _ => NumberClass::Unknown,
        };
        if class != NumberClass::Internal {
            let area = digits(parts.local_prefix);
            let country = digits(parts.national_prefix);
            let national = format!("{}{number}", area.trim_start_matches('0'));
            let mut dialled = vec![format!("0{national}")];
            spellings.insert(national.clone());
            let country = country.trim_start_matches('0');
            if !country.is_empty() {
                spellings.insert(format!("{country}{national}"));
                dialled.push(format!("00{country}{national}"));
            }
            let exit = digits(parts.exit_code);
            spellings.extend(dialled.iter().map(|number| format!("{exit}{number}")));
            spellings.extend(dialled);
        }
        spellings.remove("");
        Self { class, spellings }
    }
}

/// The classes of the numbers that a user's diversions are for, in their order.
///
/// A spelling that fits numbers of both classes (an internal number that equals the extension of the external one) is
/// settled by elimination: a user has one always-diversion for each own number, so a number that another diversion
/// certainly means is not meant twice. What stays open is [`NumberClass::Unknown`].
pub(crate) fn classify(own: &[OwnNumber], called: &[&str]) -> Vec<NumberClass> {
    let called: Vec<String> = called.iter().map(|number| digits(number)).collect();
    let mut open: Vec<&OwnNumber> = own.iter().collect();
    let mut classes: Vec<Option<NumberClass>> = vec![None; called.len()];
    loop {
        let mut settled = false;
        for (number, class) in called.iter().zip(&mut classes) {
            if class.is_some() {
                continue;
            }
            let fitting: Vec<usize> =
                open.iter().enumerate().filter(|(_, own)| own.spellings.contains(number)).map(|(at, _)| at).collect();
            let found: BTreeSet<NumberClass> = fitting.iter().map(|at| open[*at].class).collect();
            if let (Some(only), 1) = (found.first(), found.len()) {
                *class = Some(*only);
                settled = true;
                if let [at] = fitting[..] {
                    open.remove(at);
                }
            }
        }
        if !settled {
            return classes.into_iter().map(|class| class.unwrap_or(NumberClass::Unknown)).collect();
        }
    }
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn internal(number: &str) -> OwnNumber {
        OwnNumber::new("INTERNAL", Parts { number, ..Parts::default() })
    }

    fn external(number: &str) -> OwnNumber {
        let parts = Parts { number, local_prefix: "0721", national_prefix: "49", exit_code: "0" };
        OwnNumber::new("EXTERNAL", parts)
    }

    #[test]
    fn every_usual_spelling_of_an_external_number_is_known() {
        let own = [internal("30"), external("1234530")];
        for called in [
            "1234530",
            "7211234530",
            "07211234530",
            "+497211234530",
            "00497211234530",
            "+49 721 12345-30",
            "007211234530",
            "0721/12345 30",
            "000497211234530",
        ] {
            assert_eq!(classify(&own, &[called]), [NumberClass::External], "{called}");
        }
        assert_eq!(classify(&own, &["30"]), [NumberClass::Internal]);
    }

    #[test]
    fn what_is_not_the_users_own_or_has_no_digits_can_not_be_told() {
        let own = [internal("30"), external("1234530")];
        assert_eq!(classify(&own, &["31", "", "anonymous"]), [NumberClass::Unknown; 3]);
        assert_eq!(classify(&[], &["30"]), [NumberClass::Unknown]);
        let fax = OwnNumber::new("DISPLAY", Parts { number: "77", ..Parts::default() });
        assert_eq!(classify(&[fax], &["77"]), [NumberClass::Unknown]);
    }

    #[test]
    fn an_extension_that_is_internal_as_well_is_told_by_elimination() {
        let own = [internal("30"), external("30")];
        assert_eq!(classify(&own, &["30"]), [NumberClass::Unknown]);
        assert_eq!(classify(&own, &["30", "30"]), [NumberClass::Unknown; 2]);
        assert_eq!(classify(&own, &["30", "072130"]), [NumberClass::Internal, NumberClass::External]);
        assert_eq!(classify(&own, &["+4972130", "30"]), [NumberClass::External, NumberClass::Internal]);
    }

    #[test]
    fn two_numbers_of_one_class_do_not_disturb_each_other() {
        let own = [external("30"), external("31"), external("30")];
        assert_eq!(classify(&own, &["30", "31", "30"]), [NumberClass::External; 3]);
    }
}
