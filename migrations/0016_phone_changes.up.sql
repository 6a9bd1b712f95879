-- Changes of phone numbers, for as long as they can be undone.
CREATE TABLE phone_changes (
    id         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    user_id    uuid        NOT NULL,
    old_number text        NOT NULL,
    new_number text        NOT NULL,
    undo_hash  bytea       NOT NULL,
    changed_at timestamptz NOT NULL,
    undo_until timestamptz NOT NULL,
    CONSTRAINT phone_changes_pkey PRIMARY KEY (id),
    CONSTRAINT phone_changes_undo_hash_key UNIQUE (undo_hash),
    CONSTRAINT phone_changes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT phone_changes_undo_hash_length CHECK (octet_length(undo_hash) = 32),
    CONSTRAINT phone_changes_numbers CHECK (old_number <> new_number),
    CONSTRAINT phone_changes_term CHECK (undo_until > changed_at)
);

CREATE INDEX phone_changes_user_id_idx ON phone_changes (user_id);
CREATE INDEX phone_changes_old_number_idx ON phone_changes (old_number);
CREATE INDEX phone_changes_undo_until_idx ON phone_changes (undo_until);

COMMENT ON TABLE phone_changes IS 'Phone numbers that people have changed, for as long as that can be undone. Until then nobody else can have the old number, and no password is reset by the new one. An undone change is deleted, with those after it; the others go once their time is over.';
COMMENT ON COLUMN phone_changes.id IS 'In the order of a user''s changes, whatever the clocks say.';
COMMENT ON COLUMN phone_changes.user_id IS 'Whose number changed.';
COMMENT ON COLUMN phone_changes.old_number IS 'The number before, E.164; what an undo puts back.';
COMMENT ON COLUMN phone_changes.new_number IS 'The number that took its place, E.164.';
COMMENT ON COLUMN phone_changes.undo_hash IS 'SHA-256 of the token that undoes it; the token itself is only in the e-mail about the change.';
COMMENT ON COLUMN phone_changes.changed_at IS 'When a code proved the new number.';
COMMENT ON COLUMN phone_changes.undo_until IS 'From when on it stays as it is.';
