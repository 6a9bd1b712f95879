ALTER TABLE otp_challenges DROP COLUMN spoken_at;
