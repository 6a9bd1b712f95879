//! `GET /api/v1/admin/users`: look users up, or look through them.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::admin::Admin;
use crate::api::v1::auth::input;
use crate::foundation::UserId;
use crate::http::{FieldError, Fields, Kind, Problem, Query};
use crate::state::{App, AppState};
use crate::users::{self, Identifier, Page, Role, User};

use super::record::UserRecord;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[Kind::ValidationFailed];

const LIMIT_MAX: u32 = 100;
const LIMIT_USUAL: u32 = 20;
/// An e-mail address has no more characters (RFC 5321, 4.5.3.1.3).
const PREFIX_MAX: usize = 254;
/// What narrows a look through all, and means nothing beside one address or number.
const OF_PAGES: [&str; 5] = ["emailPrefix", "role", "lockedOnly", "after", "limit"];

/// Whom an administrator looks for.
enum Search {
    /// The one with that e-mail address or phone number.
    One(Identifier),
    /// One page of those who fit.
    Page(PageQuery),
}

struct PageQuery {
    after: Option<UserId>,
    locked_only: bool,
    role: Option<Role>,
    email_prefix: Option<String>,
    limit: u32,
}

/// Users in the order of their ids, which is that of their making.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct UserList {
    users: Vec<UserRecord>,
    /// Where there are more: what to send as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<UserId>,
}

impl Search {
    fn read(app: &App, mut fields: Fields) -> Result<Self, Problem> {
        let search = if fields.has("email") || fields.has("phoneNumber") {
            for name in OF_PAGES {
                if fields.text(name).is_some() {
                    let message = "An e-mail address or phone number is looked up by itself.";
                    fields.error(FieldError::new(name, "ambiguous", message));
                }
            }
            input::identifier(app, &mut fields).map(Self::One)
        } else {
            Some(Self::Page(PageQuery::read(&mut fields)))
        };
        fields.finish(search)
    }
}

impl PageQuery {
    fn read(fields: &mut Fields) -> Self {
        let after = fields.optional("after", "id_invalid", |text| {
            UserId::parse(text).ok_or("This is the id of a user.")
        });
        let locked_only = fields.optional("lockedOnly", "wrong_type", |text| {
            text.parse::<bool>().map_err(|_| "This is true or false.")
        });
        let role = fields.optional("role", "role_invalid", str::parse::<Role>);
        let email_prefix = fields.optional("emailPrefix", "email_invalid", read_prefix);
        let limit = read_limit(fields);
        Self { after, locked_only: locked_only.unwrap_or(false), role, email_prefix, limit }
    }

    /// The users of the page, and whether there are more.
    async fn find(&self, app: &App) -> sqlx::Result<(Vec<User>, bool)> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let page = Page {
            after: self.after,
            locked_only: self.locked_only,
            role: self.role.as_ref(),
            email_prefix: self.email_prefix.as_deref(),
            limit: self.limit + 1,
        };
        let mut found = users::list(&app.database, page).await?;
        let has_more = found.len() > limit;
        found.truncate(limit);
        Ok((found, has_more))
    }
}

/// `limit`: how many entries a list has at most.
pub(super) fn read_limit(fields: &mut Fields) -> u32 {
    let limit = fields.optional("limit", "limit_invalid", |text| {
        let limit = text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
        limit.ok_or_else(|| format!("This is a number from 1 to {LIMIT_MAX}."))
    });
    limit.unwrap_or(LIMIT_USUAL)
}

fn read_prefix(text: &str) -> Result<String, &'static str> {
    let length = text.chars().count();
    let is_fine = (1..=PREFIX_MAX).contains(&length) && !text.contains(char::is_control);
    is_fine.then(|| text.to_owned()).ok_or("This is the beginning of an e-mail address.")
}

/// List users
///
/// The one with an e-mail address or phone number, or a page of all who fit, in the order in which they
/// signed up.
#[utoipa::path(get, path = "/api/v1/admin/users", tag = "admin", operation_id = "adminListUsers",
    security(("bearer" = [])),
    params(
        ("email" = Option<String>, Query, description = "Exactly this e-mail address, in any case."),
        ("phoneNumber" = Option<String>, Query, description = "Exactly this phone number."),
        ("emailPrefix" = Option<String>, Query, description = "E-mail addresses that begin so, in any case."),
        ("role" = Option<String>, Query, description = "Only users with this role."),
        ("lockedOnly" = Option<bool>, Query, description = "Only users who are locked."),
        ("after" = Option<String>, Query, description = "Only users after this id: `next` of the page before."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "At most so many; 20 unless said."),
    ),
    responses((status = 200, description = "The users.", body = UserList)))]
pub(in crate::api) async fn list(
    State(app): State<AppState>,
    admin: Admin,
    Query(fields): Query,
) -> Result<Json<UserList>, Problem> {
    let (found, has_more) = match Search::read(&app, fields)? {
        Search::One(identifier) => {
            let found = users::find_by_identifier(&app.database, &identifier).await?;
            (found.into_iter().collect(), false)
        }
        Search::Page(query) => query.find(&app).await?,
    };
    super::note_look(&app, &admin, None, "list").await?;
    let next = found.last().filter(|_| has_more).map(|user| user.id);
    Ok(Json(UserList { users: found.into_iter().map(UserRecord::from).collect(), next }))
}
