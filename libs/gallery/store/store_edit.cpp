// The functions of Store that create, rename, ignore and remove subjects, remove samples, find a
// sample by its id, and list samples page by page.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "gallery/id.hpp"
#include "gallery/name.hpp"
#include "gallery/store/keys.hpp"
#include "gallery/store/loader.hpp"
#include "gallery/store/record.hpp"
#include "gallery/store/store.hpp"
#include "gallery/store/store_plan.hpp"

namespace facebus::gallery {
namespace {

/// Appends the command that records an id for the next erasure. `embedding`: that of a sample, if
/// it can be decoded; see keys.hpp.
void record_erasure(std::vector<Redis::Command>& commands, const std::string& id,
                    const std::string& embedding = {}) {
    commands.push_back({"HSET", keys::erasure_recorded, id, embedding});
}

/// Appends the commands that delete a sample with its photo and record it for the next erasure.
void drop_sample(std::vector<Redis::Command>& commands, const std::string& id,
                 const Result<Sample>& sample) {
    commands.push_back({"DEL", keys::sample(id), keys::photo(id)});
    record_erasure(commands, id, sample ? pack(sample->embedding) : std::string());
}

/// Appends the commands that mark a subject as ignored and record it for the next erasure.
void ignore(std::vector<Redis::Command>& commands, const std::string& id) {
    commands.push_back({"HSET", keys::subject(id), "ignored", "1"});
    record_erasure(commands, id);
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
                      fmt::to_string(subject.created)}}};
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
        Plan plan{"rename", keys::part_of(id), {}};
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
        record_erasure(plan.commands, id);
        const auto ignored = redis_.run({"HGET", keys::subject(id), "ignored"});
        if (!ignored) return std::unexpected(ignored.error());
        if (!ignored->nil()) ignore(plan.commands, into);
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
        Plan plan{ignored ? "ignore" : "report", keys::part_of(id), {}};
        if (ignored) {
            ignore(plan.commands, id);
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

Result<std::string> Store::remove_sample(const std::string& id) {
    if (!valid_id(id)) return std::unexpected(unknown_sample());
    std::string subject;
    auto written = commit([&]() -> Result<Plan> {
        const auto stored = redis_.run({"HGET", keys::sample(id), "subject"});
        if (!stored) return std::unexpected(stored.error());
        const std::string owner(stored->text());
        if (!valid_id(owner)) return std::unexpected(unknown_sample());
        const auto name = redis_.run({"HGET", keys::subject(owner), "name"});
        if (!name) return std::unexpected(name.error());
        const auto ids = sample_ids(owner);
        if (!ids) return std::unexpected(ids.error());
        const auto samples = read_samples(redis_, {{owner, id}});
        if (!samples) return std::unexpected(samples.error());
        subject = name->text();
        Plan plan{"remove", keys::part_of(owner), {}};
        drop_sample(plan.commands, id, samples->front());
        // Replace the list of the subject's samples with one without this sample.
        plan.commands.push_back({"DEL", keys::subject_samples(owner)});
        for (const std::string& other : *ids) {
            if (other != id)
                plan.commands.push_back({"RPUSH", keys::subject_samples(owner), other});
        }
        return plan;
    });
    if (!written) return std::unexpected(std::move(written.error()));
    return subject;
}

/// Removes the samples of the subject and, if `subject_too` is true, the subject itself. Returns
/// the number of samples.
Result<std::size_t> Store::remove_records(const std::string& name, bool subject_too) {
    std::size_t removed = 0;
    auto written = commit([&]() -> Result<Plan> {
        const auto known = known_subject(name);
        if (!known) return std::unexpected(known.error());
        if (!known->has_value()) return std::unexpected(unknown_subject(name));
        const auto& id = (*known)->id;
        const auto ids = sample_ids(id);
        if (!ids) return std::unexpected(ids.error());
        std::vector<SampleKey> of_subject;
        for (const std::string& sample : *ids) of_subject.push_back({id, sample});
        const auto samples = read_samples(redis_, of_subject);
        if (!samples) return std::unexpected(samples.error());
        const auto names = redis_.run({"HLEN", keys::names});
        if (!names) return std::unexpected(names.error());

        removed = ids->size();
        Plan plan{"remove", keys::part_of(id), {}};
        // Delete something first: if Redis has reached its memory limit, it refuses a script whose
        // first write needs memory.
        for (std::size_t i = 0; i < ids->size(); ++i) {
            drop_sample(plan.commands, (*ids)[i], (*samples)[i]);
        }
        plan.commands.push_back({"DEL", keys::subject_samples(id)});
        record_erasure(plan.commands, id);
        if (!subject_too) return plan;
        plan.commands.push_back({"HDEL", keys::names, (*known)->name});
        plan.commands.push_back({"SREM", keys::part(plan.part), id});
        plan.commands.push_back({"DEL", keys::subject(id)});
        // If this was the last subject, allow samples of another model.
        if (names->number() == 1) plan.commands.push_back({"DEL", keys::model});
        return plan;
    });
    if (!written) return std::unexpected(std::move(written.error()));
    return removed;
}

Result<void> Store::remove(const std::string& name) {
    if (auto removed = remove_records(name, true); !removed) {
        return std::unexpected(std::move(removed.error()));
    }
    return {};
}

Result<std::size_t> Store::remove_samples(const std::string& name) {
    return remove_records(name, false);
}

Result<std::size_t> Store::remove_all(bool subjects_too) {
    const auto all = list();
    if (!all) return std::unexpected(all.error());
    std::size_t count = 0;
    for (const auto& entry : *all) {
        auto removed = remove_records(entry.subject.name, subjects_too);
        if (!removed) {
            // Skip a subject that another program has removed in the meantime.
            const auto found = find(entry.subject.name);
            if (found && !found->has_value()) continue;
            return std::unexpected(std::move(removed.error()));
        }
        count += subjects_too ? 1 : *removed;
    }
    return count;
}

}  // namespace facebus::gallery
