//! What the role of a connection may do, beyond the reading and writing of rows; and what is taken from others.

use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row as _};

/// What the role that is connected could do and need not.
#[derive(Clone, Debug)]
pub struct Rights {
    /// Its name.
    pub role: String,
    /// Rights of the role itself that reach beyond one schema, as `SUPERUSER`.
    pub attributes: Vec<String>,
    /// Whether it can make tables.
    pub can_create: bool,
    /// Tables that it owns, itself or by a role that it is a member of: it can change and drop them.
    pub owned: Vec<String>,
    /// Tables on which it has more than the rows need: TRUNCATE, REFERENCES or TRIGGER.
    pub excessive: Vec<String>,
    /// Whether it can write what tells which migrations are applied.
    pub writes_migrations: bool,
}

/// What the connected role may do in the schema in use. Reads the catalogue of PostgreSQL only.
pub async fn rights(database: &PgPool) -> sqlx::Result<Rights> {
    let row = sqlx::query(
        r"
        WITH tables AS (
            SELECT c.oid, c.relname::text AS name, c.relowner
            FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p')
        )
        SELECT r.rolname::text AS role, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolbypassrls,
            COALESCE(has_schema_privilege(current_schema(), 'CREATE'), FALSE) AS can_create,
            ARRAY(SELECT name FROM tables WHERE pg_has_role(relowner, 'USAGE') ORDER BY name) AS owned,
            ARRAY(
                SELECT name FROM tables
                WHERE has_table_privilege(oid, 'TRUNCATE, REFERENCES, TRIGGER') ORDER BY name
            ) AS excessive,
            EXISTS (
                SELECT FROM tables WHERE name = '_sqlx_migrations'
                    AND has_table_privilege(oid, 'INSERT, UPDATE, DELETE')
            ) AS writes_migrations
        FROM pg_roles AS r
        WHERE r.rolname = current_user
        ",
    )
    .fetch_one(database)
    .await?;
    let attributes = [
        ("rolsuper", "SUPERUSER"),
        ("rolcreaterole", "CREATEROLE"),
        ("rolcreatedb", "CREATEDB"),
        ("rolbypassrls", "BYPASSRLS"),
    ];
    let mut held = Vec::new();
    for (column, attribute) in attributes {
        if row.try_get(column)? {
            held.push(attribute.to_owned());
        }
    }
    Ok(Rights {
        role: row.try_get("role")?,
        attributes: held,
        can_create: row.try_get("can_create")?,
        owned: row.try_get("owned")?,
        excessive: row.try_get("excessive")?,
        writes_migrations: row.try_get("writes_migrations")?,
    })
}

/// Takes `rights` on `tables` from every role but the owner, as whom it is called. Default privileges of a
/// schema give the same on each table that is made, and some are not for everybody to change.
///
/// # Errors
/// The database failed, or this role does not own one of the tables.
pub async fn withhold(
    connection: &mut PgConnection,
    tables: &[String],
    rights: &[&str],
) -> sqlx::Result<()> {
    let statements: Vec<String> = sqlx::query_scalar(
        r"
        SELECT DISTINCT format(
            'REVOKE %s ON %s FROM %s',
            a.privilege_type,
            c.oid::regclass,
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
        )
        FROM pg_class AS c
        CROSS JOIN aclexplode(c.relacl) AS a
        WHERE c.oid = ANY ($1::text[]::regclass[])
            AND a.grantee <> c.relowner
            AND a.privilege_type = ANY ($2)
        ",
    )
    .bind(tables)
    .bind(rights)
    .fetch_all(&mut *connection)
    .await?;
    for statement in statements {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *connection).await?;
    }
    Ok(())
}
