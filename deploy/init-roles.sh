#!/bin/sh
# Makes Ringfence's two roles and its database. PostgreSQL's image runs it once, on an empty volume.
#
# ringfence_owner owns the schema and migrates it; ringfence only reads and writes rows.
set -eu

owner_password=$(cat /run/secrets/db_owner_password)
password=$(cat /run/secrets/db_password)
export owner_password password

# The passwords go through the environment: arguments can be seen in the list of processes.
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
\getenv owner_password owner_password
\getenv password password
CREATE ROLE ringfence_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE ringfence LOGIN PASSWORD :'password';
CREATE DATABASE ringfence OWNER ringfence_owner;
REVOKE ALL ON DATABASE ringfence FROM PUBLIC;
GRANT CONNECT ON DATABASE ringfence TO ringfence;

\connect ringfence
ALTER SCHEMA public OWNER TO ringfence_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO ringfence;
-- For every table that a migration makes, now or later. `ringfence migrate run` takes back what would let
-- the role change the audit log or write down migrations.
ALTER DEFAULT PRIVILEGES FOR ROLE ringfence_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ringfence;
-- … and every function.
ALTER DEFAULT PRIVILEGES FOR ROLE ringfence_owner IN SCHEMA public
    GRANT EXECUTE ON FUNCTIONS TO ringfence;
SQL
