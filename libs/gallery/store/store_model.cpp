// The functions of Store that move the gallery from one model to another.
#include <utility>

#include "gallery/id.hpp"
#include "gallery/name.hpp"
#include "gallery/store/keys.hpp"
#include "gallery/store/loader.hpp"
#include "gallery/store/record.hpp"
#include "gallery/store/store.hpp"
#include "gallery/store/store_plan.hpp"

namespace facebus::gallery {

Result<std::optional<std::string>> Store::model() {
    const auto stored = redis_.run({"GET", keys::model});
    if (!stored) return std::unexpected(stored.error());
    if (stored->nil()) return std::nullopt;
    if (!is_text(stored->text())) {
        return fail(ErrorKind::malformed,
                    "the model id of the gallery is damaged; restore Redis from a backup (see "
                    "docs/operations.md)");
    }
    return std::string(stored->text());
}

Result<void> Store::add_embedding(const std::string& id, const std::string& model_id,
                                  const Embedding& embedding) {
    if (!valid_id(id)) return std::unexpected(unknown_sample());
    Sample sample;
    sample.model_id = model_id;
    sample.embedding = embedding;
    if (auto good = check_sample(sample); !good) return good;
    auto written = commit([&]() -> Result<Plan> {
        const auto stored = redis_.run({"HGET", keys::sample(id), "subject"});
        if (!stored) return std::unexpected(stored.error());
        const std::string owner(stored->text());
        if (!valid_id(owner)) return std::unexpected(unknown_sample());
        return Plan{"embed", keys::part_of(owner), {write_embedding(id, model_id, embedding)}};
    });
    if (!written) return std::unexpected(std::move(written.error()));
    return {};
}

Result<std::optional<FurtherEmbedding>> Store::further_embedding(const std::string& id) {
    if (!valid_id(id)) return std::nullopt;
    const auto stored = redis_.run({"HMGET", keys::sample(id), "next_model", "next_embedding"});
    if (!stored) return std::unexpected(stored.error());
    const auto& fields = stored->elements();
    if (fields.size() != 2 || fields[0].nil() || fields[1].nil()) return std::nullopt;
    Sample sample;
    sample.model_id = fields[0].text();
    const auto embedding = unpack(fields[1].text(), dimensions_of(sample.model_id));
    if (!embedding) return std::nullopt;
    sample.embedding = *embedding;
    if (!check_sample(sample)) return std::nullopt;
    return FurtherEmbedding{std::move(sample.model_id), *embedding};
}

Result<std::size_t> Store::change_model(const std::string& model_id) {
    const auto entries = list();
    if (!entries) return std::unexpected(entries.error());
    // From now on, samples of the new model can be added, and no others.
    auto changed = commit(
        [&]() -> Result<Plan> { return Plan{"model", "", {{"SET", keys::model, model_id}}}; });
    if (!changed) return std::unexpected(std::move(changed.error()));
    std::size_t replaced = 0;
    for (const auto& entry : *entries) {
        const auto& subject = entry.subject.id;
        Plan plan;
        const auto read = [&]() -> Result<void> {
            plan = {"model", keys::part_of(subject), {}};
            const auto ids = sample_ids(subject);
            if (!ids) return std::unexpected(ids.error());
            std::vector<SampleKey> all;
            for (const auto& id : *ids) all.push_back({subject, id});
            const auto own = read_samples(redis_, all);
            if (!own) return std::unexpected(own.error());
            const auto wanted = read_samples(redis_, all, model_id);
            if (!wanted) return std::unexpected(wanted.error());
            for (std::size_t i = 0; i < all.size(); ++i) {
                const auto& before = (*own)[i];
                const auto& after = (*wanted)[i];
                if (!after || after->model_id != model_id) continue;
                if (before && before->model_id == model_id) continue;
                plan.commands.push_back(write_sample(*after));
                plan.commands.push_back(
                    {"HDEL", keys::sample(all[i].id), "next_model", "next_embedding"});
            }
            return {};
        };
        if (auto good = read(); !good) return std::unexpected(good.error());
        if (plan.commands.empty()) continue;
        auto written = commit([&]() -> Result<Plan> {
            if (auto good = read(); !good) return std::unexpected(good.error());
            return plan;
        });
        if (!written) return std::unexpected(std::move(written.error()));
        replaced += plan.commands.size() / 2;
    }
    return replaced;
}

}  // namespace facebus::gallery
