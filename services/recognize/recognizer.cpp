#include "recognize/recognizer.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "results/decision.hpp"

namespace facebus::recognize {
namespace {

/// Sets the decision and the fields that explain it. For a track of an ignored person, sets only
/// `score_threshold`, `reason` and `ignored`, so that the result does not reveal who it is.
void explain(wire::Identity& identity, const gallery::Decision& decision,
             const gallery::Policy& policy) {
    using gallery::Verdict;
    identity.score_threshold = decision.threshold;
    if (decision.ignored) {
        identity.reason = "the person is ignored";
        identity.ignored = true;
        return;
    }
    identity.decision = results::to_decision(decision.verdict);
    if (decision.ambiguous) {
        identity.reason =
            fmt::format("ambiguous: the margin over the runner-up is below {:.3f}", policy.margin);
    } else if (decision.verdict == Verdict::undecided) {
        identity.reason =
            decision.good_probes == 0
                ? fmt::format("no face has a quality of at least {:.2f}", policy.min_quality)
                : fmt::format("only {} of the {} required clear faces seen so far",
                              decision.clear_probes, policy.min_probes);
    }
    const auto& best = decision.match.best;
    if (!best) {
        if (decision.verdict == Verdict::unknown) {
            identity.reason = "the gallery contains no face to compare with";
        }
        return;
    }
    if (decision.verdict == Verdict::known) {
        identity.subject_id = best->subject_id;
        identity.subject = best->name;
    }
    identity.similarity = best->similarity;
    identity.score = best->score;
    // The cosine similarity at which the score would reach its threshold.
    identity.threshold = best->similarity + decision.threshold - best->score;
    identity.probability = decision.probability;
    identity.score_margin = decision.margin;
    const auto& second = decision.match.runner_up;
    identity.margin = best->similarity - (second ? second->similarity : 0);
    // Do not expose an ignored subject, either as the best match or as the runner-up.
    if (!best->ignored) identity.samples = best->samples;
    if (second && !second->ignored) {
        identity.runner_up = {second->subject_id, second->name, second->similarity};
        if (decision.ambiguous && !best->ignored) {
            identity.best = {best->subject_id, best->name, best->similarity};
        }
    }
}

void add_to_scores(gallery::Match& match, float shift) {
    if (match.best) match.best->score += shift;
    if (match.runner_up) match.runner_up->score += shift;
}

}  // namespace

std::vector<wire::Identity> Recognizer::process(const std::vector<ProbeItem>& items,
                                                const gallery::Snapshot& snapshot,
                                                const gallery::Policy& policy,
                                                const Remember& remember) {
    std::vector<Image> crops;
    crops.reserve(items.size());
    for (const auto& item : items) crops.push_back(item.crop);
    const auto embeddings = embedder_.embed(crops);

    std::vector<std::vector<gallery::Probe>> tracks;
    std::vector<Embedding> templates;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto& probe = items[i].probe;
        tracks.push_back(
            remember(probe.track, {probe.probe, embeddings[i], probe.quality.overall}));
        templates.push_back(gallery::track_template(tracks.back(), policy.min_quality));
    }
    // Match all templates in one call: it reads the gallery from memory once per eight templates,
    // not once per template.
    // Probes of cameras with an adaptation are compared as the adaptation maps them. The track
    // memory keeps them unchanged.
    const auto* adaptation = snapshot.space().adaptation();
    std::vector<bool> adapted;
    for (std::size_t i = 0; i < items.size(); ++i) {
        adapted.push_back(adaptation != nullptr && adaptation->applies_to(items[i].probe.head.src));
        if (adapted[i]) templates[i] = snapshot.space().adapted(templates[i]);
    }
    auto matches = snapshot.match(templates);
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (adapted[i]) add_to_scores(matches[i], adaptation->shift);
    }

    std::vector<wire::Identity> identities;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto& probe = items[i].probe;
        const auto& probes = tracks[i];
        const auto decision =
            gallery::decide(probes, std::move(matches[i]), snapshot.subjects(), policy);
        wire::Identity identity{.head = probe.head,
                                .probe = probe.probe,
                                .track = probe.track,
                                .pts = probe.pts,
                                .box = probe.box,
                                .probes = static_cast<std::uint32_t>(probes.size()),
                                .samples = {},
                                .model = adapted[i] ? fmt::format("{}+adapt.{}", model_id(),
                                                                  snapshot.space().adaptation_id())
                                                    : model_id(),
                                .gallery = snapshot.version()};
        identity.quality = std::ranges::max(probes, {}, &gallery::Probe::quality).quality;
        identity.crop_quality = probe.quality;
        explain(identity, decision, policy);
        identity.head.t["recognize"] = utc_ns();
        identities.push_back(std::move(identity));
    }
    return identities;
}

}  // namespace facebus::recognize
