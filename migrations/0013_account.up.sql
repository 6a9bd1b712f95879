-- Codes for more than logins, resets of passwords, names to be called by, and leaving.

-- Codes live for a day, so proving the check reads few rows.
ALTER TABLE otp_challenges DROP CONSTRAINT otp_challenges_purpose;
ALTER TABLE otp_challenges
    ADD CONSTRAINT otp_challenges_purpose
        CHECK (purpose IN ('login', 'password_reset', 'phone_change')) NOT VALID;
ALTER TABLE otp_challenges VALIDATE CONSTRAINT otp_challenges_purpose;

-- The column is empty at first, so no row breaks the check and it need not be proven by reading the
-- table under a lock.
ALTER TABLE users
    ADD COLUMN display_name text,
    ADD CONSTRAINT users_display_name_length
        CHECK (char_length(display_name) BETWEEN 1 AND 100) NOT VALID;

COMMENT ON COLUMN users.display_name IS 'What the person wants to be called: NFC, no control characters, at most 100 code points; null where they have not said.';

-- People who leave. A table of its own: an index over users would have to be built under a lock.
CREATE TABLE erasures (
    user_id      uuid        NOT NULL,
    requested_at timestamptz NOT NULL,
    erase_after  timestamptz NOT NULL,
    CONSTRAINT erasures_pkey PRIMARY KEY (user_id),
    CONSTRAINT erasures_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT erasures_grace CHECK (erase_after > requested_at)
);

CREATE INDEX erasures_erase_after_idx ON erasures (erase_after);

COMMENT ON TABLE erasures IS 'People who have asked to be deleted and still have time to think again. A login takes the row away; what is left is erased with its user.';
COMMENT ON COLUMN erasures.user_id IS 'Who leaves.';
COMMENT ON COLUMN erasures.requested_at IS 'When they asked.';
COMMENT ON COLUMN erasures.erase_after IS 'From when on no login brings the account back, and the row in users is deleted.';

-- Somebody who has forgotten a password, and the code that is on its way.
CREATE TABLE reset_tickets (
    ticket_hash    bytea       NOT NULL,
    user_id        uuid,
    client_address inet        NOT NULL,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    CONSTRAINT reset_tickets_pkey PRIMARY KEY (ticket_hash),
    CONSTRAINT reset_tickets_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT reset_tickets_hash_length CHECK (octet_length(ticket_hash) = 32)
);

CREATE INDEX reset_tickets_user_id_idx ON reset_tickets (user_id);
CREATE INDEX reset_tickets_expires_at_idx ON reset_tickets (expires_at);

COMMENT ON TABLE reset_tickets IS 'Passwords that somebody wants to set anew by a code. A used ticket is deleted; the others go once they have run out.';
COMMENT ON COLUMN reset_tickets.ticket_hash IS 'SHA-256 of the ticket; the ticket itself is only with the client.';
COMMENT ON COLUMN reset_tickets.user_id IS 'Whose password it is; null where nobody was found, or nobody with a verified phone: such a ticket is good for nothing.';
COMMENT ON COLUMN reset_tickets.client_address IS 'Where it was asked for: an IPv4 address, or an IPv6 /64 network.';
COMMENT ON COLUMN reset_tickets.created_at IS 'When it was asked for.';
COMMENT ON COLUMN reset_tickets.expires_at IS 'From when on the ticket is worth nothing.';

COMMENT ON COLUMN otp_windows.subject IS 'What is counted: send:user:…, send:reset:… (resets of a user), send:number:…, send:address:…, guess:user:…, guess:number:….';
