-- People without a number, and numbers that are on their way from their last owner to the next.

-- Both touch the catalogue only: no row breaks the check while the column has just been NOT NULL, so it
-- need not be proven by reading the table under a lock.
ALTER TABLE users
    ALTER COLUMN phone_number DROP NOT NULL,
    ADD CONSTRAINT users_verified_has_number CHECK (NOT is_verified OR phone_number IS NOT NULL) NOT VALID;

COMMENT ON COLUMN users.phone_number IS 'E.164, for instance +14155552671; null for whoever has lost it to its next owner, or has still to prove the one they claim.';

CREATE TABLE number_claims (
    user_id      uuid        NOT NULL,
    phone_number text        NOT NULL,
    created_at   timestamptz NOT NULL,
    proven_at    timestamptz,
    release_at   timestamptz,
    holder_id    uuid,
    CONSTRAINT number_claims_pkey PRIMARY KEY (user_id),
    CONSTRAINT number_claims_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT number_claims_holder_id_fkey FOREIGN KEY (holder_id) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT number_claims_phone_number_e164 CHECK (phone_number ~ '^\+[1-9][0-9]{3,14}$'),
    CONSTRAINT number_claims_holder CHECK (holder_id IS NULL OR proven_at IS NOT NULL),
    CONSTRAINT number_claims_proof CHECK ((proven_at IS NULL) = (release_at IS NULL)),
    CONSTRAINT number_claims_quarantine CHECK (release_at > proven_at)
);

CREATE INDEX number_claims_phone_number_idx ON number_claims (phone_number);
CREATE INDEX number_claims_holder_id_idx ON number_claims (holder_id);

COMMENT ON TABLE number_claims IS 'Phone numbers that people without one want. A row goes when the number is theirs, and otherwise a week after the claim where nobody has proven it, or 30 days after release_at.';
COMMENT ON COLUMN number_claims.user_id IS 'Who wants it; one claim a person.';
COMMENT ON COLUMN number_claims.phone_number IS 'The number, E.164; where the codes of that person''s logins go. Several people may claim one.';
COMMENT ON COLUMN number_claims.created_at IS 'When it was first asked for.';
COMMENT ON COLUMN number_claims.proven_at IS 'When a code proved the number while holder_id had it; null until then, and again once the holder has proven it anew.';
COMMENT ON COLUMN number_claims.release_at IS 'From when on a further code takes the number from holder_id; null with proven_at.';
COMMENT ON COLUMN number_claims.holder_id IS 'From whom; null with proven_at, or where that account is gone.';
