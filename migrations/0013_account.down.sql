DROP TABLE reset_tickets;
DROP TABLE erasures;
ALTER TABLE users DROP COLUMN display_name;
-- The check before knows of logins only.
DELETE FROM otp_challenges WHERE purpose <> 'login';
ALTER TABLE otp_challenges DROP CONSTRAINT otp_challenges_purpose;
ALTER TABLE otp_challenges ADD CONSTRAINT otp_challenges_purpose CHECK (purpose IN ('login')) NOT VALID;
ALTER TABLE otp_challenges VALIDATE CONSTRAINT otp_challenges_purpose;
COMMENT ON COLUMN otp_windows.subject IS 'What is counted: send:user:…, send:number:…, send:address:…, guess:user:…, guess:number:….';
