-- People without a number, and numbers that are on their way from their last owner to the next.

-- Both touch the catalogue only: no row breaks the check while the column has just been NOT NULL, so it
-- need not be proven by reading the table under a lock.
ALTER TABLE users
    ALTER COLUMN phone_number DROP NOT NULL,
    ADD CONSTRAINT users_verified_has_number CHECK (NOT is_verified OR phone_number IS NOT NULL) NOT VALID;

COMMENT ON COLUMN users.phone_number IS 'E.164, for instance +14155552671; null for whoever has lost it to its next owner, or has still to prove the one they claim.';
