-- Changes a challenge if it is the one meant and has not ended. Answers 1, otherwise 0.
-- KEYS[1]: the challenge. ARGV: its id; an end that does not count as one, or nothing; then fields and
-- values, where no value takes the field away.
local held = redis.call('HMGET', KEYS[1], 'id', 'ended_as')
if held[1] ~= ARGV[1] or (held[2] and held[2] ~= ARGV[2]) then return 0 end
for at = 3, #ARGV, 2 do
    if ARGV[at + 1] == '' then
        redis.call('HDEL', KEYS[1], ARGV[at])
    else
        redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
    end
end
return 1
