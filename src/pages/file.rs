//! The files that the pages are made of, as the binary carries them.
//!
//! Owns the lists of paths and the headers that go with a file. Each list is whole in itself: what
//! both need (`base.css`, `dom.js`, …) appears in both, so that either router works without the other.

use axum::{
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY as CSP_HEADER, CONTENT_TYPE},
    response::{IntoResponse, Response},
};

/// The policy that pages are sent with: scripts, styles, images and requests of this origin, nothing
/// inline, nothing framed, no form that a browser submits by itself, no string that becomes markup.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// A file at a fixed path.
#[derive(Clone, Copy)]
pub(super) struct File {
    pub(super) path: &'static str,
    content_type: &'static str,
    body: &'static str,
}

impl IntoResponse for File {
    /// Not cached beyond asking again: a page and its scripts must be of one version.
    fn into_response(self) -> Response {
        let headers = [
            (CONTENT_TYPE, self.content_type),
            (CACHE_CONTROL, "no-cache"),
            (CSP_HEADER, CONTENT_SECURITY_POLICY),
        ];
        (headers, self.body).into_response()
    }
}

macro_rules! file {
    ($path:literal, $content_type:ident, $name:literal) => {
        File {
            path: $path,
            content_type: $content_type,
            body: include_str!(concat!("assets/", $name)),
        }
    };
}

pub(super) const DEMO: &[File] = &[
    file!("/", HTML, "demo.html"),
    file!("/dev/inbox", HTML, "inbox.html"),
    file!("/assets/demo/mark.svg", SVG, "mark.svg"),
    file!("/assets/demo/base.css", CSS, "base.css"),
    file!("/assets/demo/demo.css", CSS, "demo.css"),
    file!("/assets/demo/inbox.css", CSS, "inbox.css"),
    file!("/assets/demo/dom.js", JS, "dom.js"),
    file!("/assets/demo/times.js", JS, "times.js"),
    file!("/assets/demo/api.js", JS, "api.js"),
    file!("/assets/demo/challenge.js", JS, "challenge.js"),
    file!("/assets/demo/exchanges.js", JS, "exchanges.js"),
    file!("/assets/demo/problem.js", JS, "problem.js"),
    file!("/assets/demo/token.js", JS, "token.js"),
    file!("/assets/demo/forms.js", JS, "forms.js"),
    file!("/assets/demo/tokens.js", JS, "tokens.js"),
    file!("/assets/demo/account.js", JS, "account.js"),
    file!("/assets/demo/demo.js", JS, "demo.js"),
    file!("/assets/demo/inbox.js", JS, "inbox.js"),
];

pub(super) const EMAIL: &[File] = &[
    file!("/email/verify", HTML, "email.html"),
    file!("/account/undo", HTML, "undo.html"),
    file!("/assets/email/mark.svg", SVG, "mark.svg"),
    file!("/assets/email/base.css", CSS, "base.css"),
    file!("/assets/email/dom.js", JS, "dom.js"),
    file!("/assets/email/link.js", JS, "link.js"),
];

/// For front ends of other origins, too, wherever CORS lets them.
pub(super) const SOLVER: &[File] = &[file!("/challenge.js", JS, "challenge.js")];

pub(super) const DOCS: &[File] = &[
    file!("/docs", HTML, "docs.html"),
    file!("/assets/docs/mark.svg", SVG, "mark.svg"),
    file!("/assets/docs/base.css", CSS, "base.css"),
    file!("/assets/docs/docs.css", CSS, "docs.css"),
    file!("/assets/docs/dom.js", JS, "dom.js"),
    file!("/assets/docs/prose.js", JS, "prose.js"),
    file!("/assets/docs/schema.js", JS, "schema.js"),
    file!("/assets/docs/operation.js", JS, "operation.js"),
    file!("/assets/docs/docs.js", JS, "docs.js"),
];
