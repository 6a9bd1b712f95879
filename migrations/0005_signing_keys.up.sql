-- Keys that sign access tokens. The private part is readable only with SECRET_KEY.
CREATE TABLE signing_keys (
    id                    text        NOT NULL,
    algorithm             text        NOT NULL,
    public_key            bytea       NOT NULL,
    encrypted_private_key bytea       NOT NULL,
    encryption_key_id     text        NOT NULL,
    created_at            timestamptz NOT NULL,
    retired_at            timestamptz,
    CONSTRAINT signing_keys_pkey PRIMARY KEY (id),
    CONSTRAINT signing_keys_algorithm CHECK (algorithm IN ('EdDSA'))
);

CREATE UNIQUE INDEX signing_keys_active_key ON signing_keys (algorithm) WHERE retired_at IS NULL;

COMMENT ON TABLE signing_keys IS 'Keys that sign access tokens. One is active for an algorithm.';
COMMENT ON COLUMN signing_keys.id IS 'The claim kid: the key''s RFC 7638 thumbprint.';
COMMENT ON COLUMN signing_keys.algorithm IS 'The one JWS algorithm that the key is used with (RFC 8725, 3.1).';
COMMENT ON COLUMN signing_keys.public_key IS 'The public half: 32 bytes for EdDSA (RFC 8032).';
COMMENT ON COLUMN signing_keys.encrypted_private_key IS 'PKCS #8, under AES-256-GCM with the id as associated data: nonce (12 bytes), ciphertext, tag (16 bytes).';
COMMENT ON COLUMN signing_keys.encryption_key_id IS 'Which SECRET_KEY encrypted it.';
COMMENT ON COLUMN signing_keys.created_at IS 'When it was made.';
COMMENT ON COLUMN signing_keys.retired_at IS 'When it stopped signing; null while active.';
