-- Wrong passwords: what each account and each address block has left.

CREATE TABLE password_guesses (
    who        text        NOT NULL,
    place      text        NOT NULL,
    failures   integer     NOT NULL,
    opens_at   timestamptz NOT NULL,
    forget_at  timestamptz NOT NULL,
    CONSTRAINT password_guesses_pkey PRIMARY KEY (who, place),
    CONSTRAINT password_guesses_failures CHECK (failures >= 0)
);

CREATE INDEX password_guesses_forget_at_idx ON password_guesses (forget_at);

COMMENT ON TABLE password_guesses IS 'Wrong passwords in a row. A row goes with the right password, and at forget_at. No foreign key: whoever has no account has rows, too, and they are written with the same work.';
COMMENT ON COLUMN password_guesses.who IS 'The id of the user; for an address or number that nobody has, nobody: and an HMAC of it.';
COMMENT ON COLUMN password_guesses.place IS 'What the wrong passwords are counted for: everywhere, block: and an IPv4 /24 or IPv6 /48, device: and an HMAC of the token of a known device, or session: and the id of a session.';
COMMENT ON COLUMN password_guesses.failures IS 'How many in a row, those that are being hashed included.';
COMMENT ON COLUMN password_guesses.opens_at IS 'Before then no further one is taken.';
COMMENT ON COLUMN password_guesses.forget_at IS 'When the row goes, unless there is another wrong password.';

CREATE TABLE password_block_tallies (
    bucket    timestamptz NOT NULL,
    block     text        NOT NULL,
    failed    bit(256)    NOT NULL,
    succeeded bit(256)    NOT NULL,
    CONSTRAINT password_block_tallies_pkey PRIMARY KEY (bucket, block)
);

COMMENT ON TABLE password_block_tallies IS 'For how many users an address block had wrong and right passwords; rows of the last hour or two. Tells credential stuffing from an office.';
COMMENT ON COLUMN password_block_tallies.bucket IS 'When the quarter of an hour began.';
COMMENT ON COLUMN password_block_tallies.block IS 'An IPv4 /24 or IPv6 /48.';
COMMENT ON COLUMN password_block_tallies.failed IS 'A bit for each user with a wrong password, by a keyed hash: users are told apart, and cannot be told.';
COMMENT ON COLUMN password_block_tallies.succeeded IS 'The same for right ones.';

CREATE TABLE password_totals (
    bucket    timestamptz NOT NULL,
    shard     smallint    NOT NULL,
    failed    bigint      NOT NULL,
    succeeded bigint      NOT NULL,
    CONSTRAINT password_totals_pkey PRIMARY KEY (bucket, shard)
) WITH (fillfactor = 50);

COMMENT ON TABLE password_totals IS 'The bits that were set in password_block_tallies, over all blocks; rows of the last hour or two.';
COMMENT ON COLUMN password_totals.bucket IS 'When the quarter of an hour began.';
COMMENT ON COLUMN password_totals.shard IS 'One of eight rows, so that logins do not wait for one another.';
COMMENT ON COLUMN password_totals.failed IS 'Users of blocks with a wrong password.';
COMMENT ON COLUMN password_totals.succeeded IS 'Users of blocks with a right one.';
