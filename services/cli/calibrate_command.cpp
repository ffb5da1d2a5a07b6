// facebus calibrate: computes the decision threshold for a target FPIR.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/counted.hpp"
#include "cli/must.hpp"
#include "cli/progress.hpp"
#include "gallery/decide/calibration.hpp"
#include "gallery/store/store.hpp"

namespace facebus::cli {
namespace {

void print(const gallery::Snapshot& gallery, const gallery::Calibration& done,
           const gallery::LeaveOneOut& own) {
    const auto& policy = done.policy;
    fmt::print("{}, {}; {} impostors simulated\n",
               counted(gallery.subjects(), "subject", "subjects"),
               counted(gallery.samples(), "sample", "samples"), done.impostors);
    if (done.shift > 0) {
        fmt::print("the subjects resemble each other more than impostors do: {:.3f} added\n",
                   done.shift);
    }
    fmt::print(
        "`known` requires a similarity of {:.3f}, and {:.3f} more until {} good faces are seen\n"
        "  at most {:.3g} % of unknown people are named; about {:.1f} % of enrolled people are\n",
        done.threshold, policy.early, policy.min_probes, done.fpir * 100, done.tpir * 100);
    if (own.tested > 0) {
        fmt::print(
            "  of {} samples in this gallery, each matched without itself, {} would be named "
            "correctly\n",
            own.tested, own.identified);
    }
    fmt::print("probability: 1 / (1 + exp(-({:.1f} * similarity {:+.1f} - ln(subjects))))\n",
               policy.slope, policy.offset);
}

void print_json(const gallery::Snapshot& gallery, const gallery::Calibration& done,
                const gallery::LeaveOneOut& own) {
    const auto& policy = done.policy;
    const nlohmann::ordered_json json{
        {"subjects", gallery.subjects()},
        {"samples", gallery.samples()},
        {"impostors", done.impostors},
        {"fpir", done.fpir},
        {"similarity", done.threshold},
        {"shift", done.shift},
        {"tpir", done.tpir},
        {"leave_one_out", {{"tried", own.tested}, {"named", own.identified}}},
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
        fmt::print("removed the stored policy; the configuration applies again\n");
        return Exit::ok;
    }
    const auto& cohort = gallery::shipped_cohort();
    const auto gallery = must(store.load(cohort.model_id));
    const auto rate = options.fpir.value_or(context.settings.calibration.fpir);
    const auto impostors = gallery::impostors_needed(rate);
    const auto done = [&] {
        Progress progress("matching impostors", impostors);
        return must(gallery::calibrate(*gallery, context.settings.calibration.base, cohort, rate,
                                       impostors, steps(progress, context.stop)));
    }();
    const auto own = gallery::leave_one_out(*gallery, done.policy);
    if (options.json) {
        print_json(*gallery, done, own);
    } else {
        print(*gallery, done, own);
    }
    if (options.dry_run) return Exit::ok;
    must(store.set_policy(done.policy));
    if (!options.json) fmt::print("stored in the gallery; workers use it from now on\n");
    return Exit::ok;
}

}  // namespace facebus::cli
