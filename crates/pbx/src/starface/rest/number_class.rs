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
            let area = area.trim_start_matches('0');
            let country = digits(parts.national_prefix);
            let country = country.trim_start_matches('0');
            let exit = digits(parts.exit_code);
            for local in locals(&number, area, country) {
                let national = format!("{area}{local}");
                let mut dialled = vec![format!("0{national}")];
                if !country.is_empty() {
                    spellings.insert(format!("{country}{national}"));
                    dialled.push(format!("00{country}{national}"));
                }
                spellings.insert(national);
                spellings.insert(local.to_owned());
                spellings.extend(dialled.iter().map(|number| format!("{exit}{number}")));
                spellings.extend(dialled);
            }
        }
        spellings.remove("");
        Self { class, spellings }
    }
}

/// What a number may be within its area: it is not written down whether the list of numbers has it with its prefixes.
fn locals<'a>(number: &'a str, area: &str, country: &str) -> impl Iterator<Item = &'a str> {
    let prefixes = [format!("{country}{area}"), format!("00{country}{area}"), format!("0{area}")];
    let without =
        prefixes.into_iter().filter(|prefix| prefix.len() > 2).filter_map(|prefix| number.strip_prefix(&*prefix));
    std::iter::once(number).chain(without.filter(|local| !local.is_empty()))
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

/// What is dialled; nothing where there are letters, which no number has.
fn digits(number: &str) -> String {
    if number.chars().any(char::is_alphabetic) {
        return String::new();
    }
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
    fn a_number_that_is_listed_with_its_prefixes_is_the_same_number() {
        for number in ["+497211234530", "00497211234530", "07211234530", "1234530"] {
            let parts = Parts { number, local_prefix: "721", national_prefix: "+49", exit_code: "" };
            let own = [internal("30"), OwnNumber::new("EXTERNAL", parts)];
            for called in ["+497211234530", "00497211234530", "0721/1234530", "1234530"] {
                assert_eq!(classify(&own, &[called, "30"]), [NumberClass::External, NumberClass::Internal], "{number}");
            }
        }
    }

    #[test]
    fn what_is_not_the_users_own_or_has_no_digits_can_not_be_told() {
        let own = [internal("30"), external("1234530")];
        assert_eq!(classify(&own, &["31", "", "anonymous", "x30"]), [NumberClass::Unknown; 4]);
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
