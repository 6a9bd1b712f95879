//! `/api/v1/admin/users`.

mod create;
mod delete;
mod list;
mod lock;
mod reset_password;
mod roles;
mod sessions;
mod show;

use crate::support::{Person, TestApp, Visitor};

/// An administrator who asks, and somebody else, verified, with a token.
async fn scene() -> (TestApp, Visitor, Person, String) {
    let app = TestApp::new().await;
    let admin = app.admin(&Person::ada()).await;
    let bob = Person::bob();
    let token = app.verified(&bob).await;
    (app, admin, bob, token)
}
