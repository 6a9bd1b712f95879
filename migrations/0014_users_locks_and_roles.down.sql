ALTER TABLE users DROP COLUMN roles, DROP COLUMN locked_reason, DROP COLUMN locked_at;
COMMENT ON COLUMN users.password_hash IS 'Argon2id in PHC string form.';
