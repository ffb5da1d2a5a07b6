// Lua scripts that Redis runs for the gallery. Redis executes no other command while a script runs.
#pragma once

#include <string_view>

namespace facebus::gallery::scripts {

/// Commits a write to the gallery, unless another program has written since the caller read the
/// gallery. In that case the caller must read again and retry.
///
/// KEYS: the change stream, the result stream. ARGV: the version of the gallery that the caller
/// read; `op` and `part`, the values of the new entry of the change stream (name of the operation,
/// such as "add", and changed part of the gallery; see keys.hpp); the prefix of track keys; the
/// number of ids to forget; the ids to forget (of subjects and samples); then the commands, each as
/// its number of words followed by its words. Returns the new version, or nil if the caller's
/// version is out of date.
///
/// Forgetting an id removes every result that contains the id in any field, and the stored probes
/// of the tracks of these results. Ids are random, so a search for the 32 digits as a substring
/// finds no other data. XDEL would only mark the entries as deleted, and their bytes would remain
/// in dumps and backups. Therefore the script copies the entries to keep, with their ids, to a new
/// stream. It sets the last id of the new stream to that of the old stream, and then replaces the
/// old stream.
///
/// If no entry remains, the script creates an empty stream by adding an entry and deleting it.
inline constexpr std::string_view commit = R"lua(
local changes, results = KEYS[1], KEYS[2]
local expected, op, part = ARGV[1], ARGV[2], ARGV[3]
local track_prefix, ids = ARGV[4], tonumber(ARGV[5])

local function version()
    local last = redis.call('XREVRANGE', changes, '+', '-', 'COUNT', 1)
    return last[1] and last[1][1] or '0-0'
end

local function last_id(stream)
    local info = redis.call('XINFO', 'STREAM', stream)
    for i = 1, #info, 2 do
        if info[i] == 'last-generated-id' then return info[i + 1] end
    end
end

local function forget()
    local function contains_id(text)
        for i = 6, 5 + ids do
            if string.find(text, ARGV[i], 1, true) then return true end
        end
        return false
    end

    if redis.call('EXISTS', results) == 0 then return end
    local kept = results .. ':kept'
    redis.call('DEL', kept)
    local last, ttl = last_id(results), redis.call('PTTL', results)
    if last == '0-0' then return end
    local from, page, empty = '-', nil, true
    repeat
        page = redis.call('XRANGE', results, from, '+', 'COUNT', 500)
        for _, entry in ipairs(page) do
            local id, fields = entry[1], entry[2]
            local forgotten, track = false, ''
            for i = 1, #fields, 2 do
                forgotten = forgotten or contains_id(fields[i + 1])
                if fields[i] == 'track' then track = fields[i + 1] end
            end
            if not forgotten then
                redis.call('XADD', kept, id, unpack(fields))
                empty = false
            elseif track ~= '' then
                redis.call('DEL', track_prefix .. track)
            end
            from = '(' .. id
        end
    until #page < 500
    if empty then
        redis.call('XADD', kept, last, 'none', '')
        redis.call('XDEL', kept, last)
    end
    redis.call('XSETID', kept, last)
    redis.call('RENAME', kept, results)
    if ttl > 0 then redis.call('PEXPIRE', results, ttl) end
end

if version() ~= expected then return false end
if ids > 0 then forget() end
local at = 6 + ids
while at <= #ARGV do
    local words = tonumber(ARGV[at])
    redis.call(unpack(ARGV, at + 1, at + words))
    at = at + 1 + words
end
return redis.call('XADD', changes, 'MAXLEN', '~', '100000', '*', 'op', op, 'part', part)
)lua";

/// Stores a probe, unless a probe with this id is already stored or the track is full. Restarts the
/// time until the track expires.
///
/// KEYS: the key of the track. ARGV: probe id, packed probe, maximum number of probes, seconds
/// until the track expires. Returns all probes of the track, in the format of HGETALL.
inline constexpr std::string_view remember = R"lua(
local track = KEYS[1]
if redis.call('HLEN', track) < tonumber(ARGV[3]) then
    redis.call('HSETNX', track, ARGV[1], ARGV[2])
end
redis.call('EXPIRE', track, ARGV[4])
return redis.call('HGETALL', track)
)lua";

/// Appends a result, trims old entries, and restarts the time until the whole stream expires.
///
/// KEYS: the result stream. ARGV: milliseconds to keep results, topic, header, subject id, track,
/// the prefix of subject keys, and the ids of all other subjects that the header names. Returns the
/// id of the entry. If one of the subjects was removed or is ignored, does nothing and returns nil:
/// a late result must not restore data of a removed person or report an ignored one.
inline constexpr std::string_view publish = R"lua(
local keep, prefix = tonumber(ARGV[1]), ARGV[6]
local function unreported(id)
    local key = prefix .. id
    return id ~= '' and (redis.call('EXISTS', key) == 0 or redis.call('HEXISTS', key, 'ignored') == 1)
end
if unreported(ARGV[4]) then return false end
for i = 7, #ARGV do
    if unreported(ARGV[i]) then return false end
end
local now = redis.call('TIME')
local oldest = now[1] * 1000 + math.floor(now[2] / 1000) - keep
local id = redis.call('XADD', KEYS[1], 'MINID', '~', string.format('%.0f', math.max(0, oldest)), '*',
    'topic', ARGV[2], 'header', ARGV[3], 'subject', ARGV[4], 'track', ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return id
)lua";

}  // namespace facebus::gallery::scripts
