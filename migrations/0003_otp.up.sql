-- One-time codes: what was sent, and how often sending and guessing may happen.
CREATE TABLE otp_challenges (
    id                 uuid        NOT NULL,
    user_id            uuid        NOT NULL,
    purpose            text        NOT NULL,
    channel            text        NOT NULL,
    phone_number       text        NOT NULL,
    provider           text        NOT NULL,
    provider_reference text,
    code_hash          bytea,
    code_key_id        text,
    attempts_left      smallint    NOT NULL,
    free_resend        boolean     NOT NULL DEFAULT true,
    created_at         timestamptz NOT NULL,
    expires_at         timestamptz NOT NULL,
    sent_at            timestamptz,
    ended_at           timestamptz,
    ended_as           text,
    CONSTRAINT otp_challenges_pkey PRIMARY KEY (id),
    CONSTRAINT otp_challenges_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT otp_challenges_purpose CHECK (purpose IN ('login')),
    CONSTRAINT otp_challenges_channel CHECK (channel IN ('sms', 'call')),
    CONSTRAINT otp_challenges_attempts_left CHECK (attempts_left >= 0),
    CONSTRAINT otp_challenges_judge CHECK (code_hash IS NULL OR provider_reference IS NULL),
    CONSTRAINT otp_challenges_code_hash CHECK (octet_length(code_hash) = 32 AND code_key_id IS NOT NULL OR code_hash IS NULL),
    CONSTRAINT otp_challenges_end CHECK ((ended_at IS NULL) = (ended_as IS NULL)),
    CONSTRAINT otp_challenges_ended_as CHECK (ended_as IN ('verified', 'superseded', 'burnt', 'not_sent'))
);

CREATE UNIQUE INDEX otp_challenges_live_key ON otp_challenges (user_id, purpose) WHERE ended_at IS NULL;
CREATE INDEX otp_challenges_user_id_idx ON otp_challenges (user_id, created_at DESC);
CREATE INDEX otp_challenges_created_at_idx ON otp_challenges (created_at);

COMMENT ON TABLE otp_challenges IS 'One row for each code asked for. At most one is live for a user and purpose.';
COMMENT ON COLUMN otp_challenges.id IS 'UUIDv7, made by the server; also the reference given to the provider.';
COMMENT ON COLUMN otp_challenges.user_id IS 'Whose code it is.';
COMMENT ON COLUMN otp_challenges.purpose IS 'What the right code is good for.';
COMMENT ON COLUMN otp_challenges.channel IS 'How the code travels: sms, or call (spoken).';
COMMENT ON COLUMN otp_challenges.phone_number IS 'The number that the code went to, E.164; a code proves this number and no other.';
COMMENT ON COLUMN otp_challenges.provider IS 'Who carries the code.';
COMMENT ON COLUMN otp_challenges.provider_reference IS 'The provider''s own id, where the provider made the code and judges it.';
COMMENT ON COLUMN otp_challenges.code_hash IS 'HMAC-SHA-256 over purpose, challenge, number and code, where we made the code and judge it.';
COMMENT ON COLUMN otp_challenges.code_key_id IS 'Which key made code_hash; the key is not in the database.';
COMMENT ON COLUMN otp_challenges.attempts_left IS 'Guesses left. Taken before a guess is judged.';
COMMENT ON COLUMN otp_challenges.free_resend IS 'Whether one resend without a wait is still due, should the provider burn this code.';
COMMENT ON COLUMN otp_challenges.created_at IS 'When sending was decided.';
COMMENT ON COLUMN otp_challenges.expires_at IS 'From when on the code is worth nothing.';
COMMENT ON COLUMN otp_challenges.sent_at IS 'When the provider took it; null while asking, and where that is unknown.';
COMMENT ON COLUMN otp_challenges.ended_at IS 'When the code stopped being live, other than by its expiry.';
COMMENT ON COLUMN otp_challenges.ended_as IS 'verified: the right code came. superseded: a newer code took its place. burnt: the provider judges no more guesses. not_sent: the provider did not take it, or never said so.';

CREATE TABLE otp_windows (
    subject    text          NOT NULL,
    events     timestamptz[] NOT NULL,
    updated_at timestamptz   NOT NULL,
    CONSTRAINT otp_windows_pkey PRIMARY KEY (subject)
);

CREATE INDEX otp_windows_updated_at_idx ON otp_windows (updated_at);

COMMENT ON TABLE otp_windows IS 'Sliding windows over sends and guesses, shared by all replicas. Rows go a day after their last event.';
COMMENT ON COLUMN otp_windows.subject IS 'What is counted: send:user:…, send:number:…, send:address:…, guess:user:…, guess:number:….';
COMMENT ON COLUMN otp_windows.events IS 'When each counted event happened, oldest first, as far back as the longest window reaches.';
COMMENT ON COLUMN otp_windows.updated_at IS 'When an event was last counted.';
