DROP TABLE otp_windows;
DROP TABLE otp_challenges;
