-- Wrong codes are also counted over a year, so that codes can get longer. No column changes.
COMMENT ON TABLE otp_windows IS 'Sliding windows over sends and guesses, shared by all replicas. Rows over sends go a day after their last event, rows over guesses a week, rows over wrong codes a year.';
COMMENT ON COLUMN otp_windows.subject IS 'What is counted: send:user:…, send:reset:…, send:number:…, send:address:…, guess:user:…, guess:number:…, wrong:user:…, wrong:number:….';
