DROP TABLE email_confirmations;
DROP TABLE email_outbox;
ALTER TABLE users DROP COLUMN email_verified_at;
