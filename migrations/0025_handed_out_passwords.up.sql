-- Passwords that were made up for somebody and handed out: until when they are good. Nobody who is there has one.
ALTER TABLE users
    ADD COLUMN password_expires_at timestamptz;

COMMENT ON COLUMN users.password_expires_at IS 'Until when a password is good that was made up and handed out, and that the first login replaces by one of the person''s own; NULL: it is their own, and has no end.';
