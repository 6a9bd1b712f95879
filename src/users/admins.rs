//! Who may administer, decided while the rows stand still: there is always an administrator left.
//!
//! Two administrators who take the role from one another at the same moment must not both succeed, nor
//! two who give it up at once. So whoever is about to lock, delete or demote somebody holds the rows of
//! those concerned first, in the order of ids, and is judged by what they say then.

use sqlx::PgConnection;

use crate::foundation::UserId;

use super::Role;

/// What [`hold_admin`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The actor is an administrator, and one will be left.
    Admin,
    /// The actor is the subject, and the last administrator.
    LastAdmin,
    /// The actor is none, or no longer.
    NotAdmin,
}

/// Whether `actor` may take from `subject` what makes an administrator. The answer holds until the
/// transaction ends.
///
/// Who acts on somebody else stays an administrator and so is the one who is left; only who acts on
/// themself needs another one. That reads the whole table, where the other way reads two rows: it is
/// rare, and no index is worth having for it.
pub async fn hold_admin(
    connection: &mut PgConnection,
    actor: UserId,
    subject: UserId,
) -> sqlx::Result<Standing> {
    let admins = if actor == subject {
        hold_all(connection).await?
    } else {
        hold_both(connection, actor, subject).await?
    };
    Ok(match (admins.contains(&actor), admins.len()) {
        (false, _) => Standing::NotAdmin,
        (true, 1) if actor == subject => Standing::LastAdmin,
        (true, _) => Standing::Admin,
    })
}

/// Whether `id` has the administrator's role, locked or not; `false` where nobody has that id. The answer holds until
/// the transaction ends.
pub async fn hold_role(connection: &mut PgConnection, id: UserId) -> sqlx::Result<bool> {
    let held = sqlx::query_scalar!(
        r#"SELECT $2 = ANY (roles) AS "has_role!" FROM users WHERE id = $1 FOR NO KEY UPDATE"#,
        id as _,
        Role::ADMIN,
    )
    .fetch_optional(connection)
    .await?;
    Ok(held.unwrap_or(false))
}

/// Those of the two who are administrators; holds both rows.
async fn hold_both(
    connection: &mut PgConnection,
    actor: UserId,
    subject: UserId,
) -> sqlx::Result<Vec<UserId>> {
    let held = sqlx::query!(
        r#"
        SELECT who.id AS "id: UserId",
            who.locked_at IS NULL AND $2 = ANY (who.roles) AS "is_admin!"
        FROM users AS who
        WHERE who.id = ANY ($1::uuid[])
        ORDER BY who.id
        FOR NO KEY UPDATE
        "#,
        &[actor, subject] as _,
        Role::ADMIN,
    )
    .fetch_all(connection)
    .await?;
    Ok(held.into_iter().filter(|row| row.is_admin).map(|row| row.id).collect())
}

/// All administrators; holds their rows. One who was demoted while we waited for the row is not among
/// them: PostgreSQL looks at the condition again.
async fn hold_all(connection: &mut PgConnection) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        r#"
        SELECT who.id AS "id: UserId"
        FROM users AS who
        WHERE who.locked_at IS NULL AND $1 = ANY (who.roles)
        ORDER BY who.id
        FOR NO KEY UPDATE
        "#,
        Role::ADMIN,
    )
    .fetch_all(connection)
    .await
}
