#include "gallery/history/deliveries.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "gallery/id.hpp"
#include "gallery/store/format.hpp"
#include "gallery/store/keys.hpp"

namespace facebus::gallery {
namespace {

// In the scripts, `now` is the time in milliseconds by the clock of Redis.

/// KEYS: the state. ARGV: result, attempts, error, milliseconds until the next attempt.
constexpr std::string_view record_failure_script = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'result', ARGV[1], 'attempts', ARGV[2], 'error', ARGV[3],
    'error_ms', string.format('%.0f', now), 'retry_ms', string.format('%.0f', now + ARGV[4]))
)lua";

/// KEYS: the dead letters. ARGV: result, status, attempts, maximum number of dead letters. Returns
/// the number of dropped dead letters.
///
/// Adds no second dead letter for the same result: the sender repeats this after a crash.
constexpr std::string_view add_script = R"lua(
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if last[1] and last[1][2][2] == ARGV[1] then return 0 end
local before = redis.call('XLEN', KEYS[1])
redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[4], '*',
    'result', ARGV[1], 'status', ARGV[2], 'attempts', ARGV[3])
return before + 1 - redis.call('XLEN', KEYS[1])
)lua";

/// Checks one page of dead letters. KEYS: the dead letters, the history. ARGV: start of the page.
/// Returns the id of the last dead letter of the page, or nil if there are no more.
constexpr std::string_view remove_expired_script = R"lua(
local page = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', 500)
for _, letter in ipairs(page) do
    local result = letter[2][2]
    -- An error means that `result` is not an id.
    local found = redis.pcall('XRANGE', KEYS[2], result, result)
    if found.err or #found == 0 then
        redis.call('XDEL', KEYS[1], letter[1])
    end
end
return page[500] and page[500][1] or false
)lua";

/// KEYS: the state.
constexpr std::string_view request_replay_script = R"lua(
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'replay',
    string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
)lua";

/// KEYS: the state. ARGV: the replay request.
constexpr std::string_view finish_replay_script = R"lua(
if redis.call('HGET', KEYS[1], 'replay') == ARGV[1] then redis.call('HDEL', KEYS[1], 'replay') end
)lua";

/// Drops the value of a result.
Result<void> done(const Result<Reply>& reply) {
    if (!reply) return std::unexpected(reply.error());
    return {};
}

/// Decodes a dead letter. If it is invalid, `result` of the returned value is empty.
DeadLetter decode(const Reply& reply) {
    DeadLetter letter;
    const auto& parts = reply.elements();
    if (parts.size() != 2) return letter;
    letter.id = parts[0].text();
    const auto& fields = parts[1].elements();
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        const auto& value = fields[i + 1];
        if (fields[i].text() == "result" && valid_stream_id(value.text())) {
            letter.result = value.text();
        }
        if (fields[i].text() == "status") letter.status = static_cast<int>(value.number());
        if (fields[i].text() == "attempts") letter.attempts = static_cast<int>(value.number());
    }
    return letter;
}

}  // namespace

Deliveries::Deliveries(const RedisOptions& options, const std::string& name)
    : redis_(connect_to_data(options)),
      position_(keys::reader(name)),
      state_(keys::delivery(name)),
      dead_letters_(keys::dead_letters(name)) {}

Result<DeliveryState> Deliveries::state() {
    const auto replies = redis_.pipeline(
        {{"HMGET", state_, "result", "attempts", "error", "error_ms", "retry_ms", "replay"},
         {"XLEN", dead_letters_},
         {"GET", position_}});
    if (!replies) return std::unexpected(replies.error());
    const auto& fields = (*replies)[0].elements();
    if (fields.size() != 6) {
        return fail(ErrorKind::malformed, "Redis sent an unexpected reply to HMGET");
    }
    return DeliveryState{.position = valid_stream_id((*replies)[2].text())
                                         ? std::string((*replies)[2].text())
                                         : std::string(),
                         .result = std::string(fields[0].text()),
                         .attempts = static_cast<int>(fields[1].number()),
                         .error = std::string(fields[2].text()),
                         .error_ms = fields[3].number(),
                         .retry_ms = fields[4].number(),
                         .replay = std::string(fields[5].text()),
                         .dead_letters = static_cast<std::size_t>((*replies)[1].number())};
}

