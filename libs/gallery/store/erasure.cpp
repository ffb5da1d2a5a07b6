#include "gallery/store/erasure.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "gallery/id.hpp"
#include "gallery/store/format.hpp"
#include "gallery/store/keys.hpp"
#include "gallery/store/record.hpp"
#include "gallery/store/scripts.hpp"

namespace facebus::gallery {
namespace {

// Results per step. With results of 1 kB, such a step blocks Redis for a few milliseconds.
constexpr int results_per_step = 100;
// If more samples are removed, nearly every track is a plausible match of one of them.
constexpr std::size_t max_samples_to_compare = 10'000;

struct PhaseName {
    ErasurePhase phase;
    std::string_view name;  ///< in Redis
    std::string_view description;
};
constexpr std::array phases{
    PhaseName{ErasurePhase::results, "results", "erasing results"},
    PhaseName{ErasurePhase::copy, "copy", "copying the remaining results"},
    PhaseName{ErasurePhase::tracks, "tracks", "erasing tracks"},
    PhaseName{ErasurePhase::files, "files", "waiting until Redis has rewritten its files"},
    PhaseName{ErasurePhase::none, "", "no erasure is pending"}};

/// Returns whether the track could show the person in `samples`: whether any of its probes is a
/// plausible match (see plausible_match) or cannot be decoded. `track` is a reply to HGETALL.
bool may_show(const Reply& track, const std::vector<Embedding>& samples) {
    const auto& fields = track.elements();
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        const auto stored = unpack_probe(std::string(fields[i].text()), fields[i + 1].text());
        // A probe that cannot be decoded could show the person, so the track must be erased.
        if (!stored) return true;
        const bool similar = std::ranges::any_of(samples, [&](const Embedding& sample) {
            return similarity(stored->probe.embedding, sample) > plausible_match;
        });
        if (similar) return true;
    }
    return false;
}

/// Returns the value of a Redis setting, or an empty string if it cannot be read.
std::string read_setting(Redis& redis, const std::string& name) {
    const auto reply = redis.run({"CONFIG", "GET", name});
    if (!reply || reply->elements().size() != 2) return {};
    return std::string(reply->elements()[1].text());
}

/// Returns the elements of a page, the reply to SCAN or a similar command. Sets `cursor` to that of
/// the next page. Such an iteration does not block Redis, and returns every element that exists all
/// the time.
Result<std::vector<std::string>> read_page(const Result<Reply>& page, std::string& cursor) {
    if (!page) return std::unexpected(page.error());
    if (page->elements().size() != 2) {
        return fail(ErrorKind::malformed, "Redis sent an unexpected reply to SCAN");
    }
    cursor = page->elements()[0].text();
    std::vector<std::string> elements;
    for (const Reply& element : page->elements()[1].elements()) {
        elements.emplace_back(element.text());
    }
    return elements;
}

/// Returns the KEYS of the scripts of an erasure.
std::vector<std::string> script_keys() {
    return {keys::erasure_state, keys::erasure_recorded, keys::erasure_running, keys::results,
            keys::erasure_kept};
}

Error not_rewritten(const std::string& why) {
    return {ErrorKind::unavailable,
            "Redis's files on disk still contain data of removed people: " + why};
}

}  // namespace

/// One of the files that Redis writes to disk.
struct Eraser::File {
    std::string field;  ///< field of the state in Redis
    Redis::Command command;
    // Fields of the reply to INFO:
    std::string_view in_progress;
    std::string_view count;  ///< rewrites begun since Redis started
    std::string_view status;
};

std::string_view describe(ErasurePhase phase) {
    return std::ranges::find(phases, phase, &PhaseName::phase)->description;
}

Eraser::Eraser(RedisOptions options) : redis_(connect_to_data(std::move(options))) {}

/// Returns the state of the erasure that runs now. Starts one if necessary; see
/// scripts::erase_begin.
Result<Eraser::State> Eraser::begin() {
    // Do not run the script needlessly: Redis rejects scripts that write after it has failed to
    // save an RDB snapshot, and the phase `files` must then try again.
    const auto stored = redis_.pipeline({{"HGETALL", keys::erasure_state},
                                         {"EXISTS", keys::erasure_recorded},
                                         {"EXISTS", keys::erasure_running}});
    if (!stored) return std::unexpected(stored.error());
    auto state = decode((*stored)[0]);
    if (!state) return state;
    const bool none = state->phase == ErasurePhase::none;
    const bool recorded = (*stored)[1].number() != 0;
    const bool running = (*stored)[2].number() != 0;
    const bool start =
        (recorded && (none || state->phase == ErasurePhase::files)) || (running && none);
    if (!start) return state;
    const auto begun = redis_.eval(scripts::erase_begin, script_keys(), {new_id()});
    if (!begun) return std::unexpected(begun.error());
    return decode(*begun);
}

