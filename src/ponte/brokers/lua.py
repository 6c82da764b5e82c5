"""Lua: what Redis does in one step, by its own clock, for several processes at once.

Whatever a script counts may be gone at its next call: an empty key is a fresh count.

Source: redis.io/docs/latest/develop/programmability/eval-intro.
"""

# For each key: rule, its two numbers, calls used before and since when, calls asked for, and
# an id that nobody used before. Answers for each whether the calls are given, and after how
# many microseconds those (or the next one) would be.
#
# A window is a sorted set: one member a batch, `id:calls`, at the time of its first call. Its
# room for q calls comes when what is left of the window leaves `limit - q` calls in it.
TAKE = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local function num(us) return string.format('%.0f', us) end

local function wait_of_window(key, limit, window, q)
  local all = redis.call('ZREVRANGE', key, 0, -1, 'WITHSCORES')
  local sum = 0
  for i = 1, #all, 2 do
    sum = sum + tonumber(string.match(all[i], ':(%d+)$'))
    if sum > limit - q then return math.max(1, tonumber(all[i + 1]) + window - now) end
  end
  return 0
end

local function window(key, limit, window, used, age, q, id)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', num(now - window))
  if used > 0 and age < window then
    redis.call('ZADD', key, num(now - age), id .. 'u:' .. used)
  end
  local given = 0
  local wait = wait_of_window(key, limit, window, math.max(1, q))
  if q > 0 and wait == 0 then
    redis.call('ZADD', key, num(now), id .. 'q:' .. q)
    given = 1
    wait = wait_of_window(key, limit, window, 1)
  end
  redis.call('PEXPIRE', key, math.ceil(window / 1000) + 1000)
  return given, wait
end

local function bucket(key, capacity, fill, used, q)
  local rate = capacity / fill
  local h = redis.call('HMGET', key, 'fichas', 'em')
  local tokens = tonumber(h[1] or capacity)
  local since = math.max(0, now - tonumber(h[2] or now))
  tokens = math.min(capacity, tokens + since * rate) - used
  local given, need = 0, math.max(1, q)
  if q > 0 and tokens >= q then
    tokens, given, need = tokens - q, 1, 1
  end
  redis.call('HSET', key, 'fichas', string.format('%.17g', tokens), 'em', num(now))
  redis.call('PEXPIRE', key, math.ceil((capacity - tokens) / rate / 1000) + 1000)
  return given, math.max(0, (need - tokens) / rate)
end

local found = {}
for i, key in ipairs(KEYS) do
  local a = (i - 1) * 7
  local limit, span = tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3]) * 1000000
  local used, age = tonumber(ARGV[a + 4]), tonumber(ARGV[a + 5]) * 1000000
  local q = tonumber(ARGV[a + 6])
  local given, wait
  if ARGV[a + 1] == 'balde' then
    given, wait = bucket(key, limit, span, used, q)
  else
    given, wait = window(key, limit, span, used, age, q, ARGV[a + 7])
  end
  found[#found + 1] = given
  found[#found + 1] = math.ceil(wait)
end
return found
"""

# Lets one process lead, and the one who leads go on.
LEAD = """
local dono = redis.call('GET', KEYS[1])
if dono and dono ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""

GIVE_UP = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
"""

# Writes copies only while nobody else did since the reader looked, so that none is older than
# the one it replaces; an empty copy is of what is not there any more.
COPY = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
for i = 2, #KEYS do
  if ARGV[i + 2] == '' then
    redis.call('DEL', KEYS[i])
  else
    redis.call('SET', KEYS[i], ARGV[i + 2], 'EX', ARGV[3])
  end
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""
