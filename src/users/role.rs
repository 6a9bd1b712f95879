//! Roles: what a person is to the services that read the tokens.

use std::fmt;
use std::str::FromStr;

/// In bytes, which are characters here.
const LENGTH_MAX: usize = 64;

/// One role: a small letter, then small letters, digits and `_ . : -`, at most 64 in all. The same
/// rule stands in the constraint `users_roles_form`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Role(String);

/// A text that is no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A role is a small letter and up to 63 small letters, digits and _ . : - after it.")]
pub struct RoleError;

impl Role {
    /// How many a person may have.
    pub const MOST: usize = 32;
    /// The one role that means something here: who has it may use the admin API.
    pub const ADMIN: &'static str = "admin";

    /// The role as it stands in the token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        let may_follow = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.:-".contains(&byte)
        };
        let is_role = text.len() <= LENGTH_MAX
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(may_follow);
        is_role.then(|| Self(text.to_owned())).ok_or(RoleError)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_and_all_else_is_refused() {
        let longest = "a".repeat(LENGTH_MAX);
        for text in ["admin", "a", "billing:read", "team-7.lead_2", &longest] {
            assert_eq!(text.parse::<Role>().as_ref().map(Role::as_str), Ok(text));
        }
        let too_long = "a".repeat(LENGTH_MAX + 1);
        for text in ["", "Admin", "7team", "-a", "a,b", "a b", "ä", "a\0", &too_long] {
            assert_eq!(text.parse::<Role>(), Err(RoleError), "{text:?}");
        }
    }
}
