#include "gallery/store/store.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "gallery/id.hpp"
#include "gallery/name.hpp"
#include "gallery/redis/chunks.hpp"
#include "gallery/store/format.hpp"
#include "gallery/store/keys.hpp"
#include "gallery/store/loader.hpp"
#include "gallery/store/record.hpp"
#include "gallery/store/scripts.hpp"
#include "gallery/store/store_plan.hpp"

namespace facebus::gallery {
namespace {

// Maximum number of attempts to commit a write. An attempt fails only if another program has
// written in the meantime, so the limit is reached only while other programs write continuously.
constexpr int max_attempts = 100;
// Similarity above which two samples are assumed to come from the same photo.
constexpr float same_photo_similarity = 0.9999F;
// Similarity below which they certainly do not, although one was computed from the stored JPEG of
// the other. The 103 pairs measured on LFW with SFace have at least 0.996.
constexpr float other_photo_similarity = 0.95F;

Error other_model(const std::string& gallery, const std::string& sample) {
    return {ErrorKind::refused,
            fmt::format("the gallery uses model {}; before samples of model {} can be added, move "
                        "the gallery to it with `facebus gallery reembed`",
                        is_text(gallery) ? gallery : "?", sample)};
}

}  // namespace

Store::Store(RedisOptions options) : redis_(connect_to_data(std::move(options))) {}

Result<void> Store::ping() {
    auto reply = redis_.run({"PING"});
    if (!reply) return std::unexpected(std::move(reply.error()));
    return {};
}

Result<std::string> Store::version() {
    return gallery_version(redis_);
}

/// Commits a write with optimistic concurrency control and returns the new version. `plan_write`
/// reads from the gallery and returns the commands to execute. If another program has written to
/// the gallery in the meantime, the commands are not executed, and `plan_write` is called again.
Result<std::string> Store::commit(const std::function<Result<Plan>()>& plan_write) {
    for (int i = 0; i < max_attempts; ++i) {
        const auto current = version();
        if (!current) return current;
        auto plan = plan_write();
        if (!plan) return std::unexpected(std::move(plan.error()));
        plan->commands.push_back({"SET", keys::format, fmt::to_string(format_version), "NX"});
        std::vector<std::string> arguments{*current, plan->op, plan->part};
        for (auto& command : plan->commands) {
            arguments.push_back(fmt::to_string(command.size()));
            std::move(command.begin(), command.end(), std::back_inserter(arguments));
        }
        auto reply = redis_.eval(scripts::commit, {keys::changes}, arguments);
        if (!reply) return std::unexpected(std::move(reply.error()));
        if (!reply->nil()) return std::string(reply->text());
    }
    return fail(ErrorKind::unavailable,
                "other programs keep changing the gallery; try again later");
}

Result<std::optional<Store::Known>> Store::known_subject(const std::string& name) {
    const auto names = stored_names(name);
    if (!names) return std::unexpected(names.error());
    Redis::Command command{"HMGET", keys::names};
    command.insert(command.end(), names->begin(), names->end());
    const auto reply = redis_.run(command);
    if (!reply) return std::unexpected(reply.error());
    const auto& ids = reply->elements();
    for (std::size_t i = 0; i < ids.size() && i < names->size(); ++i) {
        if (ids[i].nil()) continue;
        if (valid_id(ids[i].text())) return Known{(*names)[i], std::string(ids[i].text())};
        return fail(ErrorKind::malformed,
                    fmt::format("the id of \"{}\" is damaged; restore Redis from a backup (see "
                                "docs/operations.md)",
                                (*names)[i]));
    }
    return std::nullopt;
}

Result<std::vector<std::string>> Store::sample_ids(const std::string& subject) {
    auto reply = redis_.run({"LRANGE", keys::subject_samples(subject), "0", "-1"});
    if (!reply) return std::unexpected(std::move(reply.error()));
    std::vector<std::string> ids;
    for (const Reply& id : reply->elements()) ids.emplace_back(id.text());
    return ids;
}

Result<std::vector<Result<Sample>>> Store::samples_of(const std::string& subject) {
    const auto ids = sample_ids(subject);
    if (!ids) return std::unexpected(ids.error());
    std::vector<SampleKey> keys;
    for (const std::string& id : *ids) keys.push_back({subject, id});
    return read_samples(redis_, keys);
}

Result<bool> Store::same_photo(const Sample& enrolled, const Sample& added,
                               const std::string& photo) {
    if (enrolled.model_id != added.model_id) return false;
    if (enrolled.embedding == added.embedding) return true;
    const float similar = similarity(enrolled.embedding, added.embedding);
    if (similar > same_photo_similarity) return true;
    // After the gallery has moved to another model, the enrolled embedding comes from the stored
    // photo, so it differs a little from that of the original.
    if (photo.empty() || similar < other_photo_similarity) return false;
    const auto stored = redis_.run({"GET", keys::photo(enrolled.id)});
    if (!stored) return std::unexpected(stored.error());
    return stored->text() == photo;
}

Result<Sample> Store::add(const std::string& name, Sample sample, const std::string& photo) {
    if (auto good = check_sample(sample); !good) return std::unexpected(good.error());
    if (!photo.empty()) {
        if (auto good = check_photo(photo); !good) return std::unexpected(good.error());
    }

    auto written = commit([&]() -> Result<Plan> {
        // Embeddings of different models cannot be compared, so all samples of a gallery must come
        // from one model.
        const auto model = redis_.run({"GET", keys::model});
        if (!model) return std::unexpected(model.error());
        if (!model->nil() && model->text() != sample.model_id) {
            return std::unexpected(other_model(std::string(model->text()), sample.model_id));
        }
        const auto known = known_subject(name);
        if (!known) return std::unexpected(known.error());
        const bool is_new = !known->has_value();
        const auto clean = is_new ? clean_name(name) : (*known)->name;
        if (!clean) return std::unexpected(clean.error());

        if (sample.created == 0) sample.created = utc_ns();
        sample.id = new_id();
        sample.subject_id = is_new ? new_id() : (*known)->id;
        Plan plan{"add", keys::part_of(sample.subject_id), {{"SET", keys::model, sample.model_id}}};
        if (!is_new) {
            // Reject a photo that is already enrolled for this subject. A second copy would add no
            // information, but could take the place of another sample among the best_k most similar
            // samples.
            const auto enrolled = samples_of(sample.subject_id);
            if (!enrolled) return std::unexpected(enrolled.error());
            for (const auto& other : *enrolled) {
                if (!other) continue;
                const auto same = same_photo(*other, sample, photo);
                if (!same) return std::unexpected(same.error());
                if (*same) {
                    return fail(ErrorKind::exists,
                                fmt::format("\"{}\": this photo is already enrolled as sample {}{}",
                                            *clean, other->id,
                                            other->source.empty() ? "" : " from " + other->source));
                }
            }
        } else {
            plan.commands.push_back({"HSET", keys::names, *clean, sample.subject_id});
            plan.commands.push_back({"SADD", keys::part(plan.part), sample.subject_id});
            plan.commands.push_back({"HSET", keys::subject(sample.subject_id), "name", *clean,
                                     "created", fmt::to_string(sample.created)});
        }
        plan.commands.push_back(write_sample(sample));
        if (!photo.empty()) {
            plan.commands.push_back({"SET", keys::photo(sample.id), photo});
        }
        plan.commands.push_back({"RPUSH", keys::subject_samples(sample.subject_id), sample.id});
        return plan;
    });
    if (!written) return std::unexpected(std::move(written.error()));
    return sample;
}

Result<std::vector<SubjectEntry>> Store::list() {
    auto names = redis_.run({"HGETALL", keys::names});
    if (!names) return std::unexpected(std::move(names.error()));
    std::map<std::string, SubjectEntry> sorted;
    const auto& fields = names->elements();
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        const std::string name(fields[i].text());
        const std::string id(fields[i + 1].text());
        if (!valid_id(id) || !is_stored_name(name)) continue;
        sorted[name].subject = {.id = id, .name = name};
    }
    std::vector<SubjectEntry> entries;
    entries.reserve(sorted.size());
    for (auto& [name, entry] : sorted) entries.push_back(std::move(entry));

