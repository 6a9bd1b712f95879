-- take_rate_limits as 0019 has it.
CREATE OR REPLACE FUNCTION take_rate_limits(keys bytea[], steps bigint[], bursts bigint[], at timestamptz)
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
