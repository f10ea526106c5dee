//! The pretended Entra: application tokens by client credentials, and its errors.
//!
//! Form and codes: Microsoft identity platform, "client credentials grant flow" and "error codes".

mod assertion;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use self::assertion::{ASSERTION_TYPE, Certificates};
use crate::{
    company::people::TENANT_DOMAIN,
    faults::Fault,
    http::{Reply, Request},
    world::World,
};

/// Seconds that a token lives.
const LIFE: i64 = 3599;
/// What a token may be asked for: Graph of every cloud. The simulator's own address counts as well.
const RESOURCES: [&str; 8] = [
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
    "00000003-0000-0000-c000-000000000000",
    EXCHANGE[0],
    EXCHANGE[1],
    EXCHANGE[2],
];
/// Exchange, by its addresses and its id.
const EXCHANGE: [&str; 3] =
    ["https://outlook.office365.com", "https://outlook.office.com", "00000002-0000-0ff1-ce00-000000000000"];
/// The role that Exchange wants of an application.
pub(crate) const EXCHANGE_ROLE: &str = "full_access_as_app";

/// The application and its tenant.
pub(crate) struct Entra {
    pub(crate) tenant: Uuid,
    pub(crate) client: Uuid,
    pub(crate) secret: String,
    /// The application's certificates.
    pub(crate) certificates: Certificates,
    key: Uuid,
    /// Tokens that were given out before this second are refused.
    valid_from: std::sync::atomic::AtomicI64,
}

impl Entra {
    pub(crate) fn new(seed: u64) -> Self {
        let id = |what: &str| Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{what}:{seed}").as_bytes());
        Self {
            tenant: id("tenant"),
            client: id("client"),
            secret: format!("Sim~{}", URL_SAFE_NO_PAD.encode(Sha256::digest(format!("secret:{seed}")))),
            certificates: Certificates::default(),
            key: Uuid::new_v4(),
            valid_from: i64::MIN.into(),
        }
    }

    /// Every token given out so far ends now.
    pub(crate) fn expire(&self, now: Timestamp) {
        self.valid_from.store(now.as_second() + 1, std::sync::atomic::Ordering::Release);
    }

    fn sign(&self, text: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(self.key.as_bytes());
        hash.update(text);
        URL_SAFE_NO_PAD.encode(hash.finalize())
    }

    fn token(&self, now: Timestamp, life: i64, audience: &str, roles: Option<Vec<&str>>) -> String {
        // A token given out after all earlier ones were ended must not look like one of them.
        let issued = now.as_second().max(self.valid_from.load(std::sync::atomic::Ordering::Acquire));
        let header = json!({"typ": "JWT", "alg": "HS256", "kid": "simulator"});
        let mut claims = json!({
            "aud": audience,
            "iss": format!("https://sts.windows.net/{}/", self.tenant),
            "iat": issued,
            "nbf": now.as_second() - 300,
            "exp": now.as_second() + life,
            "app_displayname": "Busylamp",
            "appid": self.client.to_string(),
            "idtyp": "app",
            "oid": Uuid::new_v5(&self.tenant, self.client.as_bytes()).to_string(),
            "tid": self.tenant.to_string(),
            "ver": "1.0",
        });
        if let Some(roles) = roles {
            claims["roles"] = json!(roles);
        }
        let text =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.sign(&text);
        format!("{text}.{signature}")
    }

    /// The claims of a token in an `Authorization` header, or why it is refused.
    pub(crate) fn check(&self, authorization: Option<&str>, now: Timestamp) -> Result<Value, &'static str> {
        let Some(token) = authorization.and_then(bearer) else { return Err("Access token is empty.") };
        let Some((text, signature)) = token.rsplit_once('.') else {
            return Err("CompactToken parsing failed with error code: 80049217");
        };
        if self.sign(text) != signature {
            return Err("Access token validation failure. Invalid signature.");
        }
        let claims = text
            .split_once('.')
            .and_then(|(_, claims)| URL_SAFE_NO_PAD.decode(claims).ok())
            .and_then(|claims| serde_json::from_slice::<Value>(&claims).ok())
            .unwrap_or_default();
        let time = |name: &str| claims[name].as_i64().unwrap_or(0);
        let ended = time("iat") < self.valid_from.load(std::sync::atomic::Ordering::Acquire);
        if ended || time("exp") <= now.as_second() {
            return Err("Lifetime validation failed, the token is expired.");
        }
        Ok(claims)
    }
}

