DROP TABLE number_claims;

-- Fails while somebody has no number: who they are to be told apart by is not for a migration to decide.
ALTER TABLE users
    DROP CONSTRAINT users_verified_has_number,
    ALTER COLUMN phone_number SET NOT NULL;

COMMENT ON COLUMN users.phone_number IS 'E.164, for instance +14155552671.';
