#!lua name=@NAME@
-- What the exchange asks of Redis: books and feeds that may be lost, and counts that are shared.
-- Numbers that can pass 2^53 (none of these does in use) stay text; all others are doubles.

local function now_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

-- books ------------------------------------------------------------------------------------------

-- keys: bids, asks, head, feed channel. The order of a head's fields is that of HEAD in books.py.
local HEAD = {'partition', 'epoch', 'seq', 'entity_seq', 'update_id', 'trade_id', 'time_us'}

local function number(text)
  return tonumber(text) or 0
end

-- How a stored head stands to what is said (args: partition, epoch, seq, entity_seq): 1 newer, 0
-- the same, -1 older. Within one partition (epoch, seq) tells; after a move, when the counters are
-- another partition's, the entity's own sequence.
local function compared(head, args)
  local first, last = 2, 3
  if head[1] ~= args[1] then
    first, last = 4, 4
  end
  for at = first, last do
    local has, said = number(head[at]), number(args[at])
    if has ~= said then
      return has > said and 1 or -1
    end
  end
  return 0
end

local function old(head)
  return {'OLD', head[1], head[2], head[3]}
end

local function set_head(key, args)
  redis.call('HSET', key, HEAD[1], args[1], HEAD[2], args[2], HEAD[3], args[3], HEAD[4], args[4],
    HEAD[5], args[5], HEAD[6], args[6], HEAD[7], args[7])
end

