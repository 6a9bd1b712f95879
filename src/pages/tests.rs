//! Keeps the pages whole and strict: what they refer to is served, and nothing in them needs a looser
//! policy than the one they are sent with.

use std::{collections::BTreeSet, fs};

use axum::{
    Router,
    body::Body,
    http::{Request, Response, StatusCode, header},
};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::{CONTENT_SECURITY_POLICY, demo_router, docs_router, email_router, solver_router};

const PAGES: [&str; 5] = ["/", "/dev/inbox", "/docs", "/email/verify", "/account/undo"];
/// Served by other parts of the server; the pages link to them.
const ELSEWHERE: [&str; 2] = ["/dev/inbox/messages", "/.well-known/jwks.json"];

async fn fetch(path: &str) -> (StatusCode, Response<()>, String) {
    let app: Router = demo_router().merge(docs_router("{\"openapi\":\"3.1.0\"}".into()));
    let app = app.merge(email_router()).merge(solver_router());
    let request = Request::get(path).body(Body::empty()).unwrap();
    let (parts, body) = app.oneshot(request).await.unwrap().into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    (parts.status, Response::from_parts(parts, ()), text)
}

/// What stands between `before` and the next `"`, for every `before` in the text.
fn quoted_after<'a>(text: &'a str, before: &str) -> Vec<&'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// Everything that a page loads or links to, and what its scripts import, without fragments.
async fn reachable_from(page: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::from([page.to_owned()]);
    let mut unread = vec![page.to_owned()];
    while let Some(path) = unread.pop() {
        let text = fetch(&path).await.2;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let links = [quoted_after(&text, " href=\""), quoted_after(&text, " src=\"")].concat();
        let imports = quoted_after(&text, " from \"./").into_iter();
        let targets = links
            .into_iter()
            .filter(|link| !link.starts_with('#'))
            .map(str::to_owned)
            .chain(imports.map(|name| format!("{folder}/{name}")));
        for target in targets {
            if found.insert(target.clone()) && target.starts_with("/assets/") {
                unread.push(target);
            }
        }
    }
    found
}

#[tokio::test]
async fn whatever_a_page_refers_to_is_served() {
    for page in PAGES {
        let reachable = reachable_from(page).await;
        assert!(reachable.iter().any(|path| path.ends_with("/dom.js")), "{page}: {reachable:?}");
        for path in reachable.iter().filter(|path| !ELSEWHERE.contains(&path.as_str())) {
            assert_eq!(fetch(path).await.0, StatusCode::OK, "{page} refers to {path}");
        }
    }
}

#[tokio::test]
async fn every_file_is_used_by_a_page() {
    let mut used = BTreeSet::new();
    for page in PAGES {
        used.extend(reachable_from(page).await);
    }
    for file in super::file::DEMO.iter().chain(super::file::DOCS).chain(super::file::EMAIL) {
        assert!(used.contains(file.path), "nothing refers to {}", file.path);
    }
}

#[tokio::test]
async fn every_file_in_the_folder_is_served() {
    let mut served = BTreeSet::new();
    for file in super::file::DEMO.iter().chain(super::file::DOCS).chain(super::file::EMAIL) {
        served.insert(fetch(file.path).await.2);
    }
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/pages/assets")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(served.contains(&text), "{} is served by no route", path.display());
    }
}

#[tokio::test]
async fn no_page_carries_a_script_a_style_or_a_handler_of_its_own() {
    for page in PAGES {
        let html = fetch(page).await.2.to_lowercase();
        for tag in html.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
            let name = tag.split_whitespace().next().unwrap_or_default();
            let inline_script = name == "script" && !tag.contains(" src=\"/assets/");
            assert!(!inline_script && name != "style", "{page} has an inline <{tag}>");
            for attribute in tag.split_whitespace().skip(1) {
                let is_code = attribute.starts_with("on") && attribute.contains('=');
                let is_style = attribute.starts_with("style=");
                assert!(!is_code && !is_style, "{page} has {attribute} in <{tag}>");
            }
        }
        assert!(!html.contains("javascript:"), "{page} has a javascript: address");
    }
}

