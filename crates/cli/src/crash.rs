//! What is printed when the program itself is at fault. A panic's message may quote what was being worked on, such as an
//! appointment's title: only words that stand in the program are printed.

use std::{
    any::Any,
    panic::{self, PanicHookInfo},
};

use crate::exit::say;

/// From now on panics are told without what they quote.
pub(crate) fn be_discreet() {
    panic::set_hook(Box::new(|panic| say(&told(panic))));
}

fn told(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("without a name");
    format!(
        "Busylamp {} is at fault at {place}, in the thread {name}: {}. Please report this line; it quotes no calendar.",
        env!("CARGO_PKG_VERSION"),
        message(panic.payload())
    )
}

/// A message without arguments is a literal of the program; one with arguments may quote anything.
fn message(payload: &dyn Any) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or("a message that may quote data and is not shown")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a panic carries.
    fn payload(fault: impl FnOnce() + panic::UnwindSafe) -> Box<dyn Any + Send> {
        panic::catch_unwind(fault).expect_err("a panic")
    }

    #[test]
    fn words_of_the_program_are_shown_and_what_a_panic_quotes_is_not() {
        assert_eq!(message(&*payload(|| panic!("a literal"))), "a literal");
        let title = "Darmspiegelung – Befund".to_owned();
        let sliced = title.clone();
        let cut_within_a_letter = payload(move || drop(sliced.get(..).map(|text| text[..16].to_owned())));
        assert!(!message(&*cut_within_a_letter).contains("Darmspiegelung"));
        let formatted = payload(move || panic!("can't read {title}"));
        assert!(!message(&*formatted).contains("Darmspiegelung"));
    }
}
