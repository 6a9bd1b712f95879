-- Locking an account, and what its owner may do. Rows that are there are not locked and have no role:
-- none breaks a check, so none need be proven by reading the table under a lock.
ALTER TABLE users
    ADD COLUMN locked_at     timestamptz,
    ADD COLUMN locked_reason text,
    ADD COLUMN roles         text[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT users_locked_reason
        CHECK (locked_reason IS NULL OR (locked_at IS NOT NULL AND length(locked_reason) BETWEEN 1 AND 200)) NOT VALID,
    -- Written one after the other and read back they must be as many as before: no role has a comma in it.
    ADD CONSTRAINT users_roles_form
        CHECK (
            cardinality(roles) <= 32
            AND array_position(roles, NULL) IS NULL
            AND cardinality(roles) = cardinality(string_to_array(array_to_string(roles, ','), ','))
            AND array_to_string(roles, ',') ~ '^([a-z][a-z0-9_.:-]{0,63}(,[a-z][a-z0-9_.:-]{0,63})*)?$'
        ) NOT VALID;

COMMENT ON COLUMN users.locked_at IS 'Since when the person may not log in; NULL: not locked.';
COMMENT ON COLUMN users.locked_reason IS 'Why, in the words of whoever locked the account; never shown to its owner.';
COMMENT ON COLUMN users.roles IS 'What the person is to the services that read the tokens, for instance admin; at most 32, none twice.';
COMMENT ON COLUMN users.password_hash IS 'Argon2id in PHC string form; of people who were imported and have not logged in since, possibly bcrypt, scrypt, PBKDF2 or another Argon2.';