/// Decodes the state, a reply to HGETALL.
Result<Eraser::State> Eraser::decode(const Reply& reply) {
    State state;
    std::string phase;
    const auto& fields = reply.elements();
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        std::string value(fields[i + 1].text());
        if (fields[i].text() == "id") {
            state.id = std::move(value);
        } else if (fields[i].text() == "phase") {
            phase = std::move(value);
        } else {
            state.rewrites.emplace(fields[i].text(), std::move(value));
        }
    }
    const auto* known = std::ranges::find(phases, phase, &PhaseName::name);
    if (known == phases.end() || state.id.empty() != phase.empty()) {
        return fail(ErrorKind::malformed,
                    fmt::format("{} in Redis is damaged; delete this key, then the erasure starts "
                                "again",
                                keys::erasure_state));
    }
    state.phase = known->phase;
    return state;
}

Result<ErasurePhase> Eraser::phase() {
    const auto state = begin();
    if (!state) return std::unexpected(state.error());
    return state->phase;
}

Result<void> Eraser::run_script(std::string_view script,
                                const std::vector<std::string>& arguments) {
    const auto reply = redis_.eval(script, script_keys(), arguments);
    if (!reply) return std::unexpected(reply.error());
    return {};
}

Result<ErasurePhase> Eraser::step() {
    const auto state = begin();
    if (!state) return std::unexpected(state.error());
    const auto page = fmt::to_string(results_per_step);
    Result<void> done{};
    switch (state->phase) {
        case ErasurePhase::results:
            done = run_script(scripts::erase_results, {state->id, page, keys::track_prefix});
            break;
        case ErasurePhase::copy:
            done = run_script(scripts::erase_copy, {state->id, page});
            break;
        case ErasurePhase::tracks: {
            const auto forgotten = forget_tracks(state->id);
            if (!forgotten) {
                scan_.reset();
                done = std::unexpected(forgotten.error());
            } else if (*forgotten) {
                scan_.reset();
                done = run_script(scripts::erase_tracks_done, {state->id});
            }
            break;
        }
        case ErasurePhase::files: {
            const auto rewritten = rewrite_files(*state);
            if (!rewritten) {
                done = std::unexpected(rewritten.error());
            } else if (*rewritten) {
                done = run_script(scripts::erase_end, {state->id});
            }
            break;
        }
        case ErasurePhase::none:
            break;
    }
    if (!done) return std::unexpected(done.error());
    return phase();
}

/// Returns the embeddings of the removed samples.
Result<std::vector<Embedding>> Eraser::removed_samples() {
    std::vector<Embedding> samples;
    std::string cursor = "0";
    do {
        const auto page = redis_.run({"HSCAN", keys::erasure_running, cursor, "COUNT", "200"});
        const auto fields = read_page(page, cursor);
        if (!fields) return std::unexpected(fields.error());
        for (std::size_t i = 1; i < fields->size(); i += 2) {
            // Subjects and damaged samples have no embedding.
            const auto& bytes = (*fields)[i];
            const auto dimensions = bytes.size() == sface_size * 4 ? sface_size : embedding_size;
            if (auto embedding = unpack(bytes, dimensions)) samples.push_back(*embedding);
        }
    } while (cursor != "0");
    return samples;
}

/// Reads what a new TrackScan needs.
Result<Eraser::TrackScan> Eraser::start_scan(const std::string& erasure) {
    TrackScan scan{.erasure = erasure};
    const auto removed = redis_.run({"HLEN", keys::erasure_running});
    if (!removed) return std::unexpected(removed.error());
    scan.all = static_cast<std::size_t>(removed->number()) > max_samples_to_compare;
    if (scan.all) return scan;
    auto samples = removed_samples();
    if (!samples) return std::unexpected(std::move(samples.error()));
    scan.samples = std::move(*samples);
    return scan;
}

/// Checks one page of the tracks. Returns whether it was the last one.
Result<bool> Eraser::forget_tracks(const std::string& erasure) {
    if (!scan_ || scan_->erasure != erasure) {
        auto started = start_scan(erasure);
        if (!started) return std::unexpected(std::move(started.error()));
        scan_ = std::move(*started);
    }
    if (!scan_->all && scan_->samples.empty()) return true;
    const auto page =
        redis_.run({"SCAN", scan_->cursor, "MATCH", keys::track_prefix + "*", "COUNT", "1000"});
    const auto names = read_page(page, scan_->cursor);
    if (!names) return std::unexpected(names.error());
    for (const auto& name : *names) {
        if (!scan_->all) {
            const auto track = redis_.run({"HGETALL", name});
            if (!track && track.error().kind == ErrorKind::unavailable) {
                return std::unexpected(track.error());
            }
            // After any other error, such as a value of the wrong type or a reply that is too
            // large, the track cannot be checked, so delete it.
            if (track && !may_show(*track, scan_->samples)) continue;
        }
        if (auto deleted = redis_.run({"UNLINK", name}); !deleted) {
            return std::unexpected(deleted.error());
        }
    }
    return scan_->cursor == "0";
}

