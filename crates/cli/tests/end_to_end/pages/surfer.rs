//! A browser without script: pages, the forms on them, and what is typed there.

use busylamp_core::language::Language;
use reqwest::{Client, StatusCode, header, redirect::Policy};

use crate::world::{World, eventually};

pub(super) const PASSWORD: &str = "ein langes Kennwort";

/// Somebody with a browser.
pub(super) struct Surfer {
    url: String,
    client: Client,
    cookie: String,
    language: Language,
}

/// A page as it arrived.
pub(super) struct Page {
    pub(super) path: String,
    pub(super) status: StatusCode,
    pub(super) html: String,
}

/// A form with what stands in its fields.
#[derive(Clone)]
pub(super) struct Form {
    pub(super) action: String,
    pub(super) fields: Vec<(String, String)>,
    /// All names, those of empty boxes included.
    pub(super) names: Vec<String>,
}

/// What somebody does with a field.
#[derive(Clone, Copy)]
pub(super) enum Set<'a> {
    To(&'a str),
    On,
    Off,
}

impl Surfer {
    /// The first administrator, through the set-up address that the running service has printed.
    pub(super) async fn first(world: &World) -> Self {
        let log = world.folder.path().join("run.log");
        let printed = async || {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            let address = log.split_whitespace().find(|word| word.contains("/setup/")).map(str::to_owned);
            address.ok_or(log)
        };
        eventually("the set-up address is printed", async || printed().await.map(drop)).await;
        let address = printed().await.unwrap();
        let at = address.find("/setup/").unwrap();
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        let url = address[..at].to_owned();
        let mut surfer = Self { url, client, cookie: String::new(), language: Language::English };
        let form = [("name", "anna"), ("password", PASSWORD)];
        surfer.sign_in(&address[at..], &form).await;
        surfer
    }

    /// The same browser in another language.
    pub(super) fn speaking(&self, language: Language) -> Self {
        let Self { url, client, cookie, .. } = self;
        Self { url: url.clone(), client: client.clone(), cookie: cookie.clone(), language }
    }

    /// Somebody else, whom this one lets in as a viewer.
    pub(super) async fn viewer(&self) -> Self {
        let form = [("name", "bert"), ("password", PASSWORD), ("role", "viewer")];
        let fields = form.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        self.post("/people", &fields).await;
        self.signed_in_as("bert").await
    }

    /// Somebody with the same password.
    pub(super) async fn signed_in_as(&self, name: &str) -> Self {
        let mut other = self.speaking(self.language);
        other.cookie.clear();
        other.sign_in("/login", &[("name", name), ("password", PASSWORD)]).await;
        other
    }

    async fn sign_in(&mut self, path: &str, form: &[(&str, &str)]) {
        let request = self.client.post(format!("{}{path}", self.url)).form(form);
        let answer = request.header("sec-fetch-site", "same-origin").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
        let set = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        self.cookie = set.split(';').next().unwrap().to_owned();
    }

    pub(super) async fn get(&self, path: &str) -> Page {
        self.follow(self.client.get(format!("{}{path}", self.url)), path).await
    }

    pub(super) async fn post(&self, path: &str, fields: &[(String, String)]) -> Page {
        self.follow(self.client.post(format!("{}{path}", self.url)).form(fields), path).await
    }

    /// Presses the button of a form with this action.
    pub(super) async fn press(&self, form: &Form, action: &str) -> Page {
        let mut fields = form.fields.clone();
        fields.push(("action".to_owned(), action.to_owned()));
        self.post(&form.action, &fields).await
    }

