//! The ways in which a code reaches a person.
//!
//! Owns the names that the API and the database use for them; what a provider calls them is the
//! provider's business.

/// How a one-time code is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// A text message.
    Sms,
    /// A phone call in which the code is spoken.
    Call,
}

impl Channel {
    /// Every channel, for the places that list them.
    pub const ALL: [Self; 2] = [Self::Sms, Self::Call];

    /// The name in the API, the database and the log: `sms` or `call`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Call => "call",
        }
    }

    /// The channel of that name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == name)
    }
}
