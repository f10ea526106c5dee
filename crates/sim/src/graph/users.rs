//! The directory: `/users`.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    filter::{self, Condition, Relation, TextTest},
    odata::{Answer, Error, Options, context, link, object, ok},
};
use crate::{
    company::people::{department, object_id},
    directory::Entry,
    http::{Reply, Request},
    world::World,
};

const PAGE: usize = 100;
const MAX_PAGE: usize = 999;
const TYPE: &str = "microsoft.graph.user";
const NO_PROPERTY: &str = "BadRequest";

/// What comes without `$select` ("List users").
const DEFAULTS: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
];

/// Everything that may be selected.
const PROPERTIES: [&str; 33] = [
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
    "accountEnabled",
    "assignedPlans",
    "city",
    "companyName",
    "country",
    "createdDateTime",
    "department",
    "employeeId",
    "faxNumber",
    "identities",
    "imAddresses",
    "mailNickname",
    "onPremisesDomainName",
    "onPremisesImmutableId",
    "onPremisesSamAccountName",
    "onPremisesSyncEnabled",
    "onPremisesUserPrincipalName",
    "otherMails",
    "proxyAddresses",
    "usageLocation",
    "userType",
    "deletedDateTime",
];

/// `/users`, by pages, narrowed by `$filter`.
pub(super) fn list(world: &World, request: &Request) -> Answer {
    let options = Options::read(request)?;
    options.check_select(&PROPERTIES, NO_PROPERTY, TYPE)?;
    let top = options.top.unwrap_or(PAGE);
    if top == 0 || top > MAX_PAGE {
        return Err(Error::bad(
            "Request_UnsupportedQuery",
            format!("Invalid page size specified: '{top}'. Must be between 1 and {MAX_PAGE} inclusive."),
        ));
    }
    if options.skip > 0 {
        return Err(Error::bad("Request_UnsupportedQuery", "'$skip' is not supported by the service."));
    }
    let start = match &options.skip_token {
        None => 0,
        Some(token) => read_token(token).ok_or_else(|| {
            Error::bad(
                "Directory_ExpiredPageToken",
                "The specified page token value has expired and can no longer be included in your request.",
            )
        })?,
    };
    let found = matching(world, options.filter.as_deref())?;
    let total = found.len();
    let page: Vec<Value> = if options.order_by.is_some() {
        let mut all: Vec<_> = found.iter().map(|entry| user(world, entry, &PROPERTIES)).collect();
        filter::sort(&mut all, options.order_by.as_deref().unwrap_or_default(), &PROPERTIES, NO_PROPERTY, TYPE)?;
        let select = selection(&options);
        let narrowed =
            |user: Map<String, Value>| user.into_iter().filter(|(name, _)| select.contains(&name.as_str())).collect();
        all.into_iter().skip(start).take(top).map(narrowed).map(Value::Object).collect()
    } else {
        let select = selection(&options);
        found.iter().skip(start).take(top).map(|entry| Value::Object(user(world, entry, &select))).collect()
    };
    let mut body = json!({"@odata.context": context(request, &format!("users{}", options.context_suffix()))});
    // Counting is an advanced query: without the header it is left out ("Advanced query capabilities").
    let eventual = request.header("consistencylevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
    if options.count && eventual {
        body["@odata.count"] = json!(total);
    }
    body["value"] = Value::Array(page);
    if start + top < total {
        body["@odata.nextLink"] = json!(link(request, "$skiptoken", &token(start + top)));
    }
    Ok(ok(body))
}

/// `/users/$count`: a bare number, to those who say that they can wait.
pub(super) fn count(world: &World, request: &Request) -> Answer {
    let eventual = request.header("consistencylevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
    if !eventual {
        return Err(Error::bad("Request_BadRequest", "$count is not currently supported."));
    }
    let options = Options::read(request)?;
    let found = matching(world, options.filter.as_deref())?;
    Ok(Reply::body(StatusCode::OK, "text/plain", found.len().to_string()))
}

/// `/users/{id}`, by object id or user principal name. An address that is no user name is not found here.
pub(super) fn get(world: &World, request: &Request, id: &str) -> Answer {
    let options = Options::read(request)?;
    options.check_select(&PROPERTIES, NO_PROPERTY, TYPE)?;
    let entry = world.directory.by_id(id).ok_or_else(|| {
        let message =
            format!("Resource '{id}' does not exist or one of its queried reference-property objects are not present.");
        Error::new(StatusCode::NOT_FOUND, "Request_ResourceNotFound", message)
    })?;
    let mut body = user(world, &entry, &selection(&options));
    let name = format!("users{}/$entity", options.context_suffix());
    body.insert("@odata.context".to_owned(), json!(context(request, &name)));
    Ok(ok(Value::Object(body)))
}

fn selection(options: &Options) -> Vec<&str> {
    options.select.as_ref().map_or_else(|| DEFAULTS.to_vec(), |names| names.iter().map(String::as_str).collect())
}

fn matching(world: &World, text: Option<&str>) -> Result<Vec<Arc<Entry>>, Error> {
    let Some(text) = text else { return Ok(world.directory.all()) };
    let condition = filter::parse(text, &PROPERTIES, NO_PROPERTY, TYPE)?;
    let mut candidates = match sought(&condition) {
        Some(names) => named(world, &names),
        None => world.directory.all(),
    };
    candidates.retain(|entry| condition.holds(&user(world, entry, &PROPERTIES)));
    Ok(candidates)
}

/// The users with these names, each once.
fn named(world: &World, names: &[Sought<'_>]) -> Vec<Arc<Entry>> {
    let mut found: Vec<Arc<Entry>> = names
        .iter()
        .flat_map(|name| match name {
            Sought::Mail(address) => world.directory.by_mail(address),
            Sought::UserName(name) => world.directory.by_id(name).into_iter().collect(),
        })
        .collect();
    found.sort_by_key(|entry| entry.person.number);
    found.dedup_by_key(|entry| entry.person.number);
    found
}

/// A name by which the index finds somebody.
enum Sought<'a> {
    Mail(&'a str),
    UserName(&'a str),
}

/// The only users that a condition can mean, if it tells: spares looking at ten thousand.
fn sought(condition: &Condition) -> Option<Vec<Sought<'_>>> {
    let name = |path: &[String], text| match path.first().map(String::as_str) {
        Some("mail") => Some(Sought::Mail(text)),
        Some("userPrincipalName" | "id") => Some(Sought::UserName(text)),
        _ => None,
    };
    match condition {
        Condition::Compare(path, Relation::Equal, literal) => Some(vec![name(path, literal.as_str()?)?]),
        Condition::In(path, literals) => literals.iter().map(|literal| name(path, literal.as_str()?)).collect(),
        Condition::Any(path, TextTest::Equals, text) if path.first().is_some_and(|name| name == "proxyAddresses") => {
            text.split_once(':').map(|(_, address)| vec![Sought::Mail(address)])
        }
        Condition::Or(a, b) => {
            let mut both = sought(a)?;
            both.extend(sought(b)?);
            Some(both)
        }
        Condition::And(a, b) => sought(a).or_else(|| sought(b)),
        Condition::Compare(..) | Condition::Any(..) | Condition::Not(_) | Condition::Text(..) => None,
    }
}

fn user(world: &World, entry: &Entry, select: &[&str]) -> Map<String, Value> {
    let person = &entry.person;
    let team = department(person.team);
    object(select.iter().map(|name| {
        let value = match *name {
            "id" => json!(person.object_id.to_string()),
            "displayName" => json!(person.name()),
            "givenName" => json!(person.given),
            "surname" => json!(person.family),
            "mail" => json!(person.mail),
            "userPrincipalName" => json!(person.upn),
            "mailNickname" => json!(person.mail.split('@').next()),
            "jobTitle" => json!(person.job),
            "department" => json!(team.name),
            "companyName" => json!("Lindenhof Messtechnik GmbH"),
            "preferredLanguage" => json!(if person.english { "en-GB" } else { "de-DE" }),
            "businessPhones" => json!([format!("+49 30 555{}", person.account)]),
            "accountEnabled" => json!(true),
            "userType" => json!("Member"),
            "employeeId" => json!(person.account.to_string()),
            "usageLocation" => json!("DE"),
            "createdDateTime" => json!("2024-03-01T08:00:00Z"),
            "proxyAddresses" => json!([format!("SMTP:{}", person.mail), format!("smtp:{}", person.alias)]),
            "imAddresses" => json!([person.upn]),
            "otherMails" | "assignedPlans" => json!([]),
            "identities" => json!([{"signInType": "userPrincipalName", "issuer": crate::company::people::TENANT_DOMAIN, "issuerAssignedId": person.upn}]),
            "onPremisesImmutableId" => json!(object_id(world.company.seed, &person.upn).simple().to_string()),
            // The others are not set.
            _ => Value::Null,
        };
        (*name, value)
    }))
}

fn token(start: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("page:{start}"))
}

fn read_token(token: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    String::from_utf8(bytes).ok()?.strip_prefix("page:")?.parse().ok()
}
