// The functions of Store that create, rename, ignore and remove subjects, remove samples, find a
// sample by its id, and list samples page by page.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "gallery/id.hpp"
#include "gallery/name.hpp"
#include "gallery/store/erasure.hpp"
#include "gallery/store/keys.hpp"
#include "gallery/store/loader.hpp"
#include "gallery/store/store.hpp"
#include "gallery/store/store_plan.hpp"

namespace facebus::gallery {
namespace {

/// Appends to `commands` the command that deletes a sample and its photo, and to `forget` the id of
/// the sample.
void drop_sample(const std::string& id, std::vector<Redis::Command>& commands,
                 std::vector<std::string>& forget) {
    commands.push_back({"DEL", keys::sample(id), keys::photo(id)});
    // Results that contain an element of `forget` are erased. Add only valid ids, because any other
    // text could also occur in results about other people.
    if (valid_id(id)) forget.push_back(id);
}

/// Appends to `commands` the command that marks a subject as ignored, and to `forget` the id of the
/// subject.
void ignore(const std::string& id, std::vector<Redis::Command>& commands,
            std::vector<std::string>& forget) {
    commands.push_back({"HSET", keys::subject(id), "ignored", "1"});
    forget.push_back(id);
}

}  // namespace

Result<Subject> Store::add_subject(const std::string& name) {
    const auto clean = clean_name(name);
    if (!clean) return std::unexpected(clean.error());
    Subject subject{.id = new_id(), .name = *clean, .created = utc_ns()};
    auto written = commit([&]() -> Result<Plan> {
        const auto known = known_subject(name);
        if (!known) return std::unexpected(known.error());
        if (known->has_value()) {
            return fail(ErrorKind::exists,
                        fmt::format("\"{}\" is already in the gallery", (*known)->name));
        }
        return Plan{"add",
                    keys::part_of(subject.id),
                    {{"HSET", keys::names, *clean, subject.id},
                     {"SADD", keys::part(keys::part_of(subject.id)), subject.id},
                     {"HSET", keys::subject(subject.id), "name", *clean, "created",
                      fmt::to_string(subject.created)}},
                    {}};
    });
    if (!written) return std::unexpected(std::move(written.error()));
    return subject;
}

Result<bool> Store::rename(const std::string& name, const std::string& new_name) {
    bool merged = false;
    auto written = commit([&]() -> Result<Plan> {
        const auto from = known_subject(name);
        if (!from) return std::unexpected(from.error());
        if (!from->has_value()) return std::unexpected(unknown_subject(name));
        const auto& id = (*from)->id;
        auto other = known_subject(new_name);
        const auto to = clean_name(new_name);
        // If the new name finds the renamed subject itself, a different subject may still have the
        // clean form of the new name. Look that form up.
        if (to && other && other->has_value() && (*other)->id == id) other = known_subject(*to);
        if (!other) return std::unexpected(other.error());
        merged = other->has_value() && (*other)->id != id;
        Plan plan{"rename", keys::part_of(id), {}, {}};
        if (!merged) {
            if (!to) return std::unexpected(to.error());
            plan.commands = {{"HDEL", keys::names, (*from)->name},
                             {"HSET", keys::names, *to, id},
                             {"HSET", keys::subject(id), "name", *to}};
            return plan;
        }
        const auto& into = (*other)->id;
        // Merge: move the samples to the other subject, then remove the renamed subject.
        const auto samples = sample_ids(id);
        if (!samples) return std::unexpected(samples.error());
        plan.op = "merge";
        for (const std::string& sample : *samples) {
            plan.commands.push_back({"HSET", keys::sample(sample), "subject", into});
            plan.commands.push_back({"RPUSH", keys::subject_samples(into), sample});
        }
        plan.commands.push_back({"HDEL", keys::names, (*from)->name});
        plan.commands.push_back({"SREM", keys::part(plan.part), id});
        plan.commands.push_back({"DEL", keys::subject(id), keys::subject_samples(id)});
        // commit() appends one part of the gallery (see keys.hpp) to the change stream: the part
        // that contains the renamed subject. The part of the other subject changes too, so append
        // it here.
        plan.commands.push_back(
            {"XADD", keys::changes, "*", "op", plan.op, "part", keys::part_of(into)});
        // Erase results that contain the id of the removed subject, because a later removal of the
        // merged subject would not find them.
        plan.forget = {id};
        const auto ignored = redis_.run({"HGET", keys::subject(id), "ignored"});
        if (!ignored) return std::unexpected(ignored.error());
        if (!ignored->nil()) ignore(into, plan.commands, plan.forget);
        return plan;
    });
    if (!written) return std::unexpected(std::move(written.error()));
    return merged;
}

Result<void> Store::set_ignored(const std::string& name, bool ignored) {
    auto written = commit([&]() -> Result<Plan> {
        const auto known = known_subject(name);
        if (!known) return std::unexpected(known.error());
        if (!known->has_value()) return std::unexpected(unknown_subject(name));
        const auto& id = (*known)->id;
        Plan plan{ignored ? "ignore" : "report", keys::part_of(id), {}, {}};
        if (ignored) {
            ignore(id, plan.commands, plan.forget);
        } else {
            plan.commands.push_back({"HDEL", keys::subject(id), "ignored"});
        }
        return plan;
    });
    if (!written) return std::unexpected(std::move(written.error()));
    return {};
}

Result<std::optional<NamedSample>> Store::find_sample(const std::string& id) {
    if (!valid_id(id)) return std::nullopt;
    const auto subject = redis_.run({"HGET", keys::sample(id), "subject"});
    if (!subject) return std::unexpected(subject.error());
    const std::string owner(subject->text());
    if (!valid_id(owner)) return std::nullopt;
    const auto name = redis_.run({"HGET", keys::subject(owner), "name"});
    if (!name) return std::unexpected(name.error());
    auto read = read_samples(redis_, {{owner, id}});
    if (!read) return std::unexpected(std::move(read.error()));
    if (!read->front()) return std::unexpected(std::move(read->front().error()));
    return NamedSample{std::string(name->text()), std::move(*read->front())};
}

Result<std::vector<NamedSample>> Store::samples(const std::vector<SubjectEntry>& subjects,
                                                std::size_t first, std::size_t count) {
    std::vector<SampleKey> keys;
    std::vector<std::string> names;
    for (const auto& entry : subjects) {
        if (keys.size() == count) break;
        // Skip subjects that are completely before this page, without reading their samples.
        if (first >= entry.samples) {
            first -= entry.samples;
            continue;
        }
        const auto ids = sample_ids(entry.subject.id);
        if (!ids) return std::unexpected(ids.error());
        for (auto at = first; at < ids->size() && keys.size() < count; ++at) {
            keys.push_back({entry.subject.id, (*ids)[at]});
            names.push_back(entry.subject.name);
        }
        first = 0;
    }
    auto read = read_samples(redis_, keys);
    if (!read) return std::unexpected(std::move(read.error()));
    std::vector<NamedSample> found;
    for (std::size_t i = 0; i < read->size(); ++i) {
        auto& sample = (*read)[i];
        // Omit damaged samples, and samples that were removed in the meantime.
        if (sample) found.push_back({std::move(names[i]), std::move(*sample)});
    }
    return found;
}

Result<RemovedSample> Store::remove_sample(const std::string& id) {
    if (!valid_id(id)) return std::unexpected(unknown_sample());
    RemovedSample removed;
    auto written = commit([&]() -> Result<Plan> {
        const auto subject = redis_.run({"HGET", keys::sample(id), "subject"});
        if (!subject) return std::unexpected(subject.error());
        const std::string owner(subject->text());
        if (!valid_id(owner)) return std::unexpected(unknown_sample());
        const auto name = redis_.run({"HGET", keys::subject(owner), "name"});
        if (!name) return std::unexpected(name.error());
        const auto ids = sample_ids(owner);
        if (!ids) return std::unexpected(ids.error());
        removed.subject = name->text();
        Plan plan{"remove", keys::part_of(owner), {}, {}};
        drop_sample(id, plan.commands, plan.forget);
        // Replace the list of the subject's samples with one without this sample.
        plan.commands.push_back({"DEL", keys::subject_samples(owner)});
        for (const std::string& other : *ids) {
            if (other != id)
                plan.commands.push_back({"RPUSH", keys::subject_samples(owner), other});
        }
        return plan;
    });
    if (!written) return std::unexpected(std::move(written.error()));
    auto manual_commands = rewrite_files(redis_);
    if (!manual_commands) return std::unexpected(std::move(manual_commands.error()));
    removed.manual_commands = std::move(*manual_commands);
    return removed;
}

/// Deletes the samples of the subject and, if `subject_too` is true, the subject itself. Also
/// deletes the results that contain the id of the subject or of one of the samples, and the memory
/// of the tracks of these results.
Result<Store::DeletedSamples> Store::delete_records(const std::string& name, bool subject_too) {
    DeletedSamples deleted;
    auto written = commit([&]() -> Result<Plan> {
        const auto known = known_subject(name);
        if (!known) return std::unexpected(known.error());
        if (!known->has_value()) return std::unexpected(unknown_subject(name));
        const auto& id = (*known)->id;
        const auto ids = sample_ids(id);
        if (!ids) return std::unexpected(ids.error());
        const auto samples = samples_of(id);
        if (!samples) return std::unexpected(samples.error());
        const auto names = redis_.run({"HLEN", keys::names});
        if (!names) return std::unexpected(names.error());

        // Keep the embeddings: after the deletion, erase() needs them to find traces.
        deleted = {ids->size(), {}};
        for (const auto& sample : *samples) {
            if (sample) deleted.embeddings.push_back(sample->embedding);
        }
        Plan plan{"remove", keys::part_of(id), {}, {id}};
        for (const std::string& sample : *ids) drop_sample(sample, plan.commands, plan.forget);
        plan.commands.push_back({"DEL", keys::subject_samples(id)});
        if (!subject_too) return plan;
        plan.commands.push_back({"HDEL", keys::names, (*known)->name});
        plan.commands.push_back({"SREM", keys::part(plan.part), id});
        plan.commands.push_back({"DEL", keys::subject(id)});
        // If this was the last subject, allow samples of another model.
        if (names->number() == 1) plan.commands.push_back({"DEL", keys::model});
        return plan;
    });
    if (!written) return std::unexpected(std::move(written.error()));
    return deleted;
}

/// Erases the traces of deleted samples in the memory of tracks and in Redis's files.
Result<std::string> Store::erase(const std::vector<Embedding>& embeddings) {
    if (auto forgotten = forget_tracks(redis_, embeddings); !forgotten) {
        return std::unexpected(std::move(forgotten.error()));
    }
    return rewrite_files(redis_);
}

Result<std::string> Store::remove(const std::string& name) {
    const auto deleted = delete_records(name, true);
    if (!deleted) return std::unexpected(deleted.error());
    return erase(deleted->embeddings);
}

Result<Removed> Store::remove_samples(const std::string& name) {
    const auto deleted = delete_records(name, false);
    if (!deleted) return std::unexpected(deleted.error());
    auto manual_commands = erase(deleted->embeddings);
    if (!manual_commands) return std::unexpected(std::move(manual_commands.error()));
    return Removed{deleted->samples, std::move(*manual_commands)};
}

Result<Removed> Store::remove_all(bool subjects_too) {
    const auto all = list();
    if (!all) return std::unexpected(all.error());
    Removed removed;
    std::vector<Embedding> embeddings;
    for (const auto& entry : *all) {
        auto deleted = delete_records(entry.subject.name, subjects_too);
        if (!deleted) {
            // Skip a subject that another program has removed in the meantime.
            const auto found = find(entry.subject.name);
            if (found && !found->has_value()) continue;
            return std::unexpected(std::move(deleted.error()));
        }
        removed.count += subjects_too ? 1 : deleted->samples;
        embeddings.insert(embeddings.end(), deleted->embeddings.begin(), deleted->embeddings.end());
    }
    auto manual_commands = erase(embeddings);
    if (!manual_commands) return std::unexpected(std::move(manual_commands.error()));
    removed.manual_commands = std::move(*manual_commands);
    return removed;
}

}  // namespace facebus::gallery
