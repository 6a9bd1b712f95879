-- A login whose password was right and whose code is still to come.
CREATE TABLE login_tickets (
    ticket_hash    bytea       NOT NULL,
    user_id        uuid        NOT NULL,
    client_address inet        NOT NULL,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    consumed_at    timestamptz,
    CONSTRAINT login_tickets_pkey PRIMARY KEY (ticket_hash),
    CONSTRAINT login_tickets_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT login_tickets_hash_length CHECK (octet_length(ticket_hash) = 32)
);

CREATE INDEX login_tickets_user_id_idx ON login_tickets (user_id, created_at DESC);
CREATE INDEX login_tickets_expires_at_idx ON login_tickets (expires_at);

COMMENT ON TABLE login_tickets IS 'Logins whose password was right and whose code is still to come. Rows go once they have run out.';
COMMENT ON COLUMN login_tickets.ticket_hash IS 'SHA-256 of the ticket; the ticket itself is only with the client.';
COMMENT ON COLUMN login_tickets.user_id IS 'Whose login it is.';
COMMENT ON COLUMN login_tickets.client_address IS 'Where the password came from: an IPv4 address, or an IPv6 /64 network.';
COMMENT ON COLUMN login_tickets.created_at IS 'When the password was proven.';
COMMENT ON COLUMN login_tickets.expires_at IS 'From when on the ticket is worth nothing.';
COMMENT ON COLUMN login_tickets.consumed_at IS 'When it was turned into a token; null until then.';
