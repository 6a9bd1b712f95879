-- Keys follow one another: each signs from its own beginning until that of the next, which is published ahead.
ALTER TABLE signing_keys
    ADD COLUMN signs_from    timestamptz,
    ADD COLUMN token_seconds integer,
    DROP CONSTRAINT signing_keys_algorithm,
    ADD CONSTRAINT signing_keys_algorithm CHECK (algorithm IN ('EdDSA', 'ES256', 'RS256')) NOT VALID,
    ADD CONSTRAINT signing_keys_token_seconds CHECK (token_seconds > 0) NOT VALID;

ALTER TABLE signing_keys VALIDATE CONSTRAINT signing_keys_algorithm;
ALTER TABLE signing_keys VALIDATE CONSTRAINT signing_keys_token_seconds;

-- One key is the newest, whatever its algorithm. The older index, signing_keys_active_key, says so for each
-- algorithm; servers of the version before name it.
CREATE UNIQUE INDEX signing_keys_newest_key ON signing_keys ((retired_at IS NULL)) WHERE retired_at IS NULL;

COMMENT ON TABLE signing_keys IS 'Keys that sign access tokens, one after the other. One has no successor yet. Rows go once the last token of theirs has run out, or when they are withdrawn.';
COMMENT ON COLUMN signing_keys.public_key IS 'The public half. EdDSA: 32 bytes (RFC 8032); ES256: the uncompressed point (SEC 1, 2.3.3); RS256: RSAPublicKey in DER (RFC 8017, A.1.1).';
COMMENT ON COLUMN signing_keys.signs_from IS 'From when on it signs; it is published from created_at on. Null: from created_at on.';
COMMENT ON COLUMN signing_keys.retired_at IS 'When its successor begins to sign, which may be to come; null while it has none.';
COMMENT ON COLUMN signing_keys.token_seconds IS 'The longest life, in seconds, of tokens that it signs. It is kept for so long after retired_at. Null: no server has said it yet.';