#[tokio::test]
async fn nothing_comes_from_another_origin() {
    for file in super::file::DEMO.iter().chain(super::file::DOCS).chain(super::file::EMAIL) {
        let text = fetch(file.path).await.2;
        let loaded = [" href=\"", " src=\"", "url(\"", " from \"", "import(\"", "fetch(\""]
            .map(|before| quoted_after(&text, before))
            .concat();
        for target in loaded {
            let local = ["/", "#", "./"].iter().any(|start| target.starts_with(start));
            assert!(local && !target.starts_with("//"), "{} loads {target}", file.path);
        }
    }
}

#[tokio::test]
async fn passwords_are_masked_and_open_to_paste_and_to_password_managers() {
    let mut fields = 0;
    for page in PAGES {
        let html = fetch(page).await.2;
        let inputs = html.split("<input").skip(1).filter_map(|rest| rest.split('>').next());
        for input in inputs.filter(|input| input.to_lowercase().contains("password")) {
            fields += 1;
            assert!(input.contains("type=\"password\""), "{page} shows <input{input}>");
            let is_named = ["new", "current"]
                .iter()
                .any(|kind| input.contains(&format!("autocomplete=\"{kind}-password\"")));
            assert!(is_named, "{page} hides <input{input}> from password managers");
            assert!(!input.contains("maxlength"), "{page} cuts <input{input}>");
        }
    }
    assert!(fields >= 6, "the fields are not found");
    for file in super::file::DEMO.iter().chain(super::file::EMAIL) {
        let text = fetch(file.path).await.2.to_lowercase();
        for event in ["\"paste\"", "onpaste", "\"drop\"", "ondrop", "\"beforeinput\""] {
            assert!(!text.contains(event), "{} listens for {event}", file.path);
        }
    }
}

#[tokio::test]
async fn whoever_is_signed_in_finds_the_way_out() {
    let html = fetch("/").await.2;
    let button = html.split("<button").find(|rest| rest.contains("id=\"log-out\"")).unwrap();
    let (attributes, rest) = button.split_once('>').unwrap();
    assert!(!attributes.contains("hidden"), "{attributes}");
    assert!(rest.starts_with("Log out</button>"), "{rest}");
    let script = fetch("/assets/demo/account.js").await.2;
    assert!(script.contains("\"log-out\"") || script.contains("#log-out"), "nothing listens to it");
    assert!(script.contains("\"/auth/logout\", { scope: \"current\" }"));
}

#[tokio::test]
async fn pages_and_assets_carry_their_type_and_the_strict_policy() {
    let expected = [
        ("/", "text/html; charset=utf-8"),
        ("/dev/inbox", "text/html; charset=utf-8"),
        ("/docs", "text/html; charset=utf-8"),
        ("/email/verify", "text/html; charset=utf-8"),
        ("/account/undo", "text/html; charset=utf-8"),
        ("/challenge.js", "text/javascript; charset=utf-8"),
        ("/assets/demo/demo.js", "text/javascript; charset=utf-8"),
        ("/assets/docs/docs.css", "text/css; charset=utf-8"),
        ("/assets/docs/mark.svg", "image/svg+xml"),
    ];
    for (path, content_type) in expected {
        let (_, response, _) = fetch(path).await;
        let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(header(header::CONTENT_TYPE), Some(content_type), "{path}");
        assert_eq!(header(header::CACHE_CONTROL), Some("no-cache"), "{path}");
        let policy = header(header::CONTENT_SECURITY_POLICY);
        assert_eq!(policy, Some(CONTENT_SECURITY_POLICY), "{path}");
    }
}

#[test]
fn the_policy_allows_nothing_inline_and_nothing_from_elsewhere() {
    assert!(CONTENT_SECURITY_POLICY.starts_with("default-src 'none'; "));
    for loose in ["unsafe", "http", "*", "data:", "blob:"] {
        assert!(!CONTENT_SECURITY_POLICY.contains(loose), "{loose}");
    }
}

#[tokio::test]
async fn the_document_is_served_as_it_was_handed_in() {
    let (status, response, text) = fetch("/openapi.json").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(text, "{\"openapi\":\"3.1.0\"}");
}
