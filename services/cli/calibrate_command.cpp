// facebus calibrate: computes the decision threshold for a target FPIR.
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/counted.hpp"
#include "cli/must.hpp"
#include "cli/terminal.hpp"
#include "gallery/decide/calibration.hpp"
#include "gallery/store/store.hpp"

namespace facebus::cli {
namespace {

/// A calibration and what it is based on.
struct Report {
    const gallery::Snapshot& gallery;
    const gallery::CalibrationOptions& options;
    const gallery::Calibration& calibration;
    const gallery::LeaveOneOut& leave_one_out;
    bool stored = false;  ///< the settings are stored with the gallery
};

std::vector<float> thresholds(const Report& report) {
    std::vector<float> all;
    for (std::size_t probes = 1; probes <= report.calibration.policy.by_probes.size(); ++probes) {
        all.push_back(gallery::effective_threshold(report.calibration.policy,
                                                   report.gallery.subjects(), probes));
    }
    return all;
}

void print(const Report& report) {
    const auto& [gallery, options, calibration, leave_one_out, stored] = report;
    const auto& policy = calibration.policy;
    safe_print("{}, {}; settings {}\n", counted(gallery.subjects(), "person", "people"),
               counted(gallery.samples(), "sample", "samples"),
               stored ? "stored with the gallery by `facebus calibrate`"
                      : "of the configuration, section recognize");
    if (calibration.shift > 0) {
        safe_print(
            "the enrolled people resemble each other more than other people do, so the threshold "
            "is raised by {:.3f}\n",
            calibration.shift);
    }
    safe_print(
        "score required for `known`: {:.3f} with 1, 2, 3, 4 and at least 5 good faces\n"
        "expected: about {:.3g}% of unknown people falsely identified, about {:.1f}% of enrolled "
        "people identified with {}\n",
        fmt::join(thresholds(report), ", "), options.fpir * 100, calibration.tpir * 100,
        counted(static_cast<std::size_t>(policy.min_probes), "good face", "good faces"));
    if (options.fpir < 0.001 || gallery.subjects() > 500) {
        safe_print(
            "this is an extrapolation: the threshold was measured for rates of at least 0.1% and "
            "up to 500 people\n");
    }
    if (leave_one_out.tested > 0) {
        safe_print(
            "leave-one-out test: {} of {} identified correctly when compared with all others\n",
            leave_one_out.identified, counted(leave_one_out.tested, "sample", "samples"));
    }
    safe_print("probability: 1 / (1 + exp(-({:.1f} * score {:+.1f} - ln(people))))\n", policy.slope,
               policy.offset);
}

void print_json(const Report& report) {
    const auto& [gallery, options, calibration, leave_one_out, stored] = report;
    const auto& policy = calibration.policy;
    const nlohmann::ordered_json json{
        {"subjects", gallery.subjects()},
        {"samples", gallery.samples()},
        {"fpir", options.fpir},
        {"stored", stored},
        {"score", policy.threshold},
        {"scores", thresholds(report)},
        {"shift", calibration.shift},
        {"tpir", calibration.tpir},
        {"leave_one_out",
         {{"tested", leave_one_out.tested}, {"identified", leave_one_out.identified}}},
        {"policy",
         {{"min_probes", policy.min_probes},
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
        must(store.clear_calibration());
        safe_print("no calibration is stored now; the settings in the section recognize apply\n");
        return Exit::ok;
    }
    // While the gallery moves to another model, the old one is still its model.
    const auto model = must(store.model()).value_or("");
    const auto gallery = must(store.load(model));
    const auto stored = must(store.calibration());
    auto wanted = context.settings.calibration;
    if (options.show) {
        wanted = stored.value_or(wanted);
        if (!stored && must(store.has_old_policy())) {
            safe_print(stderr,
                       "an earlier version stored thresholds for similarities, which are not used "
                       "any more; run `facebus calibrate --fpir RATE` to set the rate again\n");
        }
    }
    wanted.fpir = options.fpir.value_or(wanted.fpir);
    const auto calibration = must(gallery::calibrate(*gallery, wanted));
    const auto leave_one_out = gallery::leave_one_out(*gallery, calibration.policy);
    const bool store_it = !options.dry_run && !options.show;
    const Report report{*gallery, wanted, calibration, leave_one_out,
                        store_it || (options.show && stored.has_value())};
    if (store_it) must(store.set_calibration(wanted));
    if (options.json) {
        print_json(report);
    } else {
        print(report);
        if (store_it) safe_print("stored in the gallery; workers use it from now on\n");
    }
    return Exit::ok;
}

}  // namespace facebus::cli
