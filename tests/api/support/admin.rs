//! Administrators, and what they ask.

use reqwest::Method;
use serde_json::Value;

use super::{Answer, Person, TestApp, Visitor};

pub(crate) const USERS: &str = "/api/v1/admin/users";

impl TestApp {
    /// Signs `person` up and makes them an administrator. Asks as them, with the token of a login with a
    /// code just now.
    pub(crate) async fn admin(&self, person: &Person) -> Visitor {
        let token = self.verified(person).await;
        self.set_roles(person, "{admin}").await;
        self.bearing(&token)
    }

    /// Gives `person` these roles, as an array of PostgreSQL.
    pub(crate) async fn set_roles(&self, person: &Person, roles: &'static str) {
        let query = "UPDATE users SET roles = $2::text[] WHERE phone_number = $1";
        let query = sqlx::query(query).bind(&person.phone).bind(roles);
        assert_eq!(query.execute(self.database()).await.unwrap().rows_affected(), 1);
    }

    /// The id of `person`.
    pub(crate) async fn id_of(&self, person: &Person) -> String {
        self.user_row(person).await["id"].as_str().unwrap().to_owned()
    }

    /// The path of `person` in the admin API, and what follows it.
    pub(crate) async fn path_of(&self, person: &Person, rest: &str) -> String {
        format!("{USERS}/{}{rest}", self.id_of(person).await)
    }
}

impl Visitor {
    /// The same, sending a bearer token with each request.
    pub(crate) fn bearing(&self, token: &str) -> Self {
        self.with_header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// A POST without a body.
    pub(crate) async fn poke(&self, path: &str) -> Answer {
        self.send(self.request(Method::POST, path)).await
    }
}
