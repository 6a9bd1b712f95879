-- Takes the free resend that is due after a burnt challenge, or gives it back. Answers 1 where there was
-- one to take or to give back, otherwise 0.
-- KEYS[1]: the challenge. ARGV: what there has to be (1, or 0 in order to give back); what there is to
-- be; after which time the challenge has to be made.
local held = redis.call('HMGET', KEYS[1], 'ended_as', 'free_resend', 'created_at')
if held[1] ~= 'burnt' or held[2] ~= ARGV[1] or tonumber(held[3]) <= tonumber(ARGV[3]) then
    return 0
end
redis.call('HSET', KEYS[1], 'free_resend', ARGV[2])
return 1
