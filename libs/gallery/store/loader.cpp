#include "gallery/store/loader.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "gallery/id.hpp"
#include "gallery/name.hpp"
#include "gallery/redis/chunks.hpp"
#include "gallery/store/format.hpp"
#include "gallery/store/keys.hpp"
#include "gallery/store/record.hpp"

namespace facebus::gallery {
namespace {

// Number of parts of the gallery (see keys.hpp) that load_gallery() reads at once. In a gallery of
// a million samples, these parts contain about a thousand samples.
constexpr std::size_t parts_per_batch = 4;
// Number of parts after which freed memory is returned to the system.
constexpr std::size_t parts_per_trim = 64;
// Maximum number of changes to read at once. The change stream is trimmed to about this length.
constexpr const char* max_changes = "100000";

/// Returns the id of a stream entry, or an empty string if the reply is not a stream entry.
std::string entry_id(const Reply& entry) {
    const auto& id_and_fields = entry.elements();
    if (id_and_fields.empty() || !valid_stream_id(id_and_fields.front().text())) return {};
    return std::string(id_and_fields.front().text());
}

/// Returns the ids of the subjects in the given parts, sorted.
Result<std::vector<std::string>> subject_ids(Redis& redis, const std::vector<std::string>& parts) {
    std::vector<std::string> ids;
    Result<void> good{};
    auto listed = for_each_reply(
        redis, parts.size(),
        [&](std::size_t i) -> Redis::Command { return {"SMEMBERS", keys::part(parts[i])}; },
        [&](std::size_t i, const Result<Reply>& reply) {
            if (!reply) good = std::unexpected(reply.error());
            if (!reply) return;
            for (const Reply& member : reply->elements()) {
                std::string id(member.text());
                if (valid_id(id) && keys::part_of(id) == parts[i]) ids.push_back(std::move(id));
            }
        });
    if (!listed) return std::unexpected(std::move(listed.error()));
    if (!good) return std::unexpected(std::move(good.error()));
    std::ranges::sort(ids);
    return ids;
}

/// Reads the subjects with the given ids, with all samples. Returns the subjects in the same order.
/// Omits subjects that no longer exist or have an invalid name, and samples that cannot be read.
/// Fails if Redis replies with an error for a subject or its list of samples, because omitting the
/// subject would silently make an enrolled person unknown. Also fails with the errors of
/// read_samples().
Result<std::vector<SubjectRecord>> read_subjects(Redis& redis, const std::vector<std::string>& ids,
                                                 const std::string& model_id) {
    // Read in three rounds: first the subjects, then the ids of their samples, then the samples.
    std::vector<SubjectRecord> records;
    Result<void> good{};
    auto named = for_each_reply(
        redis, ids.size(),
        [&](std::size_t i) -> Redis::Command {
            return {"HMGET", keys::subject(ids[i]), "name", "created", "ignored"};
        },
        [&](std::size_t i, const Result<Reply>& reply) {
            if (!reply) good = std::unexpected(reply.error());
            if (!reply || reply->elements().size() != 3) return;
            const auto& fields = reply->elements();
            const std::string name(fields[0].text());
            if (!is_stored_name(name)) return;
            records.push_back({{ids[i], name, fields[1].number(), !fields[2].nil()}, {}, 0});
        });
    if (!named) return std::unexpected(std::move(named.error()));
    if (!good) return std::unexpected(std::move(good.error()));

    std::vector<SampleKey> samples;
    std::vector<std::size_t> owners;  // index in `records` for each of `samples`
    auto listed = for_each_reply(
        redis, records.size(),
        [&](std::size_t i) -> Redis::Command {
            return {"LRANGE", keys::subject_samples(records[i].subject.id), "0", "-1"};
        },
        [&](std::size_t i, const Result<Reply>& reply) {
            if (!reply) good = std::unexpected(reply.error());
            if (!reply) return;
            for (const Reply& id : reply->elements()) {
                samples.push_back({records[i].subject.id, std::string(id.text())});
                owners.push_back(i);
            }
        });
    if (!listed) return std::unexpected(std::move(listed.error()));
    if (!good) return std::unexpected(std::move(good.error()));

    auto read = read_samples(redis, samples, model_id);
    if (!read) return std::unexpected(std::move(read.error()));
    for (std::size_t i = 0; i < owners.size(); ++i) {
        auto& record = records[owners[i]];
        if (auto& sample = (*read)[i]) {
            record.samples.push_back(std::move(*sample));
        } else {
            ++record.damaged;
        }
    }
    return records;
}

}  // namespace

Result<std::vector<Result<Sample>>> read_samples(Redis& redis,
                                                 const std::vector<SampleKey>& samples,
                                                 const std::string& model_id) {
    std::vector<Result<Sample>> out;
    out.reserve(samples.size());
    Result<void> good{};
    auto done = for_each_reply(
        redis, samples.size(), [&](std::size_t i) { return read_sample(samples[i].id); },
        [&](std::size_t i, const Result<Reply>& reply) {
            if (!reply) {
                // A sample that Redis temporarily cannot read is not damaged.
                if (reply.error().kind == ErrorKind::unavailable) {
                    good = std::unexpected(reply.error());
                }
                out.push_back(std::unexpected(reply.error()));
                return;
            }
            out.push_back(decode_sample(samples[i].id, *reply, model_id));
            if (out.back() && out.back()->subject_id != samples[i].subject) {
                out.back() =
                    fail(ErrorKind::malformed,
                         fmt::format("sample {} belongs to another subject", samples[i].id));
            }
        });
    if (!done) return std::unexpected(std::move(done.error()));
    if (!good) return std::unexpected(std::move(good.error()));
    return out;
}

Result<std::string> gallery_version(Redis& redis) {
    // Check the format again here, because it can change while a connection stays open.
    auto replies =
        redis.run_each({read_format(), {"XREVRANGE", keys::changes, "+", "-", "COUNT", "1"}});
    if (!replies) return std::unexpected(std::move(replies.error()));
    if (auto good = check_format(replies->front()); !good) {
        return std::unexpected(std::move(good.error()));
    }
    auto& reply = replies->back();
    if (!reply) return std::unexpected(std::move(reply.error()));
    if (reply->elements().empty()) return "0-0";
    auto id = entry_id(reply->elements().front());
    if (id.empty()) {
        return fail(ErrorKind::malformed,
                    "the gallery's change stream is damaged; restore Redis from a backup (see "
                    "docs/operations.md)");
    }
    return id;
}

Result<GalleryChanges> changes_since(Redis& redis, const std::string& version) {
    // Read the entry of `version` and the entries after it. If Redis has trimmed the entry of
    // `version`, it may also have trimmed later entries, so the changes are not complete.
    const auto reply = redis.run({"XRANGE", keys::changes, version, "+", "COUNT", max_changes});
    if (!reply) return std::unexpected(reply.error());
    const auto& entries = reply->elements();
    GalleryChanges changes;
    changes.complete = !entries.empty() && entry_id(entries.front()) == version;
    changes.version = entries.empty() ? "0-0" : entry_id(entries.back());
    for (std::size_t i = 1; i < entries.size() && changes.complete; ++i) {
        const auto& id_and_fields = entries[i].elements();
        bool understood = false;
        if (id_and_fields.size() == 2) {
            const auto& fields = id_and_fields[1].elements();
            for (std::size_t k = 0; k + 1 < fields.size(); k += 2) {
                if (fields[k].text() != "part") continue;
                const std::string part(fields[k + 1].text());
                // The part is empty if the change does not concern subjects, such as a new policy.
                understood = part.empty() || keys::valid_part(part);
                if (!part.empty()) changes.parts.insert(part);
            }
        }
        changes.complete = understood;
    }
    if (changes.version.empty()) changes.complete = false;
    return changes;
}

Result<Snapshot> load_gallery(Redis& redis, const std::string& model_id, std::string version,
                              std::shared_ptr<const ScoreSpace> space) {
    // Read the parts in sorted order, because the builder requires subjects sorted by id.
    Snapshot::Builder builder(model_id, std::move(space));
    const auto parts = keys::all_parts();
    for (std::size_t first = 0; first < parts.size(); first += parts_per_batch) {
        const auto begin = parts.begin() + static_cast<std::ptrdiff_t>(first);
        const auto ids = subject_ids(redis, {begin, begin + parts_per_batch});
        if (!ids) return std::unexpected(ids.error());
        if (ids->empty()) continue;
        const auto records = read_subjects(redis, *ids, model_id);
        if (!records) return std::unexpected(records.error());
        for (const auto& record : *records) builder.add(record);
#if defined(__GLIBC__)
        if (first % parts_per_trim == 0) malloc_trim(0);
#endif
    }
    return builder.finish(std::move(version));
}

Result<Snapshot> reload_parts(Redis& redis, const Snapshot& gallery,
                              const std::set<std::string>& parts, std::string version) {
    // First mark all subjects of these parts as removed. Then replace the mark of each subject that
    // is still in Redis with its record.
    Snapshot::Changes changes;
    for (const auto& part : parts) {
        for (auto& id : gallery.subject_ids(part)) changes[std::move(id)] = std::nullopt;
    }
    const auto ids = subject_ids(redis, {parts.begin(), parts.end()});
    if (!ids) return std::unexpected(ids.error());
    auto records = read_subjects(redis, *ids, gallery.model_id());
    if (!records) return std::unexpected(std::move(records.error()));
    for (auto& record : *records) {
        auto id = record.subject.id;
        changes[std::move(id)] = std::move(record);
    }
    return gallery.with(changes, std::move(version));
}

}  // namespace facebus::gallery