local function set_levels(key, args, first, count)
  local set, gone = {}, {}
  for at = first, first + 2 * count - 1, 2 do
    if args[at + 1] == '0' then
      gone[#gone + 1] = args[at]
    else
      set[#set + 1] = args[at]
      set[#set + 1] = args[at + 1]
    end
    if #set >= 1000 then
      redis.call('HSET', key, unpack(set))
      set = {}
    end
    if #gone >= 1000 then
      redis.call('HDEL', key, unpack(gone))
      gone = {}
    end
  end
  if #set > 0 then redis.call('HSET', key, unpack(set)) end
  if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
end

-- args: head (7), first entity_seq, first update id, message, bids, then price and lots of each
-- bid, then of each ask
local function book_apply(keys, args)
  local head = redis.call('HMGET', keys[3], unpack(HEAD))
  if not head[1] then
    return {'NEED_BOOK'}
  end
  if compared(head, args) >= 0 then
    return old(head)
  end
  local first_update = number(args[9])
  if number(args[8]) ~= number(head[4]) + 1
    or first_update ~= 0 and first_update ~= number(head[5]) + 1 then
    return {'NEED_BOOK'}
  end
  local bids = number(args[11])
  set_levels(keys[1], args, 12, bids)
  set_levels(keys[2], args, 12 + 2 * bids, (#args - 11) / 2 - bids)
  set_head(keys[3], args)
  redis.call('SPUBLISH', keys[4], args[10])
  return {'OK'}
end

-- args: head (7), force, message, bids, levels as above. Every level is set anew.
local function book_replace(keys, args)
  local head = redis.call('HMGET', keys[3], unpack(HEAD))
  if head[1] and args[8] ~= '1' and compared(head, args) > 0 then
    return old(head)
  end
  redis.call('DEL', keys[1], keys[2])
  local bids = number(args[10])
  set_levels(keys[1], args, 11, bids)
  set_levels(keys[2], args, 11 + 2 * bids, (#args - 10) / 2 - bids)
  set_head(keys[3], args)
  redis.call('SPUBLISH', keys[4], args[9])
  return {'OK'}
end

-- args: head (7), message, how many bids and asks there are. An idle owner says where its market
-- stands: batches that touched others only move (epoch, seq) on; whatever else differs is mended.
local function book_beat(keys, args)
  local head = redis.call('HMGET', keys[3], unpack(HEAD))
  if not head[1] then
    return {'NEED_BOOK'}
  end
  if compared(head, args) > 0 then
    return old(head)
  end
  if head[4] ~= args[4] or head[5] ~= args[5] or head[6] ~= args[6]
    or redis.call('HLEN', keys[1]) ~= number(args[9])
    or redis.call('HLEN', keys[2]) ~= number(args[10]) then
    return {'NEED_BOOK'}
  end
  set_head(keys[3], args)
  redis.call('SPUBLISH', keys[4], args[8])
  return {'OK'}
end

-- keys as above; the whole book at one instant. args: an entity_seq at which it is known already
local function book_read(keys, args)
  local head = redis.call('HMGET', keys[3], unpack(HEAD))
  if not head[1] then
    return {}
  end
  if head[4] == args[1] then
    return {head, {}, {}}
  end
  return {head, redis.call('HGETALL', keys[1]), redis.call('HGETALL', keys[2])}
end

-- users and catalog ------------------------------------------------------------------------------

-- keys: head, channel. args: partition, epoch, seq, entity_seq, message, and what it is: 0 events,
-- 1 a beat, which may say the same again, 2 the truth whatever stands there. Answers how many heard.
local function user_publish(keys, args)
  local head = redis.call('HMGET', keys[1], HEAD[1], HEAD[2], HEAD[3], HEAD[4])
  if head[1] and args[6] ~= '2' and compared(head, args) >= number(args[6]) then
    return old(head)
  end
  redis.call('HSET', keys[1], HEAD[1], args[1], HEAD[2], args[2], HEAD[3], args[3], HEAD[4],
    args[4])
  return {'OK', redis.call('SPUBLISH', keys[2], args[5])}
end

-- limits -----------------------------------------------------------------------------------------

local SECOND = 1000000
local MINUTE = 60 * SECOND
local DAY = 1440 * MINUTE
local REFUSALS_BEFORE_BAN = 50
local BAN_US = 2 * MINUTE
local BAN_US_MAX = 3 * DAY
local FORGET_BANS_US = DAY

-- key: an address. args: the minute they were counted in, weight, raw requests, refusals,
-- connection attempts. Answers what all gateways together have counted, and the ban.
local function limit_address(keys, args)
  local now = now_us()
  local minute = math.floor(now / MINUTE)
  local window = math.floor(minute / 5)
  local kept = redis.call('HMGET', keys[1], 'minute', 'weight', 'refusals', 'window', 'raw',
    'connections', 'banned_until', 'ban')
  local weight, refusals = number(kept[2]), number(kept[3])
  local raw, connections = number(kept[5]), number(kept[6])
  local banned_until, ban = number(kept[7]), number(kept[8])
  -- a clock that steps back forgets nothing
  minute = math.max(minute, number(kept[1]))
  window = math.max(window, number(kept[4]))
  if number(kept[1]) < minute then weight, refusals = 0, 0 end
  if number(kept[4]) < window then raw, connections = 0, 0 end
  local counted_in = number(args[1])
  if counted_in >= minute then
    weight = weight + number(args[2])
    if banned_until <= now then refusals = refusals + number(args[4]) end
  end
  if math.floor(counted_in / 5) >= window then
    raw = raw + number(args[3])
    connections = connections + number(args[5])
  end
  if refusals > REFUSALS_BEFORE_BAN then
    if now - banned_until <= FORGET_BANS_US then
      ban = math.max(math.min(ban * 2, BAN_US_MAX), BAN_US)
    else
      ban = BAN_US
    end
    banned_until = now + ban
    refusals = 0
  end
  local text = function(value) return string.format('%.0f', value) end
  redis.call('HSET', keys[1], 'minute', text(minute), 'weight', text(weight), 'refusals',
    text(refusals), 'window', text(window), 'raw', text(raw), 'connections', text(connections),
    'banned_until', text(banned_until), 'ban', text(ban))
  local until_us = 6 * MINUTE
  if banned_until > 0 then until_us = math.max(until_us, banned_until - now + FORGET_BANS_US) end
  redis.call('PEXPIRE', keys[1], text(math.ceil(until_us / 1000)))
  return {text(now), text(minute), text(weight), text(raw), text(refusals), text(connections),
    text(banned_until), text(ban)}
end

-- key: an account. args: the slot of ten seconds they were counted in, orders, credit of fills.
local function limit_account(keys, args)
  local now = now_us()
  local slot = math.floor(now / (10 * SECOND))
  local kept = redis.call('HMGET', keys[1], 'slot', 'slot_count', 'day_count')
  local before, slot_count, day_count = number(kept[1]), number(kept[2]), number(kept[3])
  slot = math.max(slot, before)
  local day = math.floor(slot / 8640)
  if before < slot then slot_count = 0 end
  if math.floor(before / 8640) < day then day_count = 0 end
  local counted_in, orders, credit = number(args[1]), number(args[2]), number(args[3])
  if counted_in >= slot then slot_count = slot_count + orders end
  if math.floor(counted_in / 8640) >= day then day_count = day_count + orders end
  slot_count = math.max(0, slot_count - credit)
  day_count = math.max(0, day_count - credit)
  local text = function(value) return string.format('%.0f', value) end
  redis.call('HSET', keys[1], 'slot', text(slot), 'slot_count', text(slot_count), 'day_count',
    text(day_count))
  redis.call('PEXPIRE', keys[1], 86460000)
  return {text(now), text(slot), text(slot_count), text(day_count)}
end

redis.register_function('@NAME@_book_apply', book_apply)
redis.register_function('@NAME@_book_replace', book_replace)
redis.register_function('@NAME@_book_beat', book_beat)
redis.register_function{
  function_name = '@NAME@_book_read', callback = book_read, flags = {'no-writes'}}
redis.register_function('@NAME@_user_publish', user_publish)
redis.register_function('@NAME@_limit_address', limit_address)
redis.register_function('@NAME@_limit_account', limit_account)
