import { createHash } from "node:crypto";
import type { Argument, Connection } from "./client.ts";

/** A Lua script, and its digest by which a server that knows it runs it. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

function script(lua: string): Script {
  return { lua, sha: createHash("sha1").update(lua).digest("hex") };
}

/** Returns the position of a deletion, and false for what no deletion has written. */
const DELETION = `
local function deletion(x)
  local position = tonumber(x or '')
  return position and position < 9007199254740992 and x
end`;

/**
 * Keeps an entry. Returns 1, or 0 if the resource was deleted at a position above that at which the entry began.
 *
 * KEYS: the resource. ARGV: the position at which the entry began; the vary list; the variant; the head; the body; how long the
 * entry may be of use, in ms, or nothing for ever; the most variants; how long a deletion is remembered, in ms.
 */
export const SET: Script = script(`${DELETION}
local key, vary, variant, most = KEYS[1], ARGV[2], ARGV[3], tonumber(ARGV[7])
local life = tonumber(ARGV[6])
local kind = redis.call('TYPE', key).ok
if kind ~= 'hash' and kind ~= 'none' then redis.call('UNLINK', key) end
local v, x, replaced = unpack(redis.call('HMGET', key, 'v', 'x', 'h' .. variant))
x = deletion(x)
if x and tonumber(x) > tonumber(ARGV[1]) then return 0 end
-- The longest life of an entry decides how long the key lives.
local left = redis.call('PTTL', key)
if v and v ~= vary then
  redis.call('UNLINK', key)
  if x then redis.call('HSET', key, 'x', x) end
  v, replaced = false, false
end
-- The fields of other variants. Each has two.
local others = redis.call('HLEN', key) - (v and 1 or 0) - (x and 1 or 0) - (replaced and 2 or 0)
if not replaced and others >= 2 * most then
  for _, field in ipairs(redis.call('HRANDFIELD', key, 10)) do
    if others < 2 * most then break end
    if string.sub(field, 1, 1) == 'h' then
      redis.call('HDEL', key, field, 'b' .. string.sub(field, 2))
      others = others - 2
    end
  end
end
redis.call('HSET', key, 'v', vary, 'h' .. variant, ARGV[4], 'b' .. variant, ARGV[5])
if life and x then life = math.max(life, tonumber(ARGV[8])) end
if not life then
  redis.call('PERSIST', key)
elseif others == 0 or (left >= 0 and life > left) then
  redis.call('PEXPIRE', key, string.format('%.0f', life))
end
return 1
`);

/**
 * Deletes a resource, and remembers the position of the deletion. Returns how many variants there were.
 *
 * KEYS: the resource. ARGV: the position; how long it is remembered, in ms.
 */
export const DELETE: Script = script(`${DELETION}
local key, position = KEYS[1], ARGV[1]
local count = 0
if redis.call('TYPE', key).ok == 'hash' then
  local x = deletion(redis.call('HGET', key, 'x'))
  if x and tonumber(x) > tonumber(position) then position = x end
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if string.sub(field, 1, 1) == 'h' then count = count + 1 end
  end
end
redis.call('UNLINK', key)
redis.call('HSET', key, 'x', position)
redis.call('PEXPIRE', key, ARGV[2])
return count
`);

/**
 * Returns marks from a position on: a page of each of the two sets, as names and positions in turn.
 *
 * One script, because the two sets have one order: between two commands a mark could be added to the one that was read first,
 * and a later mark to the other. Whoever continued after the later one would never see the first.
 *
 * The third is the ticket. KEYS: the marks; the marks by key. ARGV: the position; the most marks of each set; the ticket.
 */
export const READ_MARKS: Script = script(`
-- Without one of them the log is lost.
if redis.call('EXISTS', KEYS[1], KEYS[2]) < 2 then return {{}, {}, ARGV[3]} end
local function page(key)
  return redis.call('ZRANGEBYSCORE', key, ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
end
return {page(KEYS[1]), page(KEYS[2]), ARGV[3]}
`);

/**
 * Adds marks. Returns the last position.
 *
 * KEYS: the marks; the marks by key. ARGV: the position that they must be above; the most marks; the most marks by key; how long
 * marks by key are kept, in microseconds; the names.
 */
