-- Counts an event if every window has room for it. Answers 1, or 0 where one has none.
-- KEYS[1]: the list of times. ARGV: the time now; what is as old as that or older counts nowhere any
-- more; milliseconds to live; then, for each window, when it begins and the most that it holds.
local events = redis.call('LRANGE', KEYS[1], 0, -1)
for at = 4, #ARGV, 2 do
    local counted = 0
    for _, event in ipairs(events) do
        if tonumber(event) > tonumber(ARGV[at]) then counted = counted + 1 end
    end
    if counted >= tonumber(ARGV[at + 1]) then return 0 end
end
for _, event in ipairs(events) do
    if tonumber(event) <= tonumber(ARGV[2]) then redis.call('LREM', KEYS[1], 1, event) end
end
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
