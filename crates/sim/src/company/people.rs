//! Who works at the company: names, teams, addresses and accounts, the same for the same seed and number.

use std::collections::{BTreeMap, HashMap};

use jiff::tz::TimeZone;
use uuid::Uuid;

use super::dice::Dice;
use crate::mailbox::item::Contact;

/// The mail domain; `example` is reserved for such use (RFC 2606).
pub(crate) const DOMAIN: &str = "lindenhof.example";
/// The tenant's other domain, in which some user names stand.
pub(crate) const TENANT_DOMAIN: &str = "lindenhof.onmicrosoft.example";
/// People in a team, its manager included.
pub(crate) const TEAM: usize = 8;
/// The account of the first person; the others follow.
pub(crate) const FIRST_ACCOUNT: u32 = 1001;

/// One employee.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// Place in the company, from 0.
    pub(crate) number: usize,
    pub(crate) given: String,
    pub(crate) family: String,
    /// Primary address.
    pub(crate) mail: String,
    /// Second address.
    pub(crate) alias: String,
    /// User principal name: the mail address for most, another for some.
    pub(crate) upn: String,
    /// Entra's object id.
    pub(crate) object_id: Uuid,
    /// The account on the telephone system.
    pub(crate) account: u32,
    pub(crate) team: usize,
    /// Works around the clock, so that something happens at every hour of every day.
    pub(crate) shift: bool,
    pub(crate) english: bool,
    pub(crate) zone: TimeZone,
    pub(crate) job: &'static str,
    /// Whether the company fills the calendar; who was added by hand has an empty one.
    pub(crate) employed: bool,
}

impl Person {
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.given, self.family)
    }

    pub(crate) fn contact(&self) -> Contact {
        Contact { name: self.name(), mail: self.mail.clone() }
    }

    pub(crate) fn is_manager(&self) -> bool {
        self.number.is_multiple_of(TEAM)
    }
}

/// A team's name and where it works.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Department {
    pub(crate) name: &'static str,
    pub(crate) zone: &'static str,
    pub(crate) english: bool,
}

const fn german(name: &'static str) -> Department {
    Department { name, zone: "Europe/Berlin", english: false }
}

const DEPARTMENTS: [Department; 14] = [
    german("Geschäftsführung"),
    german("Entwicklung"),
    german("Vertrieb Süd"),
    german("Kundendienst"),
    Department { name: "International Sales", zone: "Europe/London", english: true },
    german("Einkauf"),
    german("Buchhaltung"),
    german("Qualitätssicherung"),
    Department { name: "US Operations", zone: "America/New_York", english: true },
    german("Marketing"),
    german("Vertrieb Nord"),
    german("IT-Betrieb"),
    Department { name: "Engineering Pune", zone: "Asia/Kolkata", english: true },
    german("Lager und Versand"),
];

/// The department of a team.
pub(crate) fn department(team: usize) -> Department {
    DEPARTMENTS[team % DEPARTMENTS.len()]
}

const GIVEN_DE: [&str; 36] = [
    "Anna",
    "Björn",
    "Cäcilia",
    "Dieter",
    "Eva",
    "Frank",
    "Gülay",
    "Hannes",
    "Ines",
    "Jürgen",
    "Katharina",
    "Lars",
    "Marlene",
    "Norbert",
    "Ömer",
    "Petra",
    "Quirin",
    "Renate",
    "Sören",
    "Tanja",
    "Ulrich",
    "Vera",
    "Wolfgang",
    "Yvonne",
    "Zoë",
    "Andreas",
    "Bärbel",
    "Christoph",
    "Dörte",
    "Emil",
    "Franziska",
    "Günther",
    "Heike",
    "Jörg",
    "Käthe",
    "Lukas",
];

const GIVEN_EN: [&str; 20] = [
    "Alice",
    "Benjamin",
    "Charlotte",
    "Daniel",
    "Emily",
    "George",
    "Hannah",
    "Isaac",
    "Julia",
    "Kevin",
    "Laura",
    "Matthew",
    "Nora",
    "Oliver",
    "Priya",
    "Rahul",
    "Sophie",
    "Thomas",
    "Victoria",
    "William",
];

const FAMILY_DE: [&str; 44] = [
    "Ärmel",
    "Bäcker",
    "Bergmann",
    "Böhm",
    "Brandt",
    "Dörfler",
    "Eberhardt",
    "Fischer",
    "Förster",
    "Graf",
    "Groß",
    "Günter",
    "Hägele",
    "Hoffmann",
    "Jäger",
    "Kästner",
    "Keller",
    "Köhler",
    "Krüger",
    "Lang",
    "Löffler",
    "Maier",
    "Möller",
    "Müller",
    "Neumann",
    "Öztürk",
    "Pfeiffer",
    "Räder",
    "Richter",
    "Rößler",
    "Sauer",
    "Schäfer",
    "Schmidt",
    "Schröder",
    "Süß",
    "Thiele",
    "Über",
    "Vogt",
    "Voß",
    "Wagner",
    "Weiß",
    "Winkler",
    "Yıldız",
    "Zöllner",
];

