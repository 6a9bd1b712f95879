-- Writes a challenge in the place of the one before, if any.
-- KEYS[1]: the challenge. ARGV: milliseconds to live; then fields and values.
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
