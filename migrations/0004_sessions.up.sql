-- A session is one successful sign-in; access tokens name it in `sid`.
CREATE TABLE sessions (
    id               uuid        NOT NULL,
    user_id          uuid        NOT NULL,
    amr              text[]      NOT NULL,
    authenticated_at timestamptz NOT NULL,
    created_at       timestamptz NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (id),
    CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT sessions_amr CHECK (cardinality(amr) > 0)
);

CREATE INDEX sessions_user_id_idx ON sessions (user_id);

COMMENT ON TABLE sessions IS 'Successful sign-ins. One row for each, whatever number of tokens come of it.';
COMMENT ON COLUMN sessions.id IS 'UUIDv7, made by the server; the claim sid of its tokens.';
COMMENT ON COLUMN sessions.user_id IS 'Who signed in.';
COMMENT ON COLUMN sessions.amr IS 'How, in the words of RFC 8176: pwd, otp, sms, tel.';
COMMENT ON COLUMN sessions.authenticated_at IS 'When the last factor was proven; the claim auth_time.';
COMMENT ON COLUMN sessions.created_at IS 'When the session began.';

-- Devices that have given a right code before: what OTP_POLICY=new-device asks.
CREATE TABLE known_devices (
    token_hash bytea       NOT NULL,
    user_id    uuid        NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT known_devices_pkey PRIMARY KEY (token_hash),
    CONSTRAINT known_devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT known_devices_hash_length CHECK (octet_length(token_hash) = 32)
);

CREATE INDEX known_devices_user_id_idx ON known_devices (user_id);
CREATE INDEX known_devices_expires_at_idx ON known_devices (expires_at);

COMMENT ON TABLE known_devices IS 'Devices that have given a right code for their user. Rows go once they have run out.';
COMMENT ON COLUMN known_devices.token_hash IS 'SHA-256 of the device token; the token itself is only on the device.';
COMMENT ON COLUMN known_devices.user_id IS 'For whom the device is known.';
COMMENT ON COLUMN known_devices.created_at IS 'When the code was given.';
COMMENT ON COLUMN known_devices.expires_at IS 'From when on the device counts as new.';
