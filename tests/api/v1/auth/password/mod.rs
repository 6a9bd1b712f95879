//! Passwords: changed, forgotten, set anew.

mod change;
mod forgot;
mod reset;