    auto described = for_each_reply(
        redis_, entries.size(),
        [&](std::size_t i) -> Redis::Command {
            return {"HMGET", keys::subject(entries[i].subject.id), "created", "ignored"};
        },
        [&](std::size_t i, const Result<Reply>& reply) {
            if (!reply || reply->elements().size() != 2) return;
            entries[i].subject.created = reply->elements()[0].number();
            entries[i].subject.ignored = !reply->elements()[1].nil();
        });
    if (!described) return std::unexpected(std::move(described.error()));
    auto counted = for_each_reply(
        redis_, entries.size(),
        [&](std::size_t i) -> Redis::Command {
            return {"LLEN", keys::subject_samples(entries[i].subject.id)};
        },
        [&](std::size_t i, const Result<Reply>& reply) {
            if (reply) entries[i].samples = static_cast<std::size_t>(reply->number());
        });
    if (!counted) return std::unexpected(std::move(counted.error()));
    return entries;
}

Result<std::optional<Subject>> Store::find(const std::string& name) {
    const auto known = known_subject(name);
    if (!known) return std::unexpected(known.error());
    if (!known->has_value()) return std::nullopt;
    const auto stored = redis_.run({"HMGET", keys::subject((*known)->id), "created", "ignored"});
    if (!stored) return std::unexpected(stored.error());
    const auto& fields = stored->elements();
    return Subject{(*known)->id, (*known)->name, fields[0].number(), !fields[1].nil()};
}

