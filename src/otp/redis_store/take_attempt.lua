-- Spends a guess on a challenge. Answers how many are left after it; nil where it is not the one meant, is
-- over, cannot be judged yet, or no guess is left.
-- KEYS[1]: the challenge. ARGV: its id; the time now.
local held = redis.call('HMGET', KEYS[1],
    'id', 'ended_as', 'attempts_left', 'expires_at', 'sent_at', 'code_hash')
local is_live = held[1] == ARGV[1] and not held[2] and tonumber(held[4]) > tonumber(ARGV[2])
if not is_live or tonumber(held[3]) <= 0 or not (held[5] or held[6]) then return false end
return redis.call('HINCRBY', KEYS[1], 'attempts_left', -1)
