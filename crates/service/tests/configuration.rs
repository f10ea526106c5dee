//! What can be written down about an instance, and how what can't work is refused: with its place and a remedy.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

use busylamp_calendar::{
    ews::{Access, BindingUse, EwsSignIn},
    hybrid::Source,
};
use busylamp_core::{format::refusal::Refusal, ids::InstanceId, secret::Secret};
use busylamp_service::config::{CalendarConfig, InstanceConfig, Secrets, build, read_file, write_file};
use jiff::SignedDuration;

const GRAPH: &str = r#"
[instance.graph]
tenant = "contoso.example"
client_id = "app"
client_secret = { env = "GRAPH_SECRET" }
"#;
const NTLM: &str = r#"
[instance.ews]
url = "https://mail.example.com/EWS/Exchange.asmx"
user = 'CONTOSO\busylamp'
password = { env = "EWS_PASSWORD" }
"#;
const OAUTH: &str = r#"
[instance.ews]
url = "https://outlook.office365.com/EWS/Exchange.asmx"
auth = "oauth"
tenant = "contoso.example"
client_id = "app"
client_secret = { env = "EWS_SECRET" }
"#;

/// An instance with these lines at its top and these tables.
fn written(top: &str, tables: &[&str]) -> Result<InstanceConfig, Refusal> {
    let starface = r#"
[instance.starface]
url = "https://pbx.example.com"
login = "0001"
password = { env = "STARFACE_PASSWORD" }
group = "Kalender"
"#;
    let text = format!("[[instance]]\nname = \"Test\"\n{top}\n{}{starface}", tables.concat());
    let written = read_file(&text)?.remove(0);
    let places = ["graph.client_secret", "ews.password", "ews.client_secret", "starface.password"];
    let secrets: Secrets = places.map(|place| (place.to_owned(), Secret::new("geheim"))).into();
    build(&InstanceId::new("Test"), &written, &secrets)
}

/// Where and why it is refused.
fn refused(top: &str, tables: &[&str]) -> Refusal {
    written(top, tables).unwrap_err()
}

#[test]
fn an_exchange_server_has_its_factory_values() {
    let CalendarConfig::Ews(ews) = written("", &[NTLM]).unwrap().calendar else { panic!("it is Exchange alone") };
    assert_eq!(ews.every, SignedDuration::from_secs(60));
    let settings = ews.settings.settings;
    assert_eq!(settings.access, Access::Folder);
    assert!(
        matches!(settings.sign_in, EwsSignIn::Ntlm { channel_binding: BindingUse::Auto, user, .. } if user == r"CONTOSO\busylamp")
    );
}

#[test]
fn an_applications_token_goes_with_impersonation_unless_told_otherwise() {
    let CalendarConfig::Ews(ews) = written("", &[OAUTH]).unwrap().calendar else { panic!("it is Exchange alone") };
    assert_eq!(ews.settings.settings.access, Access::Impersonation);
    let refusal = refused("", &[OAUTH, "access = \"folder\"\n"]);
    assert_eq!(refusal.place, "ews.access");
    assert!(refusal.problem.to_string().contains("impersonation"), "{refusal}");
}

#[test]
fn with_both_tables_mailboxes_are_looked_for_on_both_sides_unless_told_otherwise() {
    let sources = |top: &str, more: &str| match written(top, &[GRAPH, NTLM, more]).unwrap().calendar {
        CalendarConfig::Both { graph, ews, sources } => {
            assert_eq!((graph.every, ews.every), (SignedDuration::from_secs(30), SignedDuration::from_secs(60)));
            sources
        }
        CalendarConfig::Graph(_) | CalendarConfig::Ews(_) => panic!("both are there"),
    };
    assert_eq!(sources("", "").default, Source::Auto);
    let told = sources("source = \"graph\"", "[instance.sources]\n\"Anna@Example.com\" = \"ews\"\n");
    assert_eq!(told.default, Source::Graph);
    assert_eq!(told.of(&"anna@example.com".to_owned().into()), Source::Ews);
    assert_eq!(told.of(&"ben@example.com".to_owned().into()), Source::Graph);
}

#[test]
fn a_source_that_is_not_there_can_not_be_chosen() {
    let place = |top: &str, tables: &[&str]| refused(top, tables).place;
    assert_eq!(place("", &[]), "graph");
    assert_eq!(place("source = \"ews\"", &[GRAPH]), "source");
    assert_eq!(place("source = \"graph\"", &[NTLM]), "source");
    assert_eq!(place("source = \"auto\"", &[GRAPH]), "source");
    assert!(place("source = \"exchange\"", &[GRAPH]).starts_with("instance[0].source"));
    let anna = "[instance.sources]\n\"anna@example.com\" = \"ews\"\n";
    assert_eq!(place("", &[GRAPH, anna]), "sources.\"anna@example.com\"");
    assert!(written("source = \"ews\"", &[NTLM, anna]).is_ok(), "it says nothing new, and nothing wrong");
}

