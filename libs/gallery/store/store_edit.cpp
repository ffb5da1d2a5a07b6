// The functions of Store that create, rename, ignore and remove subjects, remove samples, find a
// sample by its id, and list samples page by page.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "gallery/id.hpp"
#include "gallery/name.hpp"
#include "gallery/redis/chunks.hpp"
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

/// Returns the packed further embedding of each sample, or an empty string if it has none.
Result<std::vector<std::string>> further_embeddings(Redis& redis,
                                                    const std::vector<std::string>& ids) {
    std::vector<std::string> all;
    auto read = for_each_reply(
        redis, ids.size(),
        [&](std::size_t i) -> Redis::Command {
            return {"HGET", keys::sample(ids[i]), "next_embedding"};
        },
        [&](std::size_t, const Result<Reply>& reply) {
            all.emplace_back(reply ? reply->text() : std::string_view());
        });
    if (!read) return std::unexpected(std::move(read.error()));
    return all;
}

/// Appends the commands that delete a sample with its photo and record it for the next erasure,
/// with both of its embeddings.
void drop_sample(std::vector<Redis::Command>& commands, const std::string& id,
                 const Result<Sample>& sample, const std::string& further) {
    commands.push_back({"DEL", keys::sample(id), keys::photo(id)});
    record_erasure(
        commands, id,
        sample ? pack(sample->embedding, dimensions_of(sample->model_id)) : std::string());
    if (!further.empty()) record_erasure(commands, id + ":next", further);
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

/// Plans to move the samples of `from`, which have these ids, to the subject with the id `into`,
/// and to remove the subject `from`.
Result<Store::Plan> Store::plan_merge(const Known& from, const std::string& into,
                                      const std::vector<std::string>& samples) {
    Plan plan{"merge", keys::part_of(from.id), {}};
    for (const std::string& sample : samples) {
        plan.commands.push_back({"HSET", keys::sample(sample), "subject", into});
        plan.commands.push_back({"RPUSH", keys::subject_samples(into), sample});
    }
    plan.commands.push_back({"HDEL", keys::names, from.name});
    plan.commands.push_back({"SREM", keys::part(plan.part), from.id});
    plan.commands.push_back({"DEL", keys::subject(from.id), keys::subject_samples(from.id)});
    // commit() appends one part of the gallery (see keys.hpp) to the change stream: the part that
    // contains the removed subject. The part of the other subject changes too, so append it here.
    plan.commands.push_back(
        {"XADD", keys::changes, "*", "op", plan.op, "part", keys::part_of(into)});
    // Erase results that contain the id of the removed subject, because a later removal of the
    // merged subject would not find them.
    record_erasure(plan.commands, from.id);
    const auto ignored = redis_.run({"HGET", keys::subject(from.id), "ignored"});
    if (!ignored) return std::unexpected(ignored.error());
    if (!ignored->nil()) ignore(plan.commands, into);
    return plan;
}

Result<bool> Store::rename(const std::string& name, const std::string& new_name, IfTaken if_taken) {
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
        if (!merged) {
            if (!to) return std::unexpected(to.error());
            return Plan{"rename",
                        keys::part_of(id),
                        {{"HDEL", keys::names, (*from)->name},
                         {"HSET", keys::names, *to, id},
                         {"HSET", keys::subject(id), "name", *to}}};
        }
        if (if_taken == IfTaken::fail) {
            return fail(ErrorKind::exists,
                        fmt::format("\"{}\" is already in the gallery", (*other)->name));
        }
        const auto samples = sample_ids(id);
        if (!samples) return std::unexpected(samples.error());
        return plan_merge(**from, (*other)->id, *samples);
    });
    if (!written) return std::unexpected(std::move(written.error()));
    return merged;
}

Result<std::size_t> Store::merge(const std::string& from, const std::string& into) {
    std::size_t moved = 0;
    auto written = commit([&]() -> Result<Plan> {
        const auto source = known_subject(from);
        if (!source) return std::unexpected(source.error());
        if (!source->has_value()) return std::unexpected(unknown_subject(from));
        const auto target = known_subject(into);
        if (!target) return std::unexpected(target.error());
        if (!target->has_value()) return std::unexpected(unknown_subject(into));
        if ((*source)->id == (*target)->id) {
            return fail(ErrorKind::refused,
                        fmt::format("\"{}\" and \"{}\" are the same person; use two different "
                                    "names",
                                    from, into));
        }
        const auto samples = sample_ids((*source)->id);
        if (!samples) return std::unexpected(samples.error());
        moved = samples->size();
        return plan_merge(**source, (*target)->id, *samples);
    });
    if (!written) return std::unexpected(std::move(written.error()));
    return moved;
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
                                                std::size_t first, std::size_t count,
                                                const std::string& model_id) {
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
    auto read = read_samples(redis_, keys, model_id);
    if (!read) return std::unexpected(std::move(read.error()));
    std::vector<NamedSample> found;
    for (std::size_t i = 0; i < read->size(); ++i) {
        auto& sample = (*read)[i];
        // Omit damaged samples, and samples that were removed in the meantime.
        if (sample) found.push_back({std::move(names[i]), std::move(*sample)});
    }
    return found;
}

Result<std::string> Store::remove_sample(const std::string& id,
                                         const std::optional<std::string>& subject) {
    if (!valid_id(id)) return std::unexpected(unknown_sample());
    std::string owner_name;
    auto written = commit([&]() -> Result<Plan> {
        const auto stored = redis_.run({"HGET", keys::sample(id), "subject"});
        if (!stored) return std::unexpected(stored.error());
        const std::string owner(stored->text());
        if (!valid_id(owner)) return std::unexpected(unknown_sample());
        const auto name = redis_.run({"HGET", keys::subject(owner), "name"});
        if (!name) return std::unexpected(name.error());
        owner_name = name->text();
        if (subject) {
            const auto expected = known_subject(*subject);
            if (!expected) return std::unexpected(expected.error());
            if (!expected->has_value()) return std::unexpected(unknown_subject(*subject));
            if ((*expected)->id != owner) {
                return fail(ErrorKind::refused,
                            fmt::format("sample {} belongs to \"{}\", not to \"{}\"", id,
                                        owner_name, *subject));
            }
        }
        const auto ids = sample_ids(owner);
        if (!ids) return std::unexpected(ids.error());
        const auto samples = read_samples(redis_, {{owner, id}});
        if (!samples) return std::unexpected(samples.error());
        const auto further = further_embeddings(redis_, {id});
        if (!further) return std::unexpected(further.error());
        Plan plan{"remove", keys::part_of(owner), {}};
        drop_sample(plan.commands, id, samples->front(), further->front());
        // Replace the list of the subject's samples with one without this sample.
        plan.commands.push_back({"DEL", keys::subject_samples(owner)});
        for (const std::string& other : *ids) {
            if (other != id)
                plan.commands.push_back({"RPUSH", keys::subject_samples(owner), other});
        }
        return plan;
    });
    if (!written) return std::unexpected(std::move(written.error()));
    return owner_name;
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
        const auto further = further_embeddings(redis_, *ids);
        if (!further) return std::unexpected(further.error());
        const auto names = redis_.run({"HLEN", keys::names});
        if (!names) return std::unexpected(names.error());

        removed = ids->size();
        Plan plan{"remove", keys::part_of(id), {}};
        // Delete something first: if Redis has reached its memory limit, it refuses a script whose
        // first write needs memory.
        for (std::size_t i = 0; i < ids->size(); ++i) {
            drop_sample(plan.commands, (*ids)[i], (*samples)[i], (*further)[i]);
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
