ALTER TABLE sessions
    DROP COLUMN rotated_token_id,
    DROP COLUMN rotated_at,
    DROP COLUMN refresh_key_id,
    DROP COLUMN previous_refresh_hash,
    DROP COLUMN refresh_hash,
    DROP COLUMN refresh_generation,
    DROP COLUMN client_address,
    DROP COLUMN user_agent,
    DROP COLUMN ended_as,
    DROP COLUMN ended_at,
    DROP COLUMN expires_at,
    DROP COLUMN last_seen_at;

COMMENT ON TABLE sessions IS 'Successful sign-ins. One row for each, whatever number of tokens come of it.';
