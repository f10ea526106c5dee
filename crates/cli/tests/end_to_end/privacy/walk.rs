//! Every page, every answer of the API, what is printed, kept and copied: what is found there of titles.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    time::Duration,
};

use reqwest::{Client, Method, header, redirect::Policy};
use serde_json::{Value, json};

use crate::{
    process::{Process, output},
    world::{Exchange, Person, Reads, Setup, World, eventually},
};

/// Words that stand nowhere but in calendars, one for each sensitivity.
const CANARIES: [(&str, &str); 4] = [
    ("private", "Darmspiegelung"),
    ("personal", "Scheidungsanwalt"),
    ("confidential", "Standortschließung"),
    ("normal", "Übernahmegespräch"),
];
const PASSWORD: &str = "ein langes Kennwort";
/// The table of all routes, which the security scan keeps complete.
const ROUTES: &str = include_str!("../../../../web/tests/http/routes.txt");
/// So many queries of one page are followed.
const MOST_VARIANTS: usize = 5;
/// No walk leads to more pages.
const MOST_PAGES: usize = 400;

/// What was found, by where.
type Found = BTreeMap<String, Vec<u8>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_titles_are_published_none_is_found_anywhere() {
    let policy = "actions = { busy = \"dnd\" }\nset_presence = true";
    let exchange = Exchange { access: "impersonation", ..Exchange::default() };
    for reads in [Reads::Cloud, Reads::Server(exchange)] {
        let found = everything(reads, policy).await;
        for (_, canary) in CANARIES {
            assert_eq!(places(&found, canary), Vec::<&str>::new(), "{canary}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_titles_are_published_those_of_normal_events_are_where_the_status_text_is() {
    let policy = "actions = { busy = \"dnd\" }\nset_presence = true\ntitle_as_text = true";
    let found = everything(Reads::Cloud, policy).await;
    let (hidden, published) = CANARIES.split_at(3);
    for (_, canary) in hidden {
        assert_eq!(places(&found, canary), Vec::<&str>::new(), "{canary}");
    }
    let places = places(&found, published[0].1);
    assert!(places.contains(&"page /") && places.contains(&"api /api/v1/users"), "{places:?}");
    for place in places {
        let shows_texts = [
            "page /",
            "page /kiosk",
            "page /lamps",
            "page /users/",
            "api /api/v1/users",
            "api /api/v1/instances/Test/users/",
            "api /api/v1/previews",
        ];
        let fits =
            shows_texts.iter().any(|known| place == *known || (known.ends_with('/') && place.starts_with(known)));
        assert!(fits && !place.ends_with("/history"), "a title is at {place}");
    }
}

/// The places where a word is found.
fn places<'a>(found: &'a Found, word: &str) -> Vec<&'a str> {
    // Pages escape what is not ASCII as it is; JSON and HTML of ours don't.
    let has = |bytes: &[u8]| bytes.windows(word.len()).any(|window| window == word.as_bytes());
    found.iter().filter(|(_, bytes)| has(bytes)).map(|(place, _)| place.as_str()).collect()
}

/// A day with canaries in two calendars, and all that can be seen of it.
async fn everything(reads: Reads, policy: &'static str) -> Found {
    let world = World::prepare(Setup { speed: 1, poll: "1s", policy, reads, ..Setup::default() }).await;
    let (anna, ben) = (world.person(0), world.person(1));
    world.apply_file().await;
    let (process, url, set_up) = run(&world).await;
    let visitor = Visitor::new(&url, &set_up).await;
    for (number, (sensitivity, canary)) in CANARIES.into_iter().enumerate() {
        // Anna is in private ones only, Ben in all of them; the normal one decides.
        for person in if sensitivity == "normal" { vec![&ben] } else { vec![&anna, &ben] } {
            plant(&world, person, number, sensitivity, canary).await;
        }
    }
    for person in [&anna, &ben] {
        world.shows(person, json!({"dnd": true})).await;
    }
    if policy.contains("title_as_text") {
        world.shows(&ben, json!({"text": CANARIES[3].1})).await;
    }
    let mut found = Found::new();
    let texts = if policy.contains("title_as_text") { 2 } else { 0 };
    let seen = async || {
        let users = visitor.call(Method::GET, "/api/v1/users", &Value::Null).await;
        let users: Value = serde_json::from_slice(&users).unwrap();
        let with = |member: &str| {
            users["users"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|user| user[member] == true || user[member].as_str().is_some_and(|text| !text.is_empty()))
                .count()
        };
        if with("dnd") >= 2 && with("text") >= texts { Ok(()) } else { Err(users) }
    };
    eventually("the board has what the telephones show", seen).await;
    visitor.walk(&anna, &ben, &mut found).await;
    files(&world, "running", &mut found);
    let copy = world.folder.path().join("copy.backup");
    let mut backup = world.with_store(&["backup"]);
    backup.arg(&copy);
    let backup = output(backup).await;
    assert!(backup.status.success(), "{backup:?}");
    assert_eq!(process.terminate().await, Some(0));
    files(&world, "stopped", &mut found);
    let log = String::from_utf8_lossy(&found["file stopped run.log"]).into_owned();
    assert!(log.contains("TRACE") && log.contains("calendars were polled"), "the log is one of everything");
    found
}

/// An event that runs.
async fn plant(world: &World, person: &Person, number: usize, sensitivity: &str, canary: &str) {
    // The later begin goes first: the last one decides.
    let begin = world.at(-600 + i64::try_from(number).unwrap());
    let event = json!({"start": begin.to_string(), "end": world.at(36_000).to_string(), "kind": "busy",
        "subject": canary, "sensitivity": sensitivity});
    world.put_event(person, &format!("canary{number}"), event).await;
}

/// The service as a process with its pages on any free port: their address, and that of the set-up.
async fn run(world: &World) -> (Process, String, String) {
    let log = world.folder.path().join("run.log");
    let mut command = world.with_store(&["run", "--listen", "127.0.0.1:0"]);
    command.env("BUSYLAMP_LOG", "trace");
    let process = Process::start(command, &log);
    let printed = || {
        let log = fs::read_to_string(&log).unwrap_or_default();
        let (_, address) = log.split_once("Set Busylamp up, once: ")?;
        Some(address.lines().next()?.to_owned())
    };
    eventually("the set-up address is printed", async || printed().map(|_| ()).ok_or("not yet")).await;
    let address = printed().unwrap();
    let (url, set_up) = address.split_at(address.find("/setup/").unwrap());
    (process, url.to_owned(), set_up.to_owned())
}

/// Somebody who looks at everything: as a person and as a program.
struct Visitor {
    url: String,
    client: Client,
    cookie: String,
    token: String,
}

impl Visitor {
    /// The administrator, with a token.
    async fn new(url: &str, set_up: &str) -> Self {
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        let post = |path: &str| client.post(format!("{url}{path}")).header("sec-fetch-site", "same-origin");
        let answer = post(set_up).form(&[("name", "anna"), ("password", PASSWORD)]).send().await.unwrap();
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let form = [("name", "walk"), ("role", "administrator"), ("expires", "")];
        let page = post("/tokens").header(header::COOKIE, &cookie).form(&form).send().await.unwrap();
        let page = page.text().await.unwrap();
        let token = page[page.find("busylamp_").unwrap()..].split('<').next().unwrap().trim().to_owned();
        Self { url: url.to_owned(), client, cookie, token }
    }

    /// A page, or as much of it as comes in time: live ones never end.
    async fn page(&self, path: &str) -> Vec<u8> {
        let request = self.client.get(format!("{}{path}", self.url)).header(header::COOKIE, &self.cookie);
        let mut answer = request.header(header::ACCEPT, "text/html").send().await.unwrap();
        let mut bytes = Vec::new();
        while let Ok(Ok(Some(chunk))) = tokio::time::timeout(Duration::from_millis(500), answer.chunk()).await {
            bytes.extend(chunk);
        }
        bytes
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Vec<u8> {
        let request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        let request = if body.is_null() { request } else { request.json(body) };
        request.send().await.unwrap().bytes().await.unwrap().to_vec()
    }

    async fn walk(&self, anna: &Person, ben: &Person, found: &mut Found) {
        let people = [anna.account.to_string(), ben.account.to_string()];
        let fill = |path: &str, account: &str| {
            let path = path.replace("{instance}", "Test").replace("{account}", account).replace("{id}", "Test");
            ["{tab}", "{step}", "{token}"].iter().fold(path, |path, name| path.replace(name, "policy"))
        };
        let reads =
            ROUTES.lines().filter_map(|line| line.strip_prefix("GET ")).map(|line| line.split(' ').next().unwrap());
        let paths: BTreeSet<String> =
            reads.flat_map(|path| people.iter().map(move |account| fill(path, account))).collect();
        let (api, pages): (Vec<String>, Vec<String>) = paths.into_iter().partition(|path| path.starts_with("/api/"));
        for path in api {
            found.insert(format!("api {path}"), self.call(Method::GET, &path, &Value::Null).await);
        }
        self.preview(found).await;
        let (mut queue, mut seen): (VecDeque<String>, BTreeSet<String>) = (pages.into(), BTreeSet::new());
        let mut variants: BTreeMap<String, usize> = BTreeMap::new();
        while let Some(path) = queue.pop_front() {
            // A calendar leads to every day and every instant there is.
            let variant = variants.entry(path.split('?').next().unwrap().to_owned()).or_default();
            if path.starts_with("/api/") || *variant >= MOST_VARIANTS || !seen.insert(path.clone()) {
                continue;
            }
            *variant += 1;
            assert!(seen.len() <= MOST_PAGES, "pages lead on and on: {path}");
            let page = self.page(&path).await;
            queue.extend(links(&String::from_utf8_lossy(&page)));
            found.insert(format!("page {path}"), page);
        }
        assert!(seen.len() > 40 && seen.iter().any(|path| path.starts_with("/users/Test/")), "{seen:?}");
    }

    /// What a change would do.
    async fn preview(&self, found: &mut Found) {
        let instance = self.call(Method::GET, "/api/v1/instances/Test", &Value::Null).await;
        let instance: Value = serde_json::from_slice(&instance).unwrap();
        let mut configuration = instance["configuration"].clone();
        configuration["policy"]["actions"]["busy"] = json!("none");
        let trial = json!({"id": "Test", "instance": {"configuration": configuration}});
        for path in ["/api/v1/previews", "/api/v1/trials"] {
            found.insert(format!("api {path}"), self.call(Method::POST, path, &trial).await);
        }
    }
}

/// Where a page leads, on this site.
fn links(page: &str) -> Vec<String> {
    let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let links = links.map(|link| link.split('#').next().unwrap().replace("&amp;", "&").replace("&#38;", "&"));
    links.filter(|link| link.starts_with('/')).collect()
}

/// Everything that lies in the folder, but for what the test has put there.
fn files(world: &World, when: &str, found: &mut Found) {
    for file in fs::read_dir(world.folder.path()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "secret" || extension == "sock") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        found.insert(format!("file {when} {name}"), fs::read(&path).unwrap());
    }
}