#[test]
fn sources_name_mailboxes_by_whole_addresses_and_each_once() {
    for address in ["anna", "@example.com", "anna@", "anna@@example.com", "Anna <anna@example.com>", "anna@a..b", " "] {
        let table = format!("[instance.sources]\n\"{address}\" = \"ews\"\n");
        let refusal = refused("", &[GRAPH, NTLM, &table]);
        assert_eq!(refusal.place, format!("sources.\"{address}\""));
        assert!(refusal.problem.to_string().contains("mail address"), "{refusal}");
    }
    let twice = "[instance.sources]\n\"anna@example.com\" = \"ews\"\n\"Anna@example.com\" = \"graph\"\n";
    assert!(refused("", &[GRAPH, NTLM, twice]).problem.to_string().contains("twice"));
}

#[test]
fn keys_of_another_sign_in_are_refused_with_the_one_that_they_go_with() {
    let lines = [
        (OAUTH, "user = \"busylamp\"\n", "ews.user", "basic"),
        (OAUTH, "password = { env = \"P\" }\n", "ews.password", "ntlm"),
        (OAUTH, "channel_binding = \"off\"\n", "ews.channel_binding", "ntlm"),
        (NTLM, "tenant = \"contoso.example\"\n", "ews.tenant", "oauth"),
        (NTLM, "client_id = \"app\"\n", "ews.client_id", "oauth"),
        (NTLM, "client_secret = { env = \"S\" }\n", "ews.client_secret", "oauth"),
        (NTLM, "login = \"https://login.example.com\"\n", "ews.login", "oauth"),
        (NTLM, "kdc = \"tcp://dc.example.com:88\"\n", "ews.kdc", "negotiate"),
        (NTLM, "auth = \"basic\"\nchannel_binding = \"auto\"\n", "ews.channel_binding", "ntlm"),
    ];
    for (table, line, place, goes_with) in lines {
        let refusal = refused("", &[table, line]);
        assert_eq!(refusal.place, place);
        assert!(refusal.problem.to_string().contains(goes_with), "{refusal}");
    }
}

#[test]
#[cfg(not(feature = "kerberos"))]
fn a_build_without_kerberos_says_so() {
    let refusal = refused("", &[NTLM, "auth = \"negotiate\"\n"]);
    assert_eq!(refusal.place, "ews.auth");
    assert!(
        refusal.problem.to_string().contains("kerberos") && refusal.problem.to_string().contains("ntlm"),
        "{refusal}"
    );
}

#[test]
#[cfg(feature = "kerberos")]
fn kerberos_wants_the_domain_and_may_be_told_its_controller() {
    let at = |lines: &str| {
        let table = NTLM.replace(r"CONTOSO\busylamp", "busylamp@contoso.example");
        written("", &[&table, "auth = \"negotiate\"\n", lines])
    };
    for lines in ["", "kdc = \"tcp://dc.contoso.example:88\"\n", "channel_binding = \"off\"\n"] {
        assert!(at(lines).is_ok(), "{lines}");
    }
    assert_eq!(at("kdc = \"the one in the cellar\"\n").unwrap_err().place, "ews.kdc");
    assert_eq!(at("tenant = \"contoso.example\"\n").unwrap_err().place, "ews.tenant");
}

#[test]
fn what_a_sign_in_needs_is_missed_by_name() {
    let without = |table: &str, key: &str| {
        let lines: Vec<&str> = table.lines().filter(|line| !line.starts_with(&format!("{key} ="))).collect();
        refused("", &[&format!("{}\n", lines.join("\n"))])
    };
    for (table, key) in
        [(NTLM, "user"), (NTLM, "password"), (OAUTH, "tenant"), (OAUTH, "client_id"), (OAUTH, "client_secret")]
    {
        let refusal = without(table, key);
        assert_eq!(refusal.place, format!("ews.{key}"));
        assert!(refusal.problem.to_string().contains("needs"), "{refusal}");
    }
    let refusal = without(NTLM, "url");
    assert!(refusal.place.starts_with("instance[0].ews") && refusal.problem.to_string().contains("url"), "{refusal}");
}

#[test]
fn what_is_secret_crosses_no_network_in_the_clear() {
    let http = |table: &str| table.replace("https://", "http://");
    for auth in ["basic", "ntlm"] {
        let refusal = refused("", &[&http(NTLM), &format!("auth = \"{auth}\"\n")]);
        assert_eq!(refusal.place, "ews.url");
        assert!(refusal.problem.to_string().contains("https"), "{refusal}");
    }
    assert_eq!(refused("", &[&http(OAUTH)]).place, "ews.url");
    assert_eq!(refused("", &[OAUTH, "login = \"http://login.example.com\"\n"]).place, "ews.login");
    assert_eq!(refused("", &[GRAPH, "login = \"http://login.example.com\"\n"]).place, "graph.login");
    for host in ["127.0.0.1:1", "[::1]:1", "localhost:1"] {
        let table = http(NTLM).replace("mail.example.com", host);
        assert!(written("", &[&table]).is_ok(), "{host}");
    }
}

