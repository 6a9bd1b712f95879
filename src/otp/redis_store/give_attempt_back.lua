-- Gives a guess back that nobody judged.
-- KEYS[1]: the challenge. ARGV: its id.
if redis.call('HGET', KEYS[1], 'id') == ARGV[1] then
    redis.call('HINCRBY', KEYS[1], 'attempts_left', 1)
end
return 1
