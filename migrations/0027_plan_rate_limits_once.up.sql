-- take_rate_limits, made cheaper: rows are judged and changed by one statement, and its plans are made once for a
-- connection. Where PostgreSQL does not know how many keys there are it guesses ten, and so thought each call
-- worth a plan of its own, which took longer than the call. Arguments and answer stay as they were: replicas of
-- either version can call it.
CREATE OR REPLACE FUNCTION take_rate_limits(keys bytea[], steps bigint[], bursts bigint[], at timestamptz)
RETURNS TABLE (tat_before timestamptz, is_taken boolean)
LANGUAGE plpgsql
-- A plan that was made while the table was small is kept until the table is next analysed; in a flood
-- that is too late.
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    tick CONSTANT interval := interval '1 microsecond';
    -- By so much the clocks of replicas may differ. A tat further ahead than that is of a clock that
    -- has since been put back, and is brought down to a key without room.
    slack CONSTANT interval := interval '1 minute';
    answered integer;
BEGIN
    LOOP
        -- Rows are made in the order of their keys, and none is locked before all are there: no two calls
        -- wait for each other in a circle.
        IF (SELECT count(*) FROM rate_limits AS r WHERE r.key = ANY (keys)) < cardinality(keys) THEN
            INSERT INTO rate_limits AS r (key, tat, expires_at)
            SELECT k.key, 'epoch', date_bin('1 hour', at, 'epoch') + interval '1 hour'
            FROM unnest(keys) AS k (key)
            ORDER BY k.key
            ON CONFLICT (key) DO NOTHING;
        END IF;

        -- What was locked is as it was last committed, whatever this statement saw when it began.
        RETURN QUERY
        WITH held AS MATERIALIZED (
            SELECT w.place, r.key, r.tat, w.step * tick AS step, w.burst * tick AS burst
            FROM unnest(keys, steps, bursts) WITH ORDINALITY AS w (key, step, burst, place)
            JOIN rate_limits AS r ON r.key = w.key
            ORDER BY r.key
            FOR UPDATE OF r
        ), verdict AS MATERIALIZED (
            SELECT bool_and(greatest(h.tat, at) + h.step <= at + h.burst) AS has_room
            FROM held AS h
            HAVING count(*) = cardinality(keys)
        ), changed AS (
            UPDATE rate_limits AS r
            SET tat = n.tat, expires_at = date_bin('1 hour', n.tat, 'epoch') + interval '1 hour'
            FROM (
                SELECT h.key, CASE
                    WHEN v.has_room THEN greatest(h.tat, at) + h.step
                    WHEN h.tat > at + h.burst + slack THEN at + h.burst
                END AS tat
                FROM held AS h CROSS JOIN verdict AS v
            ) AS n
            WHERE r.key = n.key AND n.tat IS NOT NULL
        )
        SELECT h.tat, v.has_room FROM held AS h CROSS JOIN verdict AS v ORDER BY h.place;

        GET DIAGNOSTICS answered = ROW_COUNT;
        -- None only where a row had expired and was deleted just then.
        EXIT WHEN answered > 0;
    END LOOP;
END
$$;
