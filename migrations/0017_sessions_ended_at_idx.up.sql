-- no-transaction
-- What a replica reads that has just begun to listen: the sessions that ended lately. Logins go on while it
-- is built. Should that be broken off, drop the index that is left behind, which is marked as invalid, and
-- run this again.
CREATE INDEX CONCURRENTLY sessions_ended_at_idx ON sessions (ended_at) WHERE ended_at IS NOT NULL;
