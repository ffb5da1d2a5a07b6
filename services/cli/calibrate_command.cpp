// facebus calibrate: computes the decision threshold for a target FPIR.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/counted.hpp"
#include "cli/must.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"
#include "gallery/decide/calibration.hpp"
#include "gallery/store/store.hpp"

namespace facebus::cli {
namespace {

void print(const gallery::Snapshot& gallery, const gallery::Calibration& calibration,
           const gallery::LeaveOneOut& leave_one_out) {
    const auto& policy = calibration.policy;
    safe_print("{}, {}; {} simulated impostors\n", counted(gallery.subjects(), "person", "people"),
               counted(gallery.samples(), "sample", "samples"), calibration.impostors);
    if (calibration.shift > 0) {
        safe_print(
            "the enrolled people resemble each other more than the simulated impostors resemble "
            "them, so the threshold is raised by {:.3f}\n",
            calibration.shift);
    }
    safe_print(
        "threshold for `known`: {:.3f} ({:.3f} higher until a track has {} good faces)\n"
        "expected: about {:.3g}% of unknown people falsely identified, about {:.1f}% of enrolled "
        "people identified\n",
        calibration.threshold, policy.early, policy.min_probes, calibration.fpir * 100,
        calibration.tpir * 100);
    if (leave_one_out.tested > 0) {
        safe_print(
            "leave-one-out test: {} of {} identified correctly when compared with all others\n",
            leave_one_out.identified, counted(leave_one_out.tested, "sample", "samples"));
    }
    safe_print("probability: 1 / (1 + exp(-({:.1f} * similarity {:+.1f} - ln(people))))\n",
               policy.slope, policy.offset);
}

void print_json(const gallery::Snapshot& gallery, const gallery::Calibration& calibration,
                const gallery::LeaveOneOut& leave_one_out) {
    const auto& policy = calibration.policy;
    const nlohmann::ordered_json json{
        {"subjects", gallery.subjects()},
        {"samples", gallery.samples()},
        {"impostors", calibration.impostors},
        {"fpir", calibration.fpir},
        {"similarity", calibration.threshold},
        {"shift", calibration.shift},
        {"tpir", calibration.tpir},
        {"leave_one_out",
         {{"tested", leave_one_out.tested}, {"identified", leave_one_out.identified}}},
        {"policy",
         {{"threshold", policy.threshold},
          {"growth", policy.growth},
          {"early", policy.early},
          {"min_probes", policy.min_probes},
          {"margin", policy.margin},
          {"min_quality", policy.min_quality},
          {"slope", policy.slope},
          {"offset", policy.offset}}}};
    safe_print_json(json, 2);
}

}  // namespace

Exit calibrate(const Context& context, const CalibrateOptions& options) {
    gallery::Store store(context.settings.redis);
    if (options.reset) {
        must(store.clear_policy());
        safe_print(
            "no policy is stored now; workers calibrate automatically, with the settings in the "
            "section recognize\n");
        return Exit::ok;
    }
    const auto& cohort = gallery::shipped_cohort();
    const auto gallery = must(store.load(cohort.model_id));
    const auto rate = options.fpir.value_or(context.settings.calibration.fpir);
    const auto impostors = gallery::impostors_needed(rate);
    const auto calibration = [&] {
        Progress progress("matching impostors", impostors);
        return must(gallery::calibrate(*gallery, context.settings.calibration.base, cohort, rate,
                                       impostors, steps(progress, context.stop)));
    }();
    const auto leave_one_out = gallery::leave_one_out(*gallery, calibration.policy);
    if (options.json) {
        print_json(*gallery, calibration, leave_one_out);
    } else {
        print(*gallery, calibration, leave_one_out);
    }
    if (options.dry_run) return Exit::ok;
    must(store.set_policy(calibration.policy));
    if (!options.json) safe_print("stored the policy in the gallery; workers use it from now on\n");
    return Exit::ok;
}

}  // namespace facebus::cli
