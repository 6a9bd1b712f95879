//! Which login a code is for: the ticket's, or the one that waits at the client's address.

use chrono::{DateTime, Utc};

use crate::foundation::OpaqueToken;
use crate::http::{Client, FieldError, Fields, Kind, Problem};
use crate::login_tickets::{self, PendingLogin};
use crate::state::{App, Enumeration};
use crate::users::{self, Identifier};

use super::input;

/// How a client says which login it means.
#[derive(Debug)]
pub(super) enum Reference {
    /// By the ticket that `register` or `login` gave it.
    Ticket(OpaqueToken),
    /// By who logs in.
    Identifier(Identifier),
}

impl Reference {
    /// `loginTicket`, or `email` or `phoneNumber` unless `LOGIN_TICKET=required`.
    pub(super) fn read(app: &App, fields: &mut Fields) -> Option<Self> {
        if let Some(ticket) = input::opaque_token(fields, "loginTicket") {
            if fields.has("email") || fields.has("phoneNumber") {
                let message = "Send either the ticket or the e-mail address or phone number.";
                fields.text("email");
                fields.text("phoneNumber");
                fields.error(FieldError::new("loginTicket", "ambiguous", message));
            }
            return Some(Self::Ticket(ticket));
        }
        if app.login.ticket_required {
            let message = "Send the ticket that the login answered.";
            fields.text("email");
            fields.text("phoneNumber");
            fields.error(FieldError::new("loginTicket", "required", message));
            return None;
        }
        input::identifier(app, fields).map(Self::Identifier)
    }

    /// The login that waits. Without a ticket only one from the client's own address counts, and
    /// `none` is the answer whether the user exists or not.
    pub(super) async fn find(
        self,
        app: &App,
        client: &Client,
        now: DateTime<Utc>,
        none: Problem,
    ) -> Result<PendingLogin, Problem> {
        match self {
            Self::Ticket(ticket) => {
                let login = login_tickets::find(&app.database, &ticket, now).await?;
                login.ok_or_else(|| Problem::new(Kind::LoginTicketInvalid))
            }
            Self::Identifier(identifier) => {
                let user = users::find_by_identifier(&app.database, &identifier).await?;
                if user.is_none() && app.login.enumeration == Enumeration::Reveal {
                    return Err(Problem::new(Kind::UserNotFound));
                }
                let user = user.map(|user| user.id);
                let address = client.address.limited();
                login_tickets::find_from_address(&app.database, user, address, now)
                    .await?
                    .ok_or(none)
            }
        }
    }
}
