-- The version before knows one algorithm. Tokens of the other keys become invalid.
DELETE FROM signing_keys WHERE algorithm <> 'EdDSA';
DROP INDEX signing_keys_newest_key;
ALTER TABLE signing_keys
    DROP CONSTRAINT signing_keys_token_seconds,
    DROP CONSTRAINT signing_keys_algorithm,
    ADD CONSTRAINT signing_keys_algorithm CHECK (algorithm IN ('EdDSA')),
    DROP COLUMN token_seconds,
    DROP COLUMN signs_from;

COMMENT ON TABLE signing_keys IS 'Keys that sign access tokens. One is active for an algorithm.';
COMMENT ON COLUMN signing_keys.public_key IS 'The public half: 32 bytes for EdDSA (RFC 8032).';
COMMENT ON COLUMN signing_keys.retired_at IS 'When it stopped signing; null while active.';
