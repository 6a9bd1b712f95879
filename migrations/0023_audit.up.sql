-- The audit log: events that are written and never changed, and a chain of HMACs over them that tells
-- whether they were.

CREATE TABLE audit_events (
    id         uuid        NOT NULL,
    created_at timestamptz NOT NULL,
    event      text        NOT NULL,
    outcome    text        NOT NULL,
    user_id    uuid,
    actor      text        NOT NULL,
    actor_id   uuid,
    network    cidr,
    request_id text,
    detail     json        NOT NULL,
    CONSTRAINT audit_events_pkey PRIMARY KEY (created_at, id),
    CONSTRAINT audit_events_event CHECK (event ~ '^[a-z_]{1,40}$'),
    CONSTRAINT audit_events_outcome CHECK (outcome IN ('success', 'failure')),
    CONSTRAINT audit_events_actor CHECK (actor IN ('self', 'admin', 'cli', 'system')),
    CONSTRAINT audit_events_actor_id CHECK ((actor = 'admin') = (actor_id IS NOT NULL)),
    CONSTRAINT audit_events_detail CHECK (octet_length(detail::text) <= 8192)
) PARTITION BY RANGE (created_at);

CREATE INDEX audit_events_user_id_idx ON audit_events (user_id, created_at);

-- Whatever month nobody has made a partition for lands here, so that no event is lost.
CREATE TABLE audit_events_default PARTITION OF audit_events DEFAULT;

-- Apart from the events, since those stay as they are, and an address does not stay.
CREATE TABLE audit_addresses (
    event_id   uuid        NOT NULL,
    address    inet        NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT audit_addresses_pkey PRIMARY KEY (event_id)
);

CREATE INDEX audit_addresses_created_at_idx ON audit_addresses (created_at);

CREATE TABLE audit_chain (
    position   bigint      NOT NULL,
    event_id   uuid        NOT NULL,
    event_at   timestamptz NOT NULL,
    event_hash bytea       NOT NULL,
    chain_hash bytea       NOT NULL,
    key_id     text        NOT NULL,
    sealed_at  timestamptz NOT NULL,
    CONSTRAINT audit_chain_pkey PRIMARY KEY (position),
    CONSTRAINT audit_chain_event_id_key UNIQUE (event_id),
    CONSTRAINT audit_chain_position CHECK (position > 0),
    CONSTRAINT audit_chain_hashes CHECK (octet_length(event_hash) = 32 AND octet_length(chain_hash) = 32)
);

CREATE TABLE audit_checkpoints (
    position   bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    chain_hash bytea       NOT NULL,
    kept_from  timestamptz,
    mac        bytea       NOT NULL,
    key_id     text        NOT NULL,
    CONSTRAINT audit_checkpoints_pkey PRIMARY KEY (position, created_at),
    CONSTRAINT audit_checkpoints_position CHECK (position >= 0)
);

CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: the audit log is only ever added to', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_events_default_no_truncate BEFORE TRUNCATE ON audit_events_default
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_chain_append_only BEFORE UPDATE OR DELETE ON audit_chain
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_chain_no_truncate BEFORE TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_checkpoints_append_only BEFORE UPDATE OR DELETE ON audit_checkpoints
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_checkpoints_no_truncate BEFORE TRUNCATE ON audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

COMMENT ON FUNCTION audit_refuse_change() IS 'Refuses what would change the audit log, to its owner, too.';
COMMENT ON TABLE audit_events IS 'What has happened that concerns security, one row an event, a partition a month. Rows are only ever added; a month goes by dropping its partition (ringfence audit prune).';
COMMENT ON COLUMN audit_events.id IS 'UUIDv7, made by the server.';
COMMENT ON COLUMN audit_events.created_at IS 'When, by the clock of the replica that saw it.';
COMMENT ON COLUMN audit_events.event IS 'What, of the closed list in docs/audit.md.';
COMMENT ON COLUMN audit_events.outcome IS 'success, or failure: something was refused or went wrong.';
COMMENT ON COLUMN audit_events.user_id IS 'Whose account; null where there is none. No foreign key: the event outlives the account.';
COMMENT ON COLUMN audit_events.actor IS 'Who did it: self (whoever asked in the name of the user), admin, cli, or system.';
COMMENT ON COLUMN audit_events.actor_id IS 'The administrator, where it was one.';
COMMENT ON COLUMN audit_events.network IS 'From where: the /24 or /48 of the address.';
COMMENT ON COLUMN audit_events.request_id IS 'X-Request-Id, as the log has it.';
COMMENT ON COLUMN audit_events.detail IS 'A few words or numbers of the kind of event; never a secret, a whole phone number or an e-mail address. json and not jsonb: its text is hashed.';
COMMENT ON TABLE audit_events_default IS 'Events of months that have no partition of their own.';
COMMENT ON TABLE audit_addresses IS 'The whole addresses behind audit_events.network; deleted after 30 days.';
COMMENT ON COLUMN audit_addresses.event_id IS 'Whose: audit_events.id.';
COMMENT ON COLUMN audit_addresses.address IS 'The address of the client.';
COMMENT ON COLUMN audit_addresses.created_at IS 'When the event was.';
COMMENT ON TABLE audit_chain IS 'The order of the events, each sealed with an HMAC over the one before.';
COMMENT ON COLUMN audit_chain.position IS 'The place in the order, from 1 without a gap.';
COMMENT ON COLUMN audit_chain.event_id IS 'Which event: audit_events.id. Each is sealed once.';
COMMENT ON COLUMN audit_chain.event_at IS 'When that was: audit_events.created_at.';
COMMENT ON COLUMN audit_chain.event_hash IS 'SHA-256 of the event, as docs/audit.md writes it out.';
COMMENT ON COLUMN audit_chain.chain_hash IS 'HMAC-SHA-256 of the chain_hash before, the position, and the event.';
COMMENT ON COLUMN audit_chain.key_id IS 'The id of the SECRET_KEY by which it was made.';
COMMENT ON COLUMN audit_chain.sealed_at IS 'When the seal was made.';
COMMENT ON TABLE audit_checkpoints IS 'Places of the chain that are also in the log of the server, and where the chain begins after older months were dropped.';
COMMENT ON COLUMN audit_checkpoints.position IS 'The place.';
COMMENT ON COLUMN audit_checkpoints.created_at IS 'When it was noted.';
COMMENT ON COLUMN audit_checkpoints.chain_hash IS 'The chain_hash of that place.';
COMMENT ON COLUMN audit_checkpoints.kept_from IS 'Where the chain begins after this place: events from before then were dropped. Null for all others.';
COMMENT ON COLUMN audit_checkpoints.mac IS 'HMAC-SHA-256 of the columns before it.';
COMMENT ON COLUMN audit_checkpoints.key_id IS 'The id of the SECRET_KEY by which it was made.';
