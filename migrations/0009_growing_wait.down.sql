COMMENT ON TABLE otp_windows IS 'Sliding windows over sends and guesses, shared by all replicas. Rows go a day after their last event.';
