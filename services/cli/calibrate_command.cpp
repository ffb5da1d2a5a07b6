// facebus calibrate: the threshold that keeps a stated rate of false alarms.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/must.hpp"
#include "cli/progress.hpp"
#include "gallery/decide/calibration.hpp"
#include "gallery/store/store.hpp"

namespace facebus::cli {
namespace {

void print(const gallery::Snapshot& gallery, const gallery::Calibration& done,
           const gallery::LeaveOneOut& own) {
    const auto& policy = done.policy;
    fmt::print("{} subjects, {} samples; {} strangers drawn\n", gallery.subjects(),
               gallery.samples(), done.impostors);
    if (done.shift > 0) {
        fmt::print("the subjects are more alike than strangers are: {:.3f} added\n", done.shift);
    }
    fmt::print(
        "similarity that `known` takes: {:.3f}, and {:.3f} more before {} good faces were seen;\n"
        "  of strangers, {:.3g} % are named at most; of enrolled people, about {:.1f} % are "
        "named\n",
        done.threshold, policy.early, policy.min_probes, done.fpir * 100, done.tpir * 100);
    if (own.tried > 0) {
        fmt::print(
            "  of {} samples of this gallery, matched with the others of their subject, {} "
            "would be named rightly\n",
            own.tried, own.named);
    }
    fmt::print("probability: 1 / (1 + exp(-({:.1f} * similarity {:+.1f} - ln(subjects))))\n",
               policy.slope, policy.offset);
}

void print_json(const gallery::Snapshot& gallery, const gallery::Calibration& done,
                const gallery::LeaveOneOut& own) {
    const auto& policy = done.policy;
    const nlohmann::ordered_json json{{"subjects", gallery.subjects()},
                                      {"samples", gallery.samples()},
                                      {"strangers", done.impostors},
                                      {"fpir", done.fpir},
                                      {"similarity", done.threshold},
                                      {"shift", done.shift},
                                      {"recognised", done.tpir},
                                      {"own_samples", {{"tried", own.tried}, {"named", own.named}}},
                                      {"policy",
                                       {{"threshold", policy.threshold},
                                        {"growth", policy.growth},
                                        {"early", policy.early},
                                        {"min_probes", policy.min_probes},
                                        {"margin", policy.margin},
                                        {"min_quality", policy.min_quality},
                                        {"slope", policy.slope},
                                        {"offset", policy.offset}}}};
    fmt::print("{}\n", json.dump(2));
}

}  // namespace

Exit calibrate(const Context& context, const CalibrateOptions& options) {
    gallery::Store store(context.settings.redis);
    if (options.reset) {
        must(store.clear_policy());
        fmt::print("the gallery has no policy any more; that of the configuration counts\n");
        return Exit::ok;
    }
    const auto& cohort = gallery::shipped_cohort();
    const auto gallery = must(store.load(cohort.model_id));
    const auto rate = options.fpir.value_or(context.settings.calibration.fpir);
    const auto strangers = gallery::impostors_for(rate);
    const auto done = [&] {
        Progress progress("matching strangers", strangers);
        return must(gallery::calibrate(*gallery, context.settings.calibration.base, cohort, rate,
                                       strangers, steps(progress, context.stop)));
    }();
    const auto own = gallery::leave_one_out(*gallery, done.policy);
    if (options.json) {
        print_json(*gallery, done, own);
    } else {
        print(*gallery, done, own);
    }
    if (options.dry_run) return Exit::ok;
    must(store.set_policy(done.policy));
    if (!options.json) fmt::print("stored with the gallery; workers use it from now on\n");
    return Exit::ok;
}

}  // namespace facebus::cli
