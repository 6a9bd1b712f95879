-- Wrong codes are remembered for a week, so that the wait on them can grow. No column changes.
COMMENT ON TABLE otp_windows IS 'Sliding windows over sends and guesses, shared by all replicas. Rows over sends go a day after their last event, rows over guesses a week.';
