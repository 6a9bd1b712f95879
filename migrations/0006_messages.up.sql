-- The ledger: what was handed to a carrier, and what became of it.
CREATE TABLE messages (
    id                 uuid        NOT NULL,
    challenge_id       uuid        NOT NULL,
    user_id            uuid,
    number_mac         bytea       NOT NULL,
    number_key_id      text        NOT NULL,
    country            text,
    provider           text        NOT NULL,
    channel            text        NOT NULL,
    purpose            text        NOT NULL,
    state              text        NOT NULL DEFAULT 'queued',
    failure            text,
    provider_reference text,
    segments           smallint,
    price_micros       bigint,
    price_currency     text,
    price_is_told      boolean     NOT NULL DEFAULT false,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    verified_at        timestamptz,
    CONSTRAINT messages_pkey PRIMARY KEY (id),
    CONSTRAINT messages_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT messages_number_mac CHECK (octet_length(number_mac) = 32),
    CONSTRAINT messages_channel CHECK (channel IN ('sms', 'call')),
    CONSTRAINT messages_state CHECK (state IN ('queued', 'sent', 'delivered', 'failed', 'unknown')),
    CONSTRAINT messages_segments CHECK (segments > 0),
    CONSTRAINT messages_price CHECK (price_micros >= 0),
    CONSTRAINT messages_price_currency CHECK ((price_micros IS NULL) = (price_currency IS NULL))
);

CREATE INDEX messages_challenge_id_idx ON messages (challenge_id);
CREATE INDEX messages_user_id_idx ON messages (user_id);
CREATE UNIQUE INDEX messages_provider_reference_key ON messages (provider, provider_reference) WHERE provider_reference IS NOT NULL;
CREATE INDEX messages_queued_idx ON messages (created_at) WHERE state = 'queued';
CREATE INDEX messages_created_at_idx ON messages USING brin (created_at);

COMMENT ON TABLE messages IS 'The ledger: one row for each message or call, written before it is handed to a carrier. A row stands for one paid message at most.';
COMMENT ON COLUMN messages.id IS 'UUIDv7, made by the server.';
COMMENT ON COLUMN messages.challenge_id IS 'The code that the message carries, in otp_challenges, where rows live for a day only. Over to another carrier means another message for the same code.';
COMMENT ON COLUMN messages.user_id IS 'Whose code it is; null once the account is erased.';
COMMENT ON COLUMN messages.number_mac IS 'HMAC-SHA-256 of the number in E.164, under a key that is not in the database: the same number can be found again, and not read.';
COMMENT ON COLUMN messages.number_key_id IS 'Which key made number_mac.';
COMMENT ON COLUMN messages.country IS 'ISO 3166-1 alpha-2 country of the number; null where it belongs to none.';
COMMENT ON COLUMN messages.provider IS 'Who was asked to carry it.';
COMMENT ON COLUMN messages.channel IS 'sms, or call (spoken).';
COMMENT ON COLUMN messages.purpose IS 'What the right code is good for.';
COMMENT ON COLUMN messages.state IS 'queued: written, nothing is known of an answer yet. sent: the carrier took it. delivered: the carrier says that it arrived. failed: it was not sent, or did not arrive. unknown: nobody can tell; never sent again by itself.';
COMMENT ON COLUMN messages.failure IS 'Why it failed or is unknown, in the words of the log.';
COMMENT ON COLUMN messages.provider_reference IS 'The carrier''s own id, for its reports and its support.';
COMMENT ON COLUMN messages.segments IS 'Parts that the carrier counted.';
COMMENT ON COLUMN messages.price_micros IS 'What it cost, in millionths of price_currency.';
COMMENT ON COLUMN messages.price_currency IS 'ISO 4217 code.';
COMMENT ON COLUMN messages.price_is_told IS 'Whether the carrier told the price; otherwise it is from the price table.';
COMMENT ON COLUMN messages.created_at IS 'When it was written, before the carrier was asked.';
COMMENT ON COLUMN messages.updated_at IS 'When the state last changed.';
COMMENT ON COLUMN messages.verified_at IS 'When the code that it carried was entered rightly.';
