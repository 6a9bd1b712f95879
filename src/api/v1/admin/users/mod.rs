//! `/api/v1/admin/users`: people, in the hands of administrators.

pub(in crate::api) mod create;
pub(in crate::api) mod delete;
pub(in crate::api) mod list;
pub(in crate::api) mod lock;
mod record;
pub(in crate::api) mod reset_password;
pub(in crate::api) mod roles;
pub(in crate::api) mod sessions;
pub(in crate::api) mod show;
mod subject;
pub(in crate::api) mod unlock;

use sqlx::PgConnection;
use tracing::info;

use crate::api::admin::Admin;
use crate::api::trail;
use crate::audit::Event;
use crate::foundation::UserId;
use crate::http::{Kind, Problem};
use crate::state::App;
use crate::users::{Standing, hold_admin};

/// Tells the log who did what to whom. `act` is named as the command line has it. Said once it is done:
/// what was refused stands in the line of the request.
fn note_act(admin: &Admin, subject: Option<UserId>, act: &'static str) {
    let subject = subject.map(|subject| subject.to_string());
    info!(actor = %admin.user, subject, act, "an administrator acted");
}

/// Before somebody loses what makes an administrator: refuses where none would be left, or where the
/// one who acts has just lost it. Holds until the transaction ends.
async fn keep_an_admin(
    connection: &mut PgConnection,
    admin: &Admin,
    subject: UserId,
) -> Result<(), Problem> {
    match hold_admin(connection, admin.user, subject).await? {
        Standing::Admin => Ok(()),
        Standing::LastAdmin => Err(Problem::new(Kind::LastAdmin)),
        Standing::NotAdmin => Err(Problem::new(Kind::AdminRequired)),
    }
}

/// Writes down that an administrator looked at `subject`, or at many.
async fn note_look(
    app: &App,
    admin: &Admin,
    subject: Option<UserId>,
    act: &'static str,
) -> Result<(), Problem> {
    note_act(admin, subject, act);
    trail::record_alone(app, admin, subject, Event::UsersRead { act }).await
}

fn no_such_user() -> Problem {
    Problem::new(Kind::UserNotFound)
}
