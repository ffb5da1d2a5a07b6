// The functions of Store that a backup uses.
#include "gallery/store/store.hpp"

#include <fmt/format.h>

#include "gallery/store/keys.hpp"
#include "gallery/store/record.hpp"
#include "gallery/store/store_plan.hpp"

namespace facebus::gallery {

Result<void> Store::restore(const Subject& subject, const std::vector<StoredSample>& samples) {
    auto written = commit([&]() -> Result<Plan> {
        const auto known = known_subject(subject.name);
        if (!known) return std::unexpected(known.error());
        if (known->has_value() && (*known)->id != subject.id) {
            return fail(ErrorKind::exists,
                        fmt::format("\"{}\" was enrolled during the restore", subject.name));
        }
        Plan plan{"add",
                  keys::part_of(subject.id),
                  {{"HSET", keys::names, subject.name, subject.id},
                   {"SADD", keys::part(keys::part_of(subject.id)), subject.id},
                   {"HSET", keys::subject(subject.id), "name", subject.name, "created",
                    fmt::to_string(subject.created)}}};
        if (subject.ignored) {
            plan.commands.push_back({"HSET", keys::subject(subject.id), "ignored", "1"});
        }
        const auto model = redis_.run({"GET", keys::model});
        if (!model) return std::unexpected(model.error());
        auto expected = std::string(model->text());
        for (const auto& [sample, photo, further] : samples) {
            if (expected.empty()) {
                expected = sample.model_id;
                plan.commands.push_back({"SET", keys::model, sample.model_id});
            }
            if (sample.model_id != expected) {
                return fail(ErrorKind::refused,
                            fmt::format("the gallery uses model {}, but the backup contains a "
                                        "sample of model {}",
                                        expected, sample.model_id));
            }
            plan.commands.push_back(write_sample(sample));
            if (further) {
                plan.commands.push_back(
                    write_embedding(sample.id, further->model_id, further->embedding));
            }
            if (!photo.empty()) plan.commands.push_back({"SET", keys::photo(sample.id), photo});
            plan.commands.push_back({"RPUSH", keys::subject_samples(subject.id), sample.id});
        }
        return plan;
    });
    if (!written) return std::unexpected(std::move(written.error()));
    return {};
}

}  // namespace facebus::gallery
