DELETE FROM otp_windows WHERE subject LIKE 'wrong:%';
COMMENT ON TABLE otp_windows IS 'Sliding windows over sends and guesses, shared by all replicas. Rows over sends go a day after their last event, rows over guesses a week.';
COMMENT ON COLUMN otp_windows.subject IS 'What is counted: send:user:…, send:reset:… (resets of a user), send:number:…, send:address:…, guess:user:…, guess:number:….';