const FAMILY_EN: [&str; 20] = [
    "Adams", "Baker", "Clarke", "Davies", "Evans", "Foster", "Green", "Hughes", "Iyer", "Jones", "King", "Lewis",
    "Moore", "Nolan", "O'Brien", "Patel", "Quinn", "Roberts", "Sharma", "Taylor",
];

const JOBS: [&str; 6] = ["Sachbearbeitung", "Projektleitung", "Technik", "Beratung", "Assistenz", "Referent/in"];

/// Everyone, in order of their numbers.
pub(crate) fn employ(seed: u64, count: usize) -> Vec<Person> {
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    // A zone is parsed once and shared: ten thousand people live in four.
    let mut zones: HashMap<&'static str, TimeZone> = HashMap::new();
    (0..count)
        .map(|number| {
            let team = number / TEAM;
            let department = department(team);
            let mut dice = Dice::new(seed, &[0x70, number as u64]);
            let english = department.english || dice.chance(12);
            let (given, family) = if english {
                (*dice.pick(&GIVEN_EN), *dice.pick(&FAMILY_EN))
            } else {
                (*dice.pick(&GIVEN_DE), *dice.pick(&FAMILY_DE))
            };
            let base = format!("{}.{}", ascii(given), ascii(family));
            let namesakes = taken.entry(base.clone()).or_default();
            *namesakes += 1;
            let local = if *namesakes == 1 { base } else { format!("{base}{namesakes}") };
            let mail = format!("{local}@{DOMAIN}");
            let account = FIRST_ACCOUNT.saturating_add(u32::try_from(number).unwrap_or(u32::MAX));
            // Where the user name is not the address, a client must have asked the directory.
            let upn = if number % 11 == 3 { format!("u{account}@{TENANT_DOMAIN}") } else { mail.clone() };
            let zone = zones
                .entry(department.zone)
                .or_insert_with(|| TimeZone::get(department.zone).unwrap_or(TimeZone::UTC))
                .clone();
            let shift = number % 4 == 2;
            let job = match (number.is_multiple_of(TEAM), shift) {
                (true, _) => "Teamleitung",
                (false, true) => "Leitstelle",
                (false, false) => dice.pick(&JOBS),
            };
            Person {
                number,
                given: given.to_owned(),
                family: family.to_owned(),
                alias: format!("{account}@{DOMAIN}"),
                object_id: object_id(seed, &mail),
                mail,
                upn,
                account,
                team,
                shift,
                english,
                zone,
                job,
                employed: true,
            }
        })
        .collect()
}

/// Entra's object id of a user.
pub(crate) fn object_id(seed: u64, mail: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("user:{seed}:{mail}").as_bytes())
}

/// The letters that mail addresses are made of here.
fn ascii(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .map(|c| match c {
            'ä' => "ae".to_owned(),
            'ö' => "oe".to_owned(),
            'ü' => "ue".to_owned(),
            'ß' => "ss".to_owned(),
            'ë' => "e".to_owned(),
            'ı' => "i".to_owned(),
            c if c.is_ascii_alphanumeric() => c.to_string(),
            _ => String::new(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_same_seed_employs_the_same_people_and_nobody_shares_an_address() {
        let (a, b) = (employ(7, 2000), employ(7, 2000));
        assert!(a.iter().zip(&b).all(|(a, b)| a.mail == b.mail && a.object_id == b.object_id));
        assert_eq!(a.iter().map(|p| &p.mail).collect::<BTreeSet<_>>().len(), a.len());
        assert!(a.iter().all(|p| p.mail.is_ascii()));
        assert_ne!(
            employ(8, 20).iter().map(|p| &p.mail).collect::<Vec<_>>(),
            a[..20].iter().map(|p| &p.mail).collect::<Vec<_>>()
        );
    }

    #[test]
    fn names_have_umlauts_and_the_company_is_in_more_than_one_zone() {
        let people = employ(1, 100);
        assert!(people.iter().any(|p| p.family.contains('ö') || p.given.contains('ö')));
        let zones: BTreeSet<_> = people.iter().filter_map(|p| p.zone.iana_name()).collect();
        assert!(zones.len() > 2, "{zones:?}");
    }
}
