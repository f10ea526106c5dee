//! What fills one day: customers, quiet hours, doctors, invitations that nobody answered.

use busylamp_core::event::{Response, Sensitivity};
use jiff::civil::{Date, Weekday};

use super::{Company, appointment, dice::Dice, key::Key, on_day, people::Person};
use crate::mailbox::item::{Contact, Item};

/// Something that happens often enough: German and English subject, kind, minutes, and what is special about it.
struct Template(&'static str, &'static str, &'static str, i64, Special);

#[derive(Clone, Copy)]
enum Special {
    /// The person's own appointment.
    Own,
    /// An invitation with this answer.
    Invited(Response),
    /// An invitation that was called off and still stands in the calendar.
    CalledOff,
    /// Not everyone's business.
    Hidden(Sensitivity),
}

use Special::{CalledOff, Hidden, Invited, Own};

const OFFICE: [Template; 20] = [
    Template("Kundentermin Müller & Söhne", "Customer meeting Harper Ltd", "busy", 60, Own),
    Template("Telefonat Angebot Nordwerk (Ruhe)", "Call about the Northgate offer (DND)", "busy", 45, Own),
    Template("Fokuszeit (DND)", "Focus time (DND)", "busy", 90, Own),
    Template("Angebot prüfen", "Review offer", "tentative", 60, Own),
    Template("Mittag mit Jörg", "Lunch with Kevin", "free", 60, Own),
    Template("Arzttermin", "Doctor", "out_of_office", 60, Hidden(Sensitivity::Private)),
    Template("Zahnarzt", "Dentist", "out_of_office", 75, Hidden(Sensitivity::Private)),
    Template("Elternabend", "School meeting", "out_of_office", 60, Hidden(Sensitivity::Personal)),
    Template("Bewerbungsgespräch (Ruhe)", "Interview (DND)", "busy", 60, Hidden(Sensitivity::Confidential)),
    Template("Projekt Süd: Abstimmung", "Project South: alignment", "busy", 60, Invited(Response::Accepted)),
    Template("Lenkungskreis", "Steering committee", "busy", 90, Invited(Response::Accepted)),
    Template("Vorstellung neues Lagersystem", "New warehouse system", "tentative", 60, Invited(Response::NotResponded)),
    Template(
        "Werbung: Messegutscheine (DND)",
        "Webinar: win a prize (DND)",
        "tentative",
        45,
        Invited(Response::NotResponded),
    ),
    Template("Fachvortrag Messtechnik", "Talk on metrology", "busy", 60, Invited(Response::Declined)),
    Template("Workshop Kennzahlen", "Workshop on metrics", "tentative", 120, Invited(Response::Tentative)),
    Template("Abgesagt: Projektrunde", "Canceled: project round", "free", 60, CalledOff),
    Template("Termin vor Ort (Anrufe weiterleiten)", "On site (Call forwarding)", "out_of_office", 150, Own),
    Template("Erreichbar trotz Termin (Keine Aktion)", "Reachable (No action)", "busy", 45, Own),
    Template("Ablage", "Filing", "free", 30, Own),
    Template("Werksrundgang", "Plant tour", "working_elsewhere", 60, Invited(Response::Accepted)),
];

const SHIFT: [Template; 7] = [
    Template("Schichtübergabe (Ruhe)", "Shift handover (DND)", "busy", 20, Own),
    Template("Störung: Rückruf Kunde", "Incident: call customer", "busy", 25, Own),
    Template("Rundgang Anlage", "Plant round", "working_elsewhere", 30, Own),
    Template("Pause", "Break", "free", 20, Own),
    Template("Lagebesprechung (DND)", "Situation briefing (DND)", "busy", 30, Invited(Response::Accepted)),
    Template("Vor Ort (Anrufe weiterleiten)", "On site (Call forwarding)", "out_of_office", 40, Own),
    Template("Wartungsfenster", "Maintenance window", "tentative", 35, Invited(Response::Tentative)),
];

impl Company {
    /// The single appointments that begin on a day.
    pub(super) fn day(&self, person: &Person, day: Date) -> Vec<Item> {
        let since = u64::try_from(crate::clock::days_between(Date::constant(1970, 1, 1), day)).unwrap_or(0);
        let mut dice = Dice::new(self.seed, &[0xda7, person.number as u64, since]);
        if person.shift {
            return self.shift_day(person, day, &mut dice);
        }
        if matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            return Vec::new();
        }
        let count = 1 + u8::try_from(dice.below(4)).unwrap_or(0);
        (0..count)
            .map(|slot| {
                let minute = 8 * 60 + 15 * i64::try_from(dice.below(36)).unwrap_or(0);
                let template = dice.pick(&OFFICE);
                self.write(person, Key::Day(day, slot), template, (day, minute), &mut dice)
            })
            .collect()
    }

    /// Around the clock, with pauses, so that a lamp somewhere always changes within minutes.
    fn shift_day(&self, person: &Person, day: Date, dice: &mut Dice) -> Vec<Item> {
        let mut items = Vec::new();
        let mut minute = i64::try_from(dice.below(40)).unwrap_or(0);
        while minute < 24 * 60 - 20 {
            let Ok(slot) = u8::try_from(items.len()) else { break };
            let template = dice.pick(&SHIFT);
            items.push(self.write(person, Key::Day(day, slot), template, (day, minute), dice));
            minute += template.3 + 5 * (1 + i64::try_from(dice.below(10)).unwrap_or(0));
        }
        items
    }

    fn write(&self, person: &Person, key: Key, template: &Template, at: (Date, i64), dice: &mut Dice) -> Item {
        let Template(german, english, kind, minutes, special) = *template;
        let subject = if person.english { english } else { german };
        let span = on_day(at.0, &person.zone, at.1, minutes);
        let mut item = appointment(self.id(person, key), subject, kind, span, &person.zone);
        let host = self.host(person, dice);
        match special {
            Own => {}
            Hidden(sensitivity) => item.sensitivity = sensitivity,
            Invited(response) => item.response = response,
            CalledOff => {
                item.cancelled = true;
                item.response = Response::Accepted;
            }
        }
        if matches!(special, Invited(_) | CalledOff) {
            item.organizer = Some(host);
            item.attendees = vec![person.contact()];
            item.location = "Besprechungsraum Weser".into();
        }
        item
    }

    /// Who invites: a colleague, or somebody from outside.
    fn host(&self, person: &Person, dice: &mut Dice) -> Contact {
        let colleague = usize::try_from(dice.below(self.people.len() as u64)).ok().and_then(|n| self.people.get(n));
        match colleague {
            Some(colleague) if colleague.number != person.number && !dice.chance(20) => colleague.contact(),
            _ => Contact { name: "Nordwerk GmbH".to_owned(), mail: "info@nordwerk.example".to_owned() },
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_day_is_the_same_whenever_it_is_asked_for() {
        let (a, b) = (Company::new(3, 20), Company::new(3, 20));
        for (a_person, b_person) in a.people.iter().zip(&b.people) {
            let day = date(2026, 11, 24);
            let ids = |items: Vec<Item>| items.into_iter().map(|i| (i.id, i.subject, i.span)).collect::<Vec<_>>();
            assert_eq!(ids(a.day(a_person, day)), ids(b.day(b_person, day)));
        }
    }

    #[test]
    fn somebody_on_shift_begins_or_ends_something_in_every_half_hour_even_on_a_sunday() {
        let company = Company::new(1, 50);
        let day = date(2026, 11, 22);
        let mut edges: Vec<_> = company
            .people
            .iter()
            .filter(|p| p.zone.iana_name() == Some("Europe/Berlin"))
            .flat_map(|p| company.day(p, day).into_iter().map(|i| i.span.interval(&p.zone).0))
            .collect();
        edges.sort_unstable();
        let longest = edges.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_mins()).max();
        assert!(longest.is_some_and(|minutes| minutes < 30), "{longest:?}");
    }
}