Result<void> Deliveries::record_failure(const std::string& result, int attempts,
                                        const std::string& error, std::chrono::milliseconds delay) {
    return done(
        redis_.eval(record_failure_script, {state_},
                    {result, fmt::to_string(attempts), error, fmt::to_string(delay.count())}));
}

Result<void> Deliveries::record_success() {
    return done(redis_.run({"HDEL", state_, "result", "attempts", "retry_ms"}));
}

Result<void> Deliveries::end_back_off() {
    return done(redis_.run({"HDEL", state_, "retry_ms"}));
}

Result<std::size_t> Deliveries::add(const std::string& result, int status, int attempts) {
    const auto dropped = redis_.eval(add_script, {dead_letters_},
                                     {result, fmt::to_string(status), fmt::to_string(attempts),
                                      fmt::to_string(max_dead_letters)});
    if (!dropped) return std::unexpected(dropped.error());
    return static_cast<std::size_t>(dropped->number());
}

Result<void> Deliveries::remove_expired() {
    std::string start = "-";
    while (true) {
        const auto last =
            redis_.eval(remove_expired_script, {dead_letters_, keys::results}, {start});
        if (!last) return std::unexpected(last.error());
        if (last->nil()) return {};
        start = "(" + std::string(last->text());
    }
}

Result<std::optional<DeadLetter>> Deliveries::next(const std::string& id,
                                                   const std::string& replay) {
    const auto page = redis_.run({"XRANGE", dead_letters_, "(" + id, replay, "COUNT", "1"});
    if (!page) return std::unexpected(page.error());
    if (page->elements().empty()) return std::nullopt;
    return decode(page->elements().front());
}

Result<void> Deliveries::remove(const std::string& id) {
    return done(redis_.run({"XDEL", dead_letters_, id}));
}

Result<void> Deliveries::finish_replay(const std::string& replay) {
    return done(redis_.eval(finish_replay_script, {state_}, {replay}));
}

Result<std::vector<DeadLetter>> Deliveries::dead_letters() {
    const auto page = redis_.run({"XRANGE", dead_letters_, "-", "+"});
    if (!page) return std::unexpected(page.error());
    std::vector<DeadLetter> letters;
    for (const auto& reply : page->elements()) letters.push_back(decode(reply));
    return letters;
}

Result<void> Deliveries::request_replay() {
    return done(redis_.eval(request_replay_script, {state_}, {}));
}

Result<std::size_t> Deliveries::clear() {
    const auto replies = redis_.pipeline({{"XLEN", dead_letters_}, {"DEL", dead_letters_}});
    if (!replies) return std::unexpected(replies.error());
    return static_cast<std::size_t>(replies->front().number());
}

Result<std::vector<std::string>> reader_names(const RedisOptions& options,
                                              const std::string& prefix) {
    auto redis = connect_to_data(options);
    std::set<std::string> names;  // SCAN can return a key several times
    std::string cursor = "0";
    do {
        const auto page =
            redis.run({"SCAN", cursor, "MATCH", keys::reader(prefix) + "*", "COUNT", "1000"});
        if (!page) return std::unexpected(page.error());
        if (page->elements().size() != 2) {
            return fail(ErrorKind::malformed, "Redis sent an unexpected reply to SCAN");
        }
        cursor = page->elements()[0].text();
        for (const auto& key : page->elements()[1].elements()) {
            names.emplace(key.text().substr(keys::reader_prefix.size()));
        }
    } while (cursor != "0");
    return std::vector<std::string>(names.begin(), names.end());
}

}  // namespace facebus::gallery