    async fn follow(&self, request: reqwest::RequestBuilder, path: &str) -> Page {
        let mut answer = self.send(request).await;
        let mut path = path.to_owned();
        for _ in 0..5 {
            let Some(location) = answer.headers().get(header::LOCATION) else { break };
            path = location.to_str().unwrap().to_owned();
            let bare = path.split('#').next().unwrap();
            answer = self.send(self.client.get(format!("{}{bare}", self.url))).await;
        }
        Page { path, status: answer.status(), html: answer.text().await.unwrap() }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> reqwest::Response {
        let request = request
            .header(header::ACCEPT, "text/html")
            .header(header::ACCEPT_LANGUAGE, self.language.pick("de", "en"))
            .header(header::COOKIE, &self.cookie)
            .header("sec-fetch-site", "same-origin");
        request.send().await.unwrap()
    }

    /// Changes options on a page of an instance, looks at the preview, and saves.
    pub(super) async fn change(&self, tab: &str, changes: &[(&str, Set<'_>)]) -> Page {
        let preview = self.try_to_change(tab, changes).await;
        assert!(preview.path.ends_with("/preview"), "{tab}: {}", preview.errors());
        let saved = self.post(&preview.form("/save").action, &[]).await;
        assert!(saved.path.ends_with("?saved=1"), "{tab}: {} {}", saved.path, saved.errors());
        saved
    }

    /// The same up to the preview.
    pub(super) async fn try_to_change(&self, tab: &str, changes: &[(&str, Set<'_>)]) -> Page {
        let page = self.get(&format!("/instances/Test/{tab}")).await;
        assert_eq!(page.status, StatusCode::OK, "{tab}");
        let mut form = page.form(&format!("/{tab}"));
        for (name, set) in changes {
            form.set(name, *set);
        }
        self.press(&form, "preview").await
    }
}

impl Page {
    /// The form whose action ends like this.
    pub(super) fn form(&self, ending: &str) -> Form {
        let forms = self.html.split("<form").skip(1).map(|form| form.split("</form>").next().unwrap());
        let mut forms = forms.map(read_form);
        forms.find(|form| form.action.ends_with(ending)).unwrap_or_else(|| panic!("no form {ending}: {}", self.html))
    }

    /// What is said to be wrong.
    pub(super) fn errors(&self) -> String {
        let classes = ["class=\"error\"", "class=\"trouble\"", "notice bad"];
        let parts = classes.iter().flat_map(|class| self.html.split(class).skip(1));
        let text = parts.map(|part| part.split("</p>").next().unwrap_or_default().to_owned());
        format!("{} {}: {}", self.path, self.status, text.collect::<Vec<_>>().join("\n"))
    }

    /// What is said beside a field.
    pub(super) fn error_of(&self, key: &str) -> Option<String> {
        let id = format!("id=\"{}-error\"", key.replace('.', "-"));
        let (_, after) = self.html.split_once(&id)?;
        Some(after.split("</p>").next().unwrap_or_default().to_owned())
    }
}

impl Form {
    pub(super) fn set(&mut self, name: &str, set: Set<'_>) {
        assert!(self.names.iter().any(|known| known == name), "{}: no field {name}", self.action);
        self.fields.retain(|(known, _)| known != name);
        match set {
            Set::To(value) => self.fields.push((name.to_owned(), value.to_owned())),
            Set::On => self.fields.push((name.to_owned(), "on".to_owned())),
            Set::Off => {}
        }
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn read_form(html: &str) -> Form {
    let mut form =
        Form { action: attribute(html, "action").unwrap_or_default(), fields: Vec::new(), names: Vec::new() };
    let mut select: Option<(String, Option<String>)> = None;
    for tag in html.split('<').skip(1) {
        let (inside, text) = tag.split_once('>').unwrap_or((tag, ""));
        let name = attribute(inside, "name");
        match inside.split_whitespace().next().unwrap_or_default() {
            "input" => {
                let Some(name) = name else { continue };
                let kind = attribute(inside, "type").unwrap_or_default();
                let boxed = kind == "checkbox" || kind == "radio";
                form.names.push(name.clone());
                if !boxed || inside.contains(" checked") {
                    form.fields.push((name, attribute(inside, "value").unwrap_or_default()));
                }
            }
            "textarea" => {
                let Some(name) = name else { continue };
                form.names.push(name.clone());
                let text = plain(text);
                form.fields.push((name, text.strip_prefix('\n').unwrap_or(&text).to_owned()));
            }
            "select" => {
                form.names.extend(name.clone());
                select = name.map(|name| (name, None));
            }
            "option" => {
                if let Some((_, chosen)) = &mut select
                    && (chosen.is_none() || inside.contains(" selected"))
                {
                    *chosen = attribute(inside, "value");
                }
            }
            "/select" => form.fields.extend(select.take().and_then(|(name, chosen)| Some((name, chosen?)))),
            _ => {}
        }
    }
    form
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, after) = tag.split_once(&format!(" {name}=\""))?;
    Some(plain(after.split('"').next()?))
}

fn plain(text: &str) -> String {
    let entities = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}
