//! The people who sign up.

use serde_json::{Value, json};

/// Somebody with an e-mail address, a phone and a password.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) email: String,
    /// E.164.
    pub(crate) phone: String,
    pub(crate) password: String,
}

impl Person {
    pub(crate) fn ada() -> Self {
        Self::new("ada@example.com", "+14155552671")
    }

    pub(crate) fn bob() -> Self {
        Self::new("bob@example.org", "+46701234567")
    }

    /// One of up to 1000 different people.
    pub(crate) fn numbered(number: usize) -> Self {
        assert!(number < 1000, "there are no more numbers");
        Self::new(&format!("person{number}@example.net"), &format!("+1415555{:04}", 3000 + number))
    }

    fn new(email: &str, phone: &str) -> Self {
        let password = "a horse, correctly stapled".to_owned();
        Self { email: email.to_owned(), phone: phone.to_owned(), password }
    }

    /// What `register` wants.
    pub(crate) fn registration(&self) -> Value {
        json!({ "email": self.email, "phoneNumber": self.phone, "password": self.password })
    }

    /// What `login` wants.
    pub(crate) fn credentials(&self) -> Value {
        json!({ "email": self.email, "password": self.password })
    }
}
