-- Takes the one permission to speak a code. Answers 1 for the first to ask while it is live, otherwise 0.
-- KEYS[1]: the challenge. ARGV: its id; the time now.
local held = redis.call('HMGET', KEYS[1], 'id', 'ended_as', 'spoken_at', 'expires_at')
local is_live = held[1] == ARGV[1] and not held[2] and tonumber(held[4]) > tonumber(ARGV[2])
if not is_live or held[3] then return 0 end
redis.call('HSET', KEYS[1], 'spoken_at', ARGV[2])
return 1