#[test]
fn a_password_is_never_meant_for_exchange_online() {
    let refusal = refused("", &[&NTLM.replace("mail.example.com", "outlook.office365.com")]);
    assert_eq!(refusal.place, "ews.auth");
    assert!(refusal.problem.to_string().contains("Graph"), "{refusal}");
}

#[test]
fn the_telephone_systems_keys_are_named_as_well() {
    let text = |from: &str, to: &str| {
        let starface = "[instance.starface]\nurl = \"https://pbx.example.com\"\nlogin = \"0001\"\n\
             password = { env = \"P\" }\ngroup = \"Kalender\"\n";
        let text = format!("[[instance]]\nname = \"Test\"\n{GRAPH}{}", starface.replace(from, to));
        let secrets: Secrets =
            ["graph.client_secret", "starface.password"].map(|place| (place.to_owned(), Secret::new("geheim"))).into();
        build(&InstanceId::new("Test"), &read_file(&text).unwrap()[0], &secrets).unwrap_err().place
    };
    assert_eq!(text("https://", "http://"), "starface.url");
    assert_eq!(text("pbx.example.com", "a:b@pbx.example.com"), "starface.url");
    assert_eq!(text("\"0001\"", "\" \""), "starface.login");
}

#[test]
fn what_is_wrong_with_microsoft_graph_is_named_before_anybody_is_asked() {
    let graph = |from: &str, to: &str| refused("", &[&GRAPH.replace(from, to)]).place;
    assert_eq!(graph("contoso.example", "contoso example"), "graph.tenant");
    assert_eq!(graph("\"app\"", "\" \""), "graph.client_id");
    assert_eq!(graph("client_secret = { env = \"GRAPH_SECRET\" }", ""), "graph.client_secret");
    let both = refused("", &[GRAPH, "client_certificate = { env = \"C\" }\n"]);
    assert_eq!(both.place, "graph.client_certificate");
    let cloud = refused("", &[GRAPH, "cloud = \"mars\"\n"]);
    assert_eq!(cloud.place, "graph.cloud");
}

#[test]
fn what_stands_in_the_store_is_written_so_and_not_otherwise() {
    let source = |written: &str| written_with_secret(written).map(|_| ());
    assert!(source("{ stored = true }").is_ok());
    for bad in ["{ stored = false }", "{ stored = \"geheim\" }", "\"geheim\"", "{}", "{ env = \"A\", file = \"b\" }"] {
        let refusal = source(bad).unwrap_err();
        assert!(refusal.place.starts_with("instance[0].graph"), "{bad}: {refusal}");
        assert!(!refusal.to_string().contains("geheim"), "{refusal}");
    }
}

/// The instance with this as the client secret.
fn written_with_secret(source: &str) -> Result<InstanceConfig, Refusal> {
    written("", &[&GRAPH.replace("{ env = \"GRAPH_SECRET\" }", source)])
}

#[test]
fn a_file_that_is_written_is_read_again() {
    let text = format!(
        "[[instance]]\nname = \"Zentrale\"\nactive = false\nlanguage = \"en\"\nsource = \"graph\"\n{GRAPH}\
         client_secret_expires = \"2027-01-31\"\npoll = \"45s\"\ntrust = {{ stored = true }}\n{NTLM}\
         password_expires = \"2027-02-28\"\ntrust = {{ authority = \"ca.pem\" }}\n\
         [instance.sources]\n\"anna@example.com\" = \"ews\"\n\
         [instance.starface]\nurl = \"https://pbx.example.com\"\nlogin = \"0001\"\npassword = {{ stored = true }}\n\
         password_expires = \"2027-03-31\"\ngroup = \"Kalender\"\nbridge = {{ key = {{ file = \"key\" }} }}\n\
         trust = {{ pin = \"sha256:{}\" }}\n\
         [instance.policy]\nactions = {{ busy = \"dnd\" }}\nmask_word = \"Belegt\"\n\
         extra_keywords = {{ no_action = [\"(Büro)\"] }}\n",
        "ab".repeat(32)
    );
    let instances = read_file(&text).unwrap();
    let shown = write_file(&instances).unwrap();
    assert_eq!(read_file(&shown).unwrap(), instances, "{shown}");
    let twice = [instances.clone(), instances].concat();
    assert!(read_file(&write_file(&twice).unwrap()).unwrap_err().to_string().contains("two instances"));
    let wrong = text.replace("2027-01-31", "31.01.2027");
    assert!(read_file(&wrong).unwrap_err().place.starts_with("instance[0].graph.client_secret_expires"));
}
