DROP TABLE totp_seeds;