/// Returns the fields of the reply to INFO.
Result<Eraser::Info> Eraser::info() {
    const auto reply = redis_.run({"INFO"});
    if (!reply) {
        if (reply.error().kind == ErrorKind::unavailable) return std::unexpected(reply.error());
        return std::unexpected(not_rewritten(
            fmt::format("the progress of rewriting them is unknown ({}); give the Redis user the "
                        "rights of the role enrol in deploy/redis/roles",
                        reply.error().message)));
    }
    Info fields;
    std::string_view rest = reply->text();
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find("\r\n"));
        rest.remove_prefix(std::min(rest.size(), line.size() + 2));
        if (const auto colon = line.find(':'); colon != std::string_view::npos) {
            fields.emplace(line.substr(0, colon), line.substr(colon + 1));
        }
    }
    return fields;
}

/// Returns whether Redis has completed a rewrite that began in the phase `files`. Requests one if
/// none has begun, or if the last one failed before this call or an earlier call has reported that.
/// The state contains Redis's run id and the number of rewrites at an earlier time in this phase;
/// the number restarts at 0 when Redis restarts.
Result<bool> Eraser::rewritten(const State& state, const File& file) {
    const auto& command = file.command.front();
    const auto now = info();
    if (!now) return std::unexpected(now.error());
    const auto field = [](const Info& fields, std::string_view name) {
        const auto found = fields.find(name);
        return found == fields.end() ? std::string() : found->second;
    };
    const auto current = field(*now, "run_id") + " " + field(*now, file.count);
    if (current.starts_with(' ') || current.ends_with(' ')) {
        return std::unexpected(not_rewritten(
            fmt::format("this Redis does not report `{}`; use Redis 7.0 or newer", file.count)));
    }
    const auto start = state.rewrites.find(file.field);
    if (start == state.rewrites.end()) {
        auto set = run_script(scripts::erase_set, {state.id, file.field, current});
        if (!set) return std::unexpected(std::move(set.error()));
        return false;
    }
    const auto running = [&](const Info& fields) {
        return field(fields, file.in_progress) == "1" ||
               field(fields, "aof_rewrite_scheduled") == "1";
    };
    const auto begun = [&](const Info& fields) {
        const auto run = field(fields, "run_id") + " ";
        const auto count = field(fields, file.count);
        return start->second.starts_with(run) ? start->second != run + count : count != "0";
    };
    if (running(*now)) return false;
    if (begun(*now)) {
        if (field(*now, file.status) == "ok") return true;
        if (std::exchange(requested_, {}) == file.field) {
            return std::unexpected(not_rewritten(fmt::format(
                "{} failed; check Redis's log and the free space on its disk", command)));
        }
    }
    const auto reply = redis_.run(file.command);
    if (reply) {
        requested_ = file.field;
        return false;
    }
    if (reply.error().kind == ErrorKind::unavailable) return std::unexpected(reply.error());
    // Redis also rejects the command if a rewrite has begun since INFO was read.
    const auto later = info();
    if (later && running(*later)) return false;
    return std::unexpected(not_rewritten(
        fmt::format("Redis refused {} ({}); fix this, or ask the Redis administrator to run {}",
                    command, reply.error().message, command)));
}

Result<bool> Eraser::rewrite_files(const State& state) {
    static const std::vector<File> files{{"aof",
                                          {"BGREWRITEAOF"},
                                          "aof_rewrite_in_progress",
                                          "aof_rewrites",
                                          "aof_last_bgrewrite_status"},
                                         {"rdb",
                                          {"BGSAVE", "SCHEDULE"},
                                          "rdb_bgsave_in_progress",
                                          "rdb_saves",
                                          "rdb_last_bgsave_status"}};
    // Redis writes an append-only file, unless the setting `appendonly` is "no", and RDB
    // snapshots, if the setting `save` contains save points. If the settings cannot be read, only
    // the append-only file is rewritten.
    const bool log = read_setting(redis_, "appendonly") != "no";
    const bool snapshots = !read_setting(redis_, "save").empty();
    for (const auto& file : files) {
        if (!(file.field == "aof" ? log : snapshots)) continue;
        const auto done = rewritten(state, file);
        if (!done || !*done) return done;
    }
    return true;
}

}  // namespace facebus::gallery
