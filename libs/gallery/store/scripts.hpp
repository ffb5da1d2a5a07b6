// Lua scripts that Redis runs for the gallery. Redis executes no other command while a script runs.
#pragma once

#include <string_view>

namespace facebus::gallery::scripts {

/// Commits a write to the gallery, unless another program has written since the caller read the
/// gallery. In that case the caller must read again and retry.
///
/// KEYS: the change stream. ARGV: the version of the gallery that the caller read; `op` and `part`,
/// the values of the new entry of the change stream (name of the operation, such as "add", and
/// changed part of the gallery; see keys.hpp); then the commands, each as its number of words
/// followed by its words. Returns the new version, or nil if the caller's version is out of date.
inline constexpr std::string_view commit = R"lua(
local changes = KEYS[1]
local expected, op, part = ARGV[1], ARGV[2], ARGV[3]
local last = redis.call('XREVRANGE', changes, '+', '-', 'COUNT', 1)
if (last[1] and last[1][1] or '0-0') ~= expected then return false end
local at = 4
while at <= #ARGV do
    local words = tonumber(ARGV[at])
    redis.call(unpack(ARGV, at + 1, at + words))
    at = at + 1 + words
end
return redis.call('XADD', changes, 'MAXLEN', '~', '100000', '*', 'op', op, 'part', part)
)lua";

// The scripts `erase_…` are the steps of an erasure; see class Eraser. KEYS of all: the keys
// erasure_state, erasure_recorded, erasure_running, results and erasure_kept.
//
// Fields of the state: `id` of the erasure; `phase`, a name of ErasurePhase; `cursor`, where
// erase_results continues; `gaps`, set if results were deleted; `aof` and `rdb`, the number of
// rewrites before the phase `files`. Every script that has the argument `erasure id` does nothing
// if this erasure is no longer in the phase of the script, because another program was faster.
// The flag `allow-oom` makes an erasure possible when Redis has reached its memory limit.

/// Starts an erasure if some removals are recorded and no other erasure is before the phase
/// `files`. The new erasure ends with a rewrite of the files, so it replaces one in that phase. If
/// the state of an erasure was lost, starts this erasure again.
///
/// ARGV: id of the erasure to start. Returns the state.
inline constexpr std::string_view erase_begin = R"lua(#!lua flags=allow-oom
local state, recorded, running, kept = KEYS[1], KEYS[2], KEYS[3], KEYS[5]
local phase = redis.call('HGET', state, 'phase')
if not phase and redis.call('EXISTS', running) == 1 then
    redis.call('UNLINK', kept)
    -- Results may have been deleted before the state was lost, so they must be copied.
    redis.call('HSET', state, 'id', ARGV[1], 'phase', 'results', 'cursor', '-', 'gaps', '1')
elseif (not phase or phase == 'files') and redis.call('EXISTS', recorded) == 1 then
    redis.call('UNLINK', state, running, kept)
    redis.call('RENAME', recorded, running)
    redis.call('HSET', state, 'id', ARGV[1], 'phase', 'results', 'cursor', '-')
end
return redis.call('HGETALL', state)
)lua";

/// Deletes, from one page of the results, those that contain a removed id in any field, and the
/// stored probes of their tracks. Ids are random, so a search for 32 hex digits as a substring
/// finds no other data.
///
/// ARGV: erasure id, number of results per page, prefix of track keys.
inline constexpr std::string_view erase_results = R"lua(#!lua flags=allow-oom
local state, running, results = KEYS[1], KEYS[3], KEYS[4]
local progress = redis.call('HMGET', state, 'id', 'phase', 'cursor')
if progress[1] ~= ARGV[1] or progress[2] ~= 'results' then return end
local count, id_pattern = tonumber(ARGV[2]), string.rep('%x', 32)

local function contains_removed_id(text)
    local first, last = string.find(text, id_pattern)
    while first do
        if redis.call('HEXISTS', running, string.sub(text, first, last)) == 1 then return true end
        first, last = string.find(text, id_pattern, first + 1)
    end
    return false
end

