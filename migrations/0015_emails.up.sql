-- E-mails that wait to be sent, proofs of addresses, and whose address is proven.
ALTER TABLE users ADD COLUMN email_verified_at timestamptz;

COMMENT ON COLUMN users.email_verified_at IS 'When the person has shown to read mail at that address. Empty: not yet, or the address has changed since without a proof.';

CREATE TABLE email_outbox (
    id              uuid        NOT NULL,
    user_id         uuid,
    recipient       text,
    template        text        NOT NULL,
    locale          text,
    variables       bytea,
    key_id          text,
    once_key        text,
    state           text        NOT NULL,
    attempts        smallint    NOT NULL,
    failure         text,
    next_attempt_at timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    ended_at        timestamptz,
    CONSTRAINT email_outbox_pkey PRIMARY KEY (id),
    CONSTRAINT email_outbox_once_key_key UNIQUE (once_key),
    CONSTRAINT email_outbox_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT email_outbox_state CHECK (state IN ('queued', 'sent', 'failed')),
    CONSTRAINT email_outbox_attempts CHECK (attempts >= 0),
    CONSTRAINT email_outbox_ended CHECK ((state = 'queued') = (ended_at IS NULL)),
    CONSTRAINT email_outbox_content CHECK (
        CASE state
            WHEN 'queued' THEN num_nulls(recipient, variables, key_id) = 0
            ELSE num_nonnulls(recipient, variables, key_id) = 0
        END
    )
);

CREATE INDEX email_outbox_due_idx ON email_outbox (next_attempt_at) WHERE state = 'queued';
CREATE INDEX email_outbox_ended_at_idx ON email_outbox (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX email_outbox_user_id_idx ON email_outbox (user_id);

COMMENT ON TABLE email_outbox IS 'E-mails, written down in the transaction of what they tell and sent afterwards. Address and content go when an e-mail has ended, the row a day later.';
COMMENT ON COLUMN email_outbox.id IS 'UUIDv7, made by the server; the local part of the Message-ID.';
COMMENT ON COLUMN email_outbox.user_id IS 'Whose account it is about; empty where there is none. With the user the row is deleted.';
COMMENT ON COLUMN email_outbox.recipient IS 'The address. Empty once the e-mail has ended.';
COMMENT ON COLUMN email_outbox.template IS 'Which text, for instance address_verification.';
COMMENT ON COLUMN email_outbox.locale IS 'Language tag of the text; English where there is none in it.';
COMMENT ON COLUMN email_outbox.variables IS 'What the text tells, JSON encrypted under a key derived from SECRET_KEY: links are secrets. Empty once the e-mail has ended.';
COMMENT ON COLUMN email_outbox.key_id IS 'Which SECRET_KEY encrypted it.';
COMMENT ON COLUMN email_outbox.once_key IS 'Of several e-mails with one key only the first is written: template, user and day.';
COMMENT ON COLUMN email_outbox.state IS 'queued, then sent (the mail server took it) or failed.';
COMMENT ON COLUMN email_outbox.attempts IS 'How often sending was begun.';
COMMENT ON COLUMN email_outbox.failure IS 'Why the last attempt failed, for instance smtp_451, unusable or timed_out. Never what the server said: that repeats addresses.';
COMMENT ON COLUMN email_outbox.next_attempt_at IS 'Before then nobody begins to send it. Moved on when an attempt begins, so that it is taken again where the server died.';
COMMENT ON COLUMN email_outbox.created_at IS 'When it was written down; its Date.';
COMMENT ON COLUMN email_outbox.ended_at IS 'When it was sent or given up.';

CREATE TABLE email_confirmations (
    user_id         uuid        NOT NULL,
    token_hash      bytea,
    address         text        NOT NULL,
    sends           smallint    NOT NULL,
    window_began_at timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    CONSTRAINT email_confirmations_pkey PRIMARY KEY (user_id),
    CONSTRAINT email_confirmations_token_hash_key UNIQUE (token_hash),
    CONSTRAINT email_confirmations_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT email_confirmations_hash_length CHECK (octet_length(token_hash) = 32),
    CONSTRAINT email_confirmations_sends CHECK (sends > 0)
);

CREATE INDEX email_confirmations_expires_at_idx ON email_confirmations (expires_at);

COMMENT ON TABLE email_confirmations IS 'Addresses that people are to prove: one for each person, the newest. Rows go once they have run out.';
COMMENT ON COLUMN email_confirmations.user_id IS 'Whose address it is, or is to be.';
COMMENT ON COLUMN email_confirmations.token_hash IS 'SHA-256 of the token in the link; empty once it was used.';
COMMENT ON COLUMN email_confirmations.address IS 'The address that the token was sent to.';
COMMENT ON COLUMN email_confirmations.sends IS 'How many tokens were sent since window_began_at.';
COMMENT ON COLUMN email_confirmations.window_began_at IS 'When the first of these was.';
COMMENT ON COLUMN email_confirmations.expires_at IS 'From when on the token is worth nothing.';
