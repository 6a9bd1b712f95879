-- Challenges that were met, so that each counts once.
CREATE TABLE spent_proofs (
    proof_hash bytea       NOT NULL,
    keep_until timestamptz NOT NULL,
    CONSTRAINT spent_proofs_pkey PRIMARY KEY (proof_hash),
    CONSTRAINT spent_proofs_proof_hash_length CHECK (octet_length(proof_hash) = 32)
);

CREATE INDEX spent_proofs_keep_until_idx ON spent_proofs (keep_until);

COMMENT ON TABLE spent_proofs IS 'Proofs of work and tokens of captchas that have let a request through. Whoever inserts a row has spent that proof, on whichever replica; nobody can insert it again.';
COMMENT ON COLUMN spent_proofs.proof_hash IS 'SHA-256 of the salt and the number of a proof of work, or of a token. Tells nothing of whoever brought it.';
COMMENT ON COLUMN spent_proofs.keep_until IS 'From when on the row may be deleted: the proof has run out by itself, on a clock that lags, too.';
