-- Codes that we make and a carrier speaks: each is spoken once. A nullable column: no rewrite, no long lock.
ALTER TABLE otp_challenges ADD COLUMN spoken_at timestamptz;

COMMENT ON COLUMN otp_challenges.spoken_at IS 'When the carrier fetched the words of the call; null until then, and where nothing is spoken by us. Decides that a code is spoken once.';