Result<std::vector<Sample>> Store::show(const std::string& name) {
    const auto subject = find(name);
    if (!subject) return std::unexpected(subject.error());
    if (!subject->has_value()) return std::unexpected(unknown_subject(name));
    auto stored = samples_of((*subject)->id);
    if (!stored) return std::unexpected(std::move(stored.error()));
    std::vector<Sample> whole;
    for (auto& sample : *stored) {
        if (!sample) return std::unexpected(std::move(sample.error()));
        whole.push_back(std::move(*sample));
    }
    return whole;
}

Result<std::optional<std::string>> Store::photo(const std::string& sample_id) {
    if (!valid_id(sample_id)) return std::nullopt;
    auto stored = redis_.run({"GET", keys::photo(sample_id)});
    if (!stored) return std::unexpected(std::move(stored.error()));
    if (stored->nil()) return std::nullopt;
    if (auto good = check_photo(stored->text()); !good) {
        return fail(ErrorKind::malformed, fmt::format("the photo of sample {} is damaged: {}",
                                                      sample_id, good.error().message));
    }
    return std::string(stored->text());
}

Result<std::optional<CalibrationOptions>> Store::calibration() {
    auto reply = redis_.run(read_calibration());
    if (!reply) return std::unexpected(std::move(reply.error()));
    const auto& fields = reply->elements();
    if (std::all_of(fields.begin(), fields.end(), [](const Reply& r) { return r.nil(); })) {
        return std::nullopt;
    }
    return decode_calibration(*reply);
}

Result<bool> Store::has_old_policy() {
    auto fields = redis_.run({"HLEN", keys::policy});
    if (!fields) return std::unexpected(std::move(fields.error()));
    return fields->number() > 0;
}

Result<void> Store::set_calibration(const CalibrationOptions& options) {
    if (auto good = check_calibration(options); !good) return good;
    auto written = commit([&]() -> Result<Plan> {
        return Plan{"calibration", "", {{"DEL", keys::policy}, write_calibration(options)}};
    });
    if (!written) return std::unexpected(std::move(written.error()));
    return {};
}

