-- Limits that all replicas share, on how often something may be asked for.

-- Unlogged: what is counted here is worth nothing after a crash, and a commit that touches nothing else
-- waits for no disk. Room is left in each page, so that a row is changed where it stands and no index is
-- touched (HOT); hence expires_at, the one indexed column that changes, is by the full hour.
CREATE UNLOGGED TABLE rate_limits (
    key        bytea       NOT NULL,
    tat        timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT rate_limits_pkey PRIMARY KEY (key),
    CONSTRAINT rate_limits_key_length CHECK (octet_length(key) = 16)
) WITH (
    fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 10000,
    autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_analyze_scale_factor = 0.2
);

CREATE INDEX rate_limits_expires_at_idx ON rate_limits (expires_at);

COMMENT ON TABLE rate_limits IS 'How much of each limit is used up (GCRA), shared by all replicas. Nothing personal stands in it; it may be emptied at any time, which gives everybody all their room back.';
COMMENT ON COLUMN rate_limits.key IS 'What is limited and for whom: the first 16 bytes of an HMAC-SHA-256 under a key derived from SECRET_KEY.';
COMMENT ON COLUMN rate_limits.tat IS 'Theoretical arrival time: when all room is back. In the past: it is back.';
COMMENT ON COLUMN rate_limits.expires_at IS 'The first full hour after tat, in UTC; the row says nothing from then on, and is deleted.';

-- Counts one event at `at` for each key, if each has room for it; otherwise for none. Answers the tat
-- of each key as it was before, in the order of the keys, and whether the event was counted.
-- `steps`: what an event costs, and `bursts`: how far tat may be ahead of `at`; microseconds.
--
-- A function and no bare statement: each statement in it sees what was committed before it began, so
-- that it judges rows which another call made while this one waited for them. Rows are made, and then
-- locked, in the order of their keys: no two calls wait for each other in a circle.
CREATE FUNCTION take_rate_limits(keys bytea[], steps bigint[], bursts bigint[], at timestamptz)
RETURNS TABLE (tat_before timestamptz, is_taken boolean)
LANGUAGE plpgsql
-- A plan that was made while the table was small is kept until the table is next analysed; in a flood
-- that is too late.
SET enable_seqscan = off
AS $$
DECLARE
    tick CONSTANT interval := interval '1 microsecond';
    -- By so much the clocks of replicas may differ. A tat further ahead than that is of a clock that
    -- has since been put back, and is brought down to a key without room.
    slack CONSTANT interval := interval '1 minute';
    locked integer;
    has_room boolean;
BEGIN
    LOOP
        INSERT INTO rate_limits AS r (key, tat, expires_at)
        SELECT k.key, 'epoch', date_bin('1 hour', at, 'epoch') + interval '1 hour'
        FROM unnest(keys) AS k (key)
        ORDER BY k.key
        ON CONFLICT (key) DO NOTHING;

        PERFORM FROM rate_limits AS r WHERE r.key = ANY (keys) ORDER BY r.key FOR UPDATE;
        GET DIAGNOSTICS locked = ROW_COUNT;
        -- Fewer only where one had expired and was deleted just then.
        EXIT WHEN locked = cardinality(keys);
    END LOOP;

    SELECT bool_and(greatest(r.tat, at) + w.step * tick <= at + w.burst * tick) INTO has_room
    FROM unnest(keys, steps, bursts) AS w (key, step, burst)
    JOIN rate_limits AS r ON r.key = w.key;

    RETURN QUERY
    SELECT r.tat, has_room
    FROM unnest(keys) WITH ORDINALITY AS w (key, place)
    JOIN rate_limits AS r ON r.key = w.key
    ORDER BY w.place;

    UPDATE rate_limits AS r
    SET tat = w.tat, expires_at = date_bin('1 hour', w.tat, 'epoch') + interval '1 hour'
    FROM (
        SELECT s.key, CASE
            WHEN has_room THEN greatest(s.tat, at) + w.step * tick
            WHEN s.tat > at + w.burst * tick + slack THEN at + w.burst * tick
        END
        FROM unnest(keys, steps, bursts) AS w (key, step, burst)
        JOIN rate_limits AS s ON s.key = w.key
    ) AS w (key, tat)
    WHERE r.key = w.key AND w.tat IS NOT NULL;
END
$$;

COMMENT ON FUNCTION take_rate_limits IS 'Counts one event against several limits at once, or against none of them where one has no room.';
