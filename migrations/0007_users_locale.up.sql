-- The language of a person's texts where a request does not tell one. The column is empty at first,
-- so no row breaks the check and it need not be proven by reading the table under a lock.
ALTER TABLE users
    ADD COLUMN locale text,
    ADD CONSTRAINT users_locale_tag
        CHECK (locale ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$') NOT VALID;

COMMENT ON COLUMN users.locale IS 'Language tag (RFC 5646) that the person signed up in, as far as there are texts in it: for texts where a request names no language.';