Result<void> Store::clear_calibration() {
    auto written = commit([&]() -> Result<Plan> {
        return Plan{"calibration", "", {{"DEL", keys::policy}, {"DEL", keys::calibration}}};
    });
    if (!written) return std::unexpected(std::move(written.error()));
    return {};
}

Result<std::optional<StoredAdaptation>> Store::adaptation() {
    const auto reply = redis_.run(read_adaptation_record());
    if (!reply) return std::unexpected(reply.error());
    auto stored = decode_adaptation(*reply);
    if (!stored) return std::unexpected(std::move(stored.error()));
    if (stored->id.empty()) return std::nullopt;
    return std::move(*stored);
}

Result<std::string> Store::set_adaptation(const Adaptation& adaptation) {
    const auto text = write_adaptation(adaptation);
    if (auto good = read_adaptation(text); !good) return std::unexpected(std::move(good.error()));
    auto written = commit(
        [&]() -> Result<Plan> { return Plan{"adaptation", "", {write_adaptation_record(text)}}; });
    if (!written) return std::unexpected(std::move(written.error()));
    return adaptation_id(text);
}

Result<void> Store::clear_adaptation() {
    auto written = commit(
        [&]() -> Result<Plan> { return Plan{"adaptation", "", {{"DEL", keys::adaptation}}}; });
    if (!written) return std::unexpected(std::move(written.error()));
    return {};
}

Result<std::shared_ptr<const ScoreSpace>> Store::space_for(const std::string& model_id) {
    const auto reply = redis_.run(read_adaptation_record());
    if (!reply) return std::unexpected(reply.error());
    auto stored = decode_adaptation(*reply);
    // An adaptation that cannot be used must not prevent recognition. Keep its id, so that
    // refresh() notices when it is replaced.
    if (!stored) {
        return ScoreSpace::of(model_id, std::string(reply->elements().front().text()), nullptr);
    }
    if (stored->id.empty() || stored->adaptation.model_id != model_id) {
        return ScoreSpace::of(model_id, std::move(stored->id), nullptr);
    }
    return ScoreSpace::of(model_id, std::move(stored->id),
                          std::make_shared<const Adaptation>(std::move(stored->adaptation)));
}

Result<std::shared_ptr<const Snapshot>> Store::load(const std::string& model_id) {
    auto before = version();
    if (!before) return std::unexpected(std::move(before.error()));
    auto space = space_for(model_id);
    if (!space) return std::unexpected(std::move(space.error()));
    auto loaded = load_gallery(redis_, model_id, std::move(*before), std::move(*space));
    if (!loaded) return std::unexpected(std::move(loaded.error()));
    // Add the changes that were written during the load.
    return refresh(std::make_shared<const Snapshot>(std::move(*loaded)));
}

Result<std::shared_ptr<const Snapshot>> Store::refresh(std::shared_ptr<const Snapshot> gallery) {
    auto now = version();
    if (!now) return std::unexpected(std::move(now.error()));
    if (*now == gallery->version()) return gallery;
    auto changes = changes_since(redis_, gallery->version());
    if (!changes) return std::unexpected(std::move(changes.error()));
    // Another adaptation changes what every sample adds to its scores.
    const auto adapted = redis_.run({"HGET", keys::adaptation, "id"});
    if (!adapted) return std::unexpected(adapted.error());
    const bool same = adapted->text() == gallery->space().adaptation_id();
    if (changes->complete && same) {
        auto fresh = reload_parts(redis_, *gallery, changes->parts, std::move(changes->version));
        if (!fresh) return std::unexpected(std::move(fresh.error()));
        return std::make_shared<const Snapshot>(std::move(*fresh));
    }
    auto space = space_for(gallery->model_id());
    if (!space) return std::unexpected(std::move(space.error()));
    auto fresh = load_gallery(redis_, gallery->model_id(), std::move(*now), std::move(*space));
    if (!fresh) return std::unexpected(std::move(fresh.error()));
    return std::make_shared<const Snapshot>(std::move(*fresh));
}

}  // namespace facebus::gallery