/// Whether a token is for Exchange, or for this simulator as a whole.
pub(crate) fn is_for_exchange(claims: &Value) -> bool {
    claims["aud"].as_str().is_some_and(serves_exchange)
}

/// Whether a token is for Graph, or for this simulator as a whole.
pub(crate) fn is_for_graph(claims: &Value) -> bool {
    claims["aud"].as_str().is_some_and(serves_graph)
}

fn serves_exchange(audience: &str) -> bool {
    EXCHANGE.contains(&audience) || !(RESOURCES.contains(&audience) || audience.to_ascii_lowercase().contains("/graph"))
}

fn serves_graph(audience: &str) -> bool {
    !EXCHANGE.contains(&audience) && !audience.to_ascii_lowercase().contains("/ews")
}

/// What follows `Bearer`, in any case.
pub(crate) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Answers under `/login`.
pub(crate) fn answer(world: &World, request: &Request) -> Reply {
    let parts = request.parts();
    match (&request.method, parts.as_slice()) {
        (&Method::POST, ["login", tenant, "oauth2", "v2.0", "token"]) => {
            token(world, request, tenant).unwrap_or_else(|error| error.reply(world))
        }
        (&Method::GET, ["login", tenant, "v2.0", ".well-known", "openid-configuration"]) => {
            let base = format!("{}/login/{tenant}", request.origin);
            Reply::json(
                StatusCode::OK,
                &json!({
                    "token_endpoint": format!("{base}/oauth2/v2.0/token"),
                    "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                    "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
                    "issuer": format!("{base}/v2.0"),
                    "jwks_uri": format!("{base}/discovery/v2.0/keys"),
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["pairwise"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                }),
            )
        }
        _ => Reply::empty(StatusCode::NOT_FOUND),
    }
}

fn token(world: &World, request: &Request, tenant: &str) -> Result<Reply, Error> {
    let entra = &world.entra;
    if world.faults.strikes(Fault::LoginUnavailable) {
        let text = "The service is temporarily unavailable. Please retry later.";
        return Err(Error::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", 90033, text));
    }
    let known = tenant.eq_ignore_ascii_case(TENANT_DOMAIN) || Uuid::parse_str(tenant) == Ok(entra.tenant);
    if !known {
        let text = format!("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.");
        return Err(Error::bad("invalid_request", 90002, text));
    }
    let form: Vec<(String, String)> = form_urlencoded::parse(&request.body).into_owned().collect();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let missing = |name: &str| {
        let text = format!("The request body must contain the following parameter: '{name}'.");
        Error::bad("invalid_request", 900_144, text)
    };
    let grant = field("grant_type").ok_or_else(|| missing("grant_type"))?;
    if grant != "client_credentials" {
        let text = format!("The app requested an unsupported grant type '{grant}'.");
        return Err(Error::bad("unsupported_grant_type", 70003, text));
    }
    let (basic_client, basic_secret) = basic(request).unzip();
    let client = field("client_id").or(basic_client).ok_or_else(|| missing("client_id"))?;
    if Uuid::parse_str(&client) != Ok(entra.client) {
        let text = format!("Application with identifier '{client}' was not found in the directory 'Lindenhof'.");
        return Err(Error::bad("unauthorized_client", 700_016, text));
    }
    let scope = field("scope").ok_or_else(|| missing("scope"))?;
    let Some(resource) = scope.strip_suffix("/.default") else {
        let text = format!(
            "The provided value for the input parameter 'scope' is not valid. The scope '{scope}' is not valid."
        );
        return Err(Error::bad("invalid_scope", 70011, text));
    };
    let ours = is_beside(resource, &request.origin) || RESOURCES.contains(&resource.trim_end_matches('/'));
    if !ours {
        let text = format!("The resource principal named {resource} was not found in the tenant named Lindenhof.");
        return Err(Error::bad("invalid_resource", 500_011, text));
    }
    let proof = match (field("client_secret").or(basic_secret), field("client_assertion")) {
        (None, Some(assertion)) if field("client_assertion_type").as_deref() == Some(ASSERTION_TYPE) => {
            let address = format!("{}{}", request.origin, request.path);
            let doubt = entra.certificates.believes(&assertion, &client, &address, world.clock.now());
            if let Err((code, text)) = doubt {
                return Err(Error::new(StatusCode::UNAUTHORIZED, "invalid_client", code, text));
            }
            None
        }
        (secret, _) => Some(secret),
    };
    let secret = proof.unwrap_or_else(|| Some(entra.secret.clone()));
    let Some(secret) = secret else {
        let text =
            "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.";
        return Err(Error::new(StatusCode::UNAUTHORIZED, "invalid_client", 7_000_216, text));
    };
    if secret != entra.secret || world.faults.strikes(Fault::LoginRefused) {
        let text = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, \
             not the client secret ID, for a secret added to app '{client}'."
        );
        return Err(Error::new(StatusCode::UNAUTHORIZED, "invalid_client", 7_000_215, text));
    }
    let life = if world.faults.strikes(Fault::ShortTokens) { 60 } else { LIFE };
    let audience = resource.trim_end_matches('/');
    // A token has the roles of the resource that it is for.
    let (graph, exchange) = (serves_graph(audience), serves_exchange(audience));
    let roles = [
        (exchange, EXCHANGE_ROLE, Fault::NoExchangeRole),
        (graph, "Calendars.Read", Fault::NoCalendarsRole),
        (graph, "User.Read.All", Fault::NoUsersRole),
        (graph, "MailboxSettings.Read", Fault::NoSettingsRole),
    ];
    let roles = roles.into_iter().filter(|(there, _, fault)| *there && !world.faults.strikes(*fault));
    let roles = roles.map(|(_, role, _)| role).collect();
    let roles = (!world.faults.strikes(Fault::NoRoles)).then_some(roles);
    let body = json!({
        "token_type": "Bearer",
        "expires_in": life,
        "ext_expires_in": life,
        "access_token": entra.token(world.clock.now(), life, audience, roles),
    });
    Ok(Reply::json(StatusCode::OK, &body).with("cache-control", "no-store, no-cache").with("pragma", "no-cache"))
}

/// Whether a resource is on the host that was asked, perhaps by another port: somebody may have put a line in between.
fn is_beside(resource: &str, origin: &str) -> bool {
    let host = |url: &str| url.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    host(resource).is_some_and(|there| host(origin).is_some_and(|here| here == there))
}

/// Client id and secret of HTTP Basic, each form-encoded (RFC 6749, 2.3.1).
fn basic(request: &Request) -> Option<(String, String)> {
    let (scheme, code) = request.header("authorization")?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(code.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |part: &str| {
        form_urlencoded::parse(part.replace('=', "%3D").as_bytes())
            .next()
            .map_or_else(String::new, |(key, _)| key.into_owned())
    };
    Some((decoded(id), decoded(secret)))
}

/// An error of Entra.
struct Error {
    status: StatusCode,
    error: &'static str,
    code: u32,
    text: String,
}

impl Error {
    fn new(status: StatusCode, error: &'static str, code: u32, text: impl Into<String>) -> Self {
        Self { status, error, code, text: text.into() }
    }

    fn bad(error: &'static str, code: u32, text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, code, text)
    }

    fn reply(&self, world: &World) -> Reply {
        let stamp = world.clock.now().strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let (trace, correlation) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
        let Self { code, text, .. } = self;
        let description =
            format!("AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}");
        Reply::json(
            self.status,
            &json!({
                "error": self.error,
                "error_description": description,
                "error_codes": [code],
                "timestamp": stamp,
                "trace_id": trace,
                "correlation_id": correlation,
                "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
            }),
        )
    }
}
