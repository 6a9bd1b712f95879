-- Authenticator apps (TOTP, RFC 6238): one seed for each person who has chosen one.
CREATE TABLE totp_seeds (
    user_id      uuid        NOT NULL,
    seed         bytea       NOT NULL,
    key_id       text        NOT NULL,
    created_at   timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step    bigint      NOT NULL,
    CONSTRAINT totp_seeds_pkey PRIMARY KEY (user_id),
    CONSTRAINT totp_seeds_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT totp_seeds_last_step CHECK (last_step >= 0)
);

COMMENT ON TABLE totp_seeds IS 'Seeds of authenticator apps, by which codes take the place of those by text.';
COMMENT ON COLUMN totp_seeds.user_id IS 'Whose.';
COMMENT ON COLUMN totp_seeds.seed IS '20 random bytes under AES-256-GCM, bound to the user: nonce, ciphertext, tag.';
COMMENT ON COLUMN totp_seeds.key_id IS 'The id of the SECRET_KEY by which it was encrypted.';
COMMENT ON COLUMN totp_seeds.created_at IS 'When it was made.';
COMMENT ON COLUMN totp_seeds.confirmed_at IS 'When a code of it came back: from then on it counts. NULL: not yet.';
COMMENT ON COLUMN totp_seeds.last_step IS 'The newest step (30 seconds since 1970) of which a code was used; it and those before it count no more.';
