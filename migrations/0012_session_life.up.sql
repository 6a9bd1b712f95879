-- A session has an end, limits, and a refresh token that changes at each use. All columns are empty at
-- first, so no row breaks a check, and none need be proven by reading the table under a lock.
ALTER TABLE sessions
    ADD COLUMN last_seen_at          timestamptz,
    ADD COLUMN expires_at            timestamptz,
    ADD COLUMN ended_at              timestamptz,
    ADD COLUMN ended_as              text,
    ADD COLUMN user_agent            text,
    ADD COLUMN client_address        inet,
    ADD COLUMN refresh_generation    integer,
    ADD COLUMN refresh_hash          bytea,
    ADD COLUMN previous_refresh_hash bytea,
    ADD COLUMN refresh_key_id        text,
    ADD COLUMN rotated_at            timestamptz,
    ADD COLUMN rotated_token_id      uuid,
    ADD CONSTRAINT sessions_end CHECK ((ended_at IS NULL) = (ended_as IS NULL)) NOT VALID,
    ADD CONSTRAINT sessions_ended_as CHECK (
        ended_as IN (
            'logout', 'password_change', 'password_reset', 'phone_change', 'reuse', 'lock', 'delete', 'revoked'
        )
    ) NOT VALID,
    ADD CONSTRAINT sessions_user_agent_length CHECK (char_length(user_agent) <= 256) NOT VALID,
    ADD CONSTRAINT sessions_refresh CHECK (
        (refresh_hash IS NULL) = (refresh_generation IS NULL)
        AND (refresh_hash IS NULL) = (expires_at IS NULL)
        AND (refresh_hash IS NULL) = (last_seen_at IS NULL)
    ) NOT VALID,
    ADD CONSTRAINT sessions_refresh_hashes CHECK (
        octet_length(refresh_hash) = 32 AND octet_length(previous_refresh_hash) = 32
    ) NOT VALID,
    ADD CONSTRAINT sessions_rotation CHECK (
        (coalesce(refresh_generation, 0) = 0) = (previous_refresh_hash IS NULL)
        AND (previous_refresh_hash IS NULL) = (refresh_key_id IS NULL)
        AND (previous_refresh_hash IS NULL) = (rotated_at IS NULL)
        AND (previous_refresh_hash IS NULL) = (rotated_token_id IS NULL)
    ) NOT VALID;

COMMENT ON TABLE sessions IS 'Successful sign-ins. One row for each, whatever number of tokens come of it. Rows go some time after their absolute limit.';
COMMENT ON COLUMN sessions.last_seen_at IS 'When its refresh token was last used, or when it began; null in sessions older than refresh tokens. The idle limit counts from here.';
COMMENT ON COLUMN sessions.expires_at IS 'The absolute limit: from then on nothing refreshes it. Null in sessions older than refresh tokens.';
COMMENT ON COLUMN sessions.ended_at IS 'When it was ended; null while it lives. Its access tokens count for nothing from then on.';
COMMENT ON COLUMN sessions.ended_as IS 'Why: logout, password_change, password_reset, phone_change, reuse (of a refresh token that was used up), lock, delete, revoked.';
COMMENT ON COLUMN sessions.user_agent IS 'User-Agent of the sign-in, printable characters only, cut to 256.';
COMMENT ON COLUMN sessions.client_address IS 'Address of the sign-in: IPv4, or the /64 of an IPv6 address.';
COMMENT ON COLUMN sessions.refresh_generation IS 'How many times the refresh token has been exchanged for its successor; null without one.';
COMMENT ON COLUMN sessions.refresh_hash IS 'SHA-256 of the secret in the refresh token that is good now; null without one.';
COMMENT ON COLUMN sessions.previous_refresh_hash IS 'SHA-256 of the secret in the refresh token before: whoever brings it repeats the last exchange and gets its answer again.';
COMMENT ON COLUMN sessions.refresh_key_id IS 'Which SECRET_KEY the present refresh token was derived under from the one before.';
COMMENT ON COLUMN sessions.rotated_at IS 'When the refresh token was last exchanged.';
COMMENT ON COLUMN sessions.rotated_token_id IS 'The claim jti of the access token of the last exchange.';
