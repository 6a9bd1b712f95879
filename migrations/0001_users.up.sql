-- People. Times are always handed in by the server, never taken from the database's clock.
CREATE TABLE users (
    id                    uuid        NOT NULL,
    email                 text        NOT NULL,
    phone_number          text        NOT NULL,
    password_hash         text        NOT NULL,
    is_verified           boolean     NOT NULL DEFAULT false,
    sinch_verification_id text,
    last_otp_sent_at      timestamptz,
    created_at            timestamptz NOT NULL,
    updated_at            timestamptz NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_phone_number_key UNIQUE (phone_number),
    CONSTRAINT users_email_length CHECK (length(email) BETWEEN 3 AND 254),
    CONSTRAINT users_phone_number_e164 CHECK (phone_number ~ '^\+[1-9][0-9]{3,14}$')
);

CREATE UNIQUE INDEX users_email_key ON users (lower(email));

COMMENT ON TABLE users IS 'People who signed up. One row a person.';
COMMENT ON COLUMN users.id IS 'UUIDv7, made by the server.';
COMMENT ON COLUMN users.email IS 'As given, with the domain in lower case and in its ASCII form; looked up without regard to case.';
COMMENT ON COLUMN users.phone_number IS 'E.164, for instance +14155552671.';
COMMENT ON COLUMN users.password_hash IS 'Argon2id in PHC string form.';
COMMENT ON COLUMN users.is_verified IS 'Whether a code sent to phone_number has come back.';
COMMENT ON COLUMN users.sinch_verification_id IS 'Sinch''s id of the verification last started; cleared once a code has come back.';
COMMENT ON COLUMN users.last_otp_sent_at IS 'When a code was last sent to this person, by whichever provider.';
COMMENT ON COLUMN users.created_at IS 'When the person signed up.';
COMMENT ON COLUMN users.updated_at IS 'When this row last changed.';