export const ADD_MARKS: Script = script(`
local marks, keys = KEYS[1], KEYS[2]
local most, most_keys, kept = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local function number(n) return string.format('%.0f', n) end
local function last(key, max)
  local found = redis.call('ZREVRANGEBYSCORE', key, max, '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
  return tonumber(found[2] or 0)
end

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local newest = math.max(last(marks, '+inf'), last(keys, '+inf'))
local n = math.max(now - 1, newest, tonumber(ARGV[1]))
local function add(name)
  n = n + 1
  redis.call('ZADD', string.sub(name, 1, 2) == 'k|' and keys or marks, number(n), name)
end

if redis.call('EXISTS', marks, keys) < 2 then
  -- The name '' keeps the second set in existence, so that it is noticed if the server evicts it.
  redis.call('ZADD', keys, 0, '')
  add('*')
elseif #ARGV == 4 then
  return number(newest)
end
for at = 5, #ARGV do add(ARGV[at]) end

-- What is forgotten counts for all that it may have been about: it moves one of these up to its position.
local floors = {['t|'] = true, ['*'] = true, ['~t|'] = true, ['~*'] = true}
local function forget(key, name, position)
  local soft = string.sub(name, 1, 1) == '~' and '~' or ''
  local tag = string.sub(name, #soft + 1, #soft + 2) == 't|'
  redis.call('ZREM', key, name)
  redis.call('ZADD', marks, 'GT', position, soft .. (tag and 't|' or '*'))
end
local function trim(key, limit, forgotten)
  local excess = redis.call('ZCARD', key) - limit
  if excess <= 0 then return end
  local oldest = redis.call('ZRANGE', key, 0, excess + 3, 'WITHSCORES')
  for at = 1, #oldest, 2 do
    local name = oldest[at]
    if excess > 0 and name ~= '' and not floors[name] then
      forget(key, name, oldest[at + 1])
      excess = excess - 1
    end
  end
end
trim(marks, most)
-- A mark by key goes once a later mark is old enough: then nobody continues after it any more.
local old = number(now - kept)
local past = math.max(last(marks, old), last(keys, old))
redis.call('ZREMRANGEBYSCORE', keys, 1, '(' .. number(past))
trim(keys, most_keys)
return number(n)
`);

/**
 * Takes a lease. Returns 0 if it is taken, 1 if another token has it, 2 if its last holder released it with the verdict alone. A
 * client may send a command again whose reply was lost: the token that has it takes it again.
 *
 * KEYS: the lease. ARGV: the token; for how many ms.
 */
export const ACQUIRE: Script = script(`
local holder = 'h' .. ARGV[1]
if redis.call('SET', KEYS[1], holder, 'NX', 'PX', ARGV[2]) then return 0 end
local held = redis.call('GET', KEYS[1])
if held == 'a' then return 2 end
if held ~= holder then return 1 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 0
`);

/** Holds a lease longer. Returns 1, or 0 if the token has lost it. KEYS and ARGV as above. */
export const RENEW: Script = script(`
if redis.call('GET', KEYS[1]) ~= 'h' .. ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`);

/**
 * Gives a lease back, unless the token has lost it.
 *
 * KEYS: the lease. ARGV: the token; for how many ms others are told to run alone, or 0.
 */
export const RELEASE: Script = script(`
if redis.call('GET', KEYS[1]) ~= 'h' .. ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('UNLINK', KEYS[1]) end
redis.call('SET', KEYS[1], 'a', 'PX', ARGV[2])
return 1
`);

/**
 * Runs a script on the primary that has its first key.
 *
 * A server knows a script by its digest once it has run it. It may forget it at any time: after `SCRIPT FLUSH`, a restart or a
 * failover. Then the script itself is sent.
 */
export async function run(
  { send }: Connection,
  { sha, lua }: Script,
  keys: readonly [string, ...string[]],
  args: readonly Argument[],
): Promise<unknown> {
  const given = [String(keys.length), ...keys, ...args];
  try {
    return await send(keys[0], "EVALSHA", [sha, ...given]);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
    return send(keys[0], "EVAL", [lua, ...given]);
  }
}
