-- Counts one event for each key if each has room for it, otherwise for none. Answers whether it was
-- counted, and the tat of each key as it was before ('' where there was none).
-- KEYS: the keys. ARGV: the time now, and by how much clocks may differ; then, for each key, what an
-- event costs and how far tat may be ahead. All in microseconds.
local now, slack = tonumber(ARGV[1]), tonumber(ARGV[2])
local before, tats, taken = {}, {}, 1
for at, key in ipairs(KEYS) do
    before[at] = redis.call('GET', key) or ''
    tats[at] = math.max(tonumber(before[at]) or now, now)
    if tats[at] + tonumber(ARGV[2 * at + 1]) > now + tonumber(ARGV[2 * at + 2]) then taken = 0 end
end
for at, key in ipairs(KEYS) do
    local latest = now + tonumber(ARGV[2 * at + 2])
    local tat = nil
    if taken == 1 then
        tat = tats[at] + tonumber(ARGV[2 * at + 1])
    elseif tats[at] > latest + slack then
        tat = latest
    end
    if tat then
        local milliseconds = math.ceil((tat - now + slack) / 1000)
        redis.call('SET', key, string.format('%.0f', tat), 'PX', string.format('%.0f', milliseconds))
    end
end
return {taken, before}