local page = redis.call('XRANGE', results, progress[3], '+', 'COUNT', count)
for _, entry in ipairs(page) do
    local id, fields = entry[1], entry[2]
    local removed, track = false, ''
    for i = 1, #fields, 2 do
        removed = removed or contains_removed_id(fields[i + 1])
        if fields[i] == 'track' then track = fields[i + 1] end
    end
    if removed then
        redis.call('XDEL', results, id)
        redis.call('HSET', state, 'gaps', '1')
        if track ~= '' then redis.call('UNLINK', ARGV[3] .. track) end
    end
end
if #page == count then
    redis.call('HSET', state, 'cursor', '(' .. page[count][1])
else
    redis.call('HSET', state, 'phase',
        redis.call('HEXISTS', state, 'gaps') == 1 and 'copy' or 'tracks')
end
)lua";

/// Copies one page of the results, with their ids, to a new stream. After the last page, replaces
/// the result stream with the new one. This is necessary because XDEL only marks entries as
/// deleted, and their bytes would remain in dumps and backups.
///
/// ARGV: erasure id, number of results per page.
inline constexpr std::string_view erase_copy = R"lua(#!lua flags=allow-oom
local state, results, kept = KEYS[1], KEYS[4], KEYS[5]
local progress = redis.call('HMGET', state, 'id', 'phase')
if progress[1] ~= ARGV[1] or progress[2] ~= 'copy' then return end
local count = tonumber(ARGV[2])

local function last_id(stream)
    local info = redis.call('XINFO', 'STREAM', stream)
    for i = 1, #info, 2 do
        if info[i] == 'last-generated-id' then return info[i + 1] end
    end
end

local from = redis.call('EXISTS', kept) == 1 and '(' .. last_id(kept) or '-'
local page = redis.call('XRANGE', results, from, '+', 'COUNT', count)
for _, entry in ipairs(page) do
    redis.call('XADD', kept, entry[1], unpack(entry[2]))
end
local ttl = redis.call('PTTL', results)
if ttl > 0 then redis.call('PEXPIRE', kept, ttl) end
if #page == count then return end
if redis.call('EXISTS', results) == 1 and redis.call('EXISTS', kept) == 1 then
    redis.call('XSETID', kept, last_id(results))
    -- RENAME would block Redis while it frees an old stream under the new name.
    redis.call('RENAME', results, kept .. ':old')
    redis.call('RENAME', kept, results)
end
redis.call('UNLINK', kept, kept .. ':old')
redis.call('HSET', state, 'phase', 'tracks')
)lua";

/// Ends the phase `tracks` and deletes the ids and embeddings of removed samples, so that the
/// rewritten files do not contain them.
///
/// ARGV: erasure id.
inline constexpr std::string_view erase_tracks_done = R"lua(#!lua flags=allow-oom
local progress = redis.call('HMGET', KEYS[1], 'id', 'phase')
if progress[1] ~= ARGV[1] or progress[2] ~= 'tracks' then return end
redis.call('UNLINK', KEYS[3])
redis.call('HSET', KEYS[1], 'phase', 'files')
)lua";

/// Sets a field of the state in the phase `files`.
///
/// ARGV: erasure id, field, value.
inline constexpr std::string_view erase_set = R"lua(#!lua flags=allow-oom
if redis.call('HGET', KEYS[1], 'id') == ARGV[1] then
    redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
end
)lua";

/// Ends the erasure.
///
/// ARGV: erasure id.
inline constexpr std::string_view erase_end = R"lua(#!lua flags=allow-oom
if redis.call('HGET', KEYS[1], 'id') == ARGV[1] then redis.call('DEL', KEYS[1]) end
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
for i = 8, #ARGV do
    if unreported(ARGV[i]) then return false end
end
if ARGV[7] ~= '' then
    for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '(' .. ARGV[7], '+', 'COUNT', 100)) do
        for i = 1, #entry[2], 2 do
            if entry[2][i] == 'header' and entry[2][i + 1] == ARGV[3] then return entry[1] end
        end
    end
end
local now = redis.call('TIME')
local oldest = now[1] * 1000 + math.floor(now[2] / 1000) - keep
local id = redis.call('XADD', KEYS[1], 'MINID', '~', string.format('%.0f', math.max(0, oldest)), '*',
    'topic', ARGV[2], 'header', ARGV[3], 'subject', ARGV[4], 'track', ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return id
)lua";

}  // namespace facebus::gallery::scripts
