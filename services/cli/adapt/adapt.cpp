// facebus adapt: adapts recognition to one's own cameras, from collected and labelled faces.
#include <map>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "cli/adapt/cross_validation.hpp"
#include "cli/adapt/methods.hpp"
#include "cli/commands.hpp"
#include "cli/counted.hpp"
#include "cli/evaluation/face_set.hpp"
#include "cli/must.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"
#include "gallery/store/store.hpp"

namespace facebus::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t min_enrolled = 20;   // enrolled people in the folder
constexpr std::size_t min_searches = 100;  // an FPIR of 1% cannot be measured with fewer
constexpr double max_photo_loss = 0.001;   // acceptable increase of the FNIR of uploaded photos

std::string percent(double share) {
    return fmt::format("{:.1f}%", share * 100);
}

std::string text_of(const Gain& gain) {
    if (gain.usable == 0) return "too few unknown people";
    const double reduction = gain.before > 0 ? 1 - gain.after / gain.before : 0;
    return fmt::format("{} -> {}  {:.0f}% fewer misses ({:.0f} to {:.0f}%)", percent(gain.before),
                       percent(gain.after), reduction * 100, gain.reduction.low * 100,
                       gain.reduction.high * 100);
}

Json json_of(const Gain& gain) {
    return {{"method", gain.method},
            {"before", gain.before},
            {"after", gain.after},
            {"reduction_low", gain.reduction.low},
            {"reduction_high", gain.reduction.high},
            {"folds", gain.usable}};
}

/// The enrolled people who have samples of a model.
struct Enrolled {
    std::map<std::string, std::size_t> index;  ///< name -> index in `samples`
    std::vector<CentredSamples> samples;
};

Enrolled enrolled_people(gallery::Store& store, const gallery::Cohort& cohort) {
    constexpr std::size_t page = 500;
    const auto entries = must(store.list());
    std::size_t total = 0;
    for (const auto& entry : entries) total += entry.samples;
    const gallery::ScoreSpace space(cohort);
    Enrolled out;
    for (std::size_t first = 0; first < total; first += page) {
        for (const auto& [name, sample] :
             must(store.samples(entries, first, page, cohort.model_id))) {
            if (sample.model_id != cohort.model_id) continue;
            const auto [at, added] = out.index.try_emplace(name, out.samples.size());
            if (added) out.samples.emplace_back();
            out.samples[at->second].push_back(space.centred(sample.embedding));
        }
    }
    return out;
}

/// Returns the people in the folder.
std::vector<CameraPerson> people_in(const FaceSet& set, const Enrolled& enrolled) {
    std::map<std::string, CameraPerson> all;
    for (const auto& image : set.images) {
        if (image.face) all[image.person].faces.push_back(&*image.face);
    }
    std::vector<CameraPerson> people;
    for (auto& [name, person] : all) {
        person.name = name;
        if (const auto at = enrolled.index.find(name); at != enrolled.index.end()) {
            person.subject = at->second;
        }
        people.push_back(std::move(person));
    }
    return people;
}

/// All that the command prints.
struct Report {
    std::size_t people = 0;
    std::size_t enrolled = 0;  ///< of the people, those who are enrolled
    std::size_t faces = 0;
    CrossValidation result;
    Choice choice;               ///< from `result`
    std::optional<Gain> photos;  ///< with the best method of all
    std::string refusal;         ///< empty: the adaptation wins
    std::string id;              ///< of the stored adaptation; empty: none was stored
};

/// Returns why the adaptation is refused, or an empty string.
std::string refusal_of(const Choice& choice) {
    if (!choice.best) return "no method misses fewer people; nothing is changed";
    if (choice.gain.reduction.low > 0) return {};
    return "the gain is not certain, because its 95% interval contains 0; collect faces of more "
           "people, most of all of enrolled ones, and try again; nothing is changed";
}

void print(const Report& report, bool dry_run) {
    const auto& result = report.result;
    safe_print(
        "{}, {} of them enrolled, {}; {} for enrolled people, {} for others\n"
        "misses of enrolled people (FNIR) at FPIR 1%, cross-validated over people\n",
        counted(report.people, "person", "people"), report.enrolled,
        counted(report.faces, "face", "faces"), counted(result.mated, "search", "searches"),
        result.impostors);
    for (const auto& gain : result.methods) {
        safe_print("  {:<40} {}\n", gain.method, text_of(gain));
    }
    safe_print("  {:<40} {}\n", "method chosen on the other people", text_of(report.choice.gain));
    if (report.photos) {
        safe_print("uploaded photos with \"{}\": FNIR {} -> {}\n", report.photos->method,
                   percent(report.photos->before), percent(report.photos->after));
    }
    if (report.choice.best) {
        safe_print("best: {}; unknown people named at the calibrated threshold: {} -> {}\n",
                   report.choice.best->name, percent(result.fpir_before),
                   percent(report.choice.fpir_after));
    }
    if (!report.refusal.empty()) return;
    if (dry_run) {
        safe_print("not stored (--dry-run)\n");
    } else {
        safe_print("stored as {}; workers use it from now on; facebus adapt --undo removes it\n",
                   report.id);
    }
}

void print_json(const Report& report) {
    const auto& result = report.result;
    Json methods = Json::array();
    for (const auto& gain : result.methods) methods.push_back(json_of(gain));
    Json json{{"people", report.people},
              {"enrolled", report.enrolled},
              {"faces", report.faces},
              {"mated", result.mated},
              {"impostors", result.impostors},
              {"methods", methods},
              {"chosen", json_of(report.choice.gain)},
              {"strength", report.choice.best ? report.choice.best->strength : 0},
              {"shift", report.choice.shift},
              {"fpir_before", result.fpir_before},
              {"fpir_after", report.choice.fpir_after}};
    if (report.photos) json["photos"] = json_of(*report.photos);
    json["refused"] = report.refusal;
    json["id"] = report.id;
    safe_print_json(json, 2);
}

Exit undo(gallery::Store& store) {
    must(store.clear_adaptation());
    safe_print("no adaptation is stored now; workers compare all probes unchanged\n");
    return Exit::ok;
}

Exit show(gallery::Store& store, bool json) {
    const auto stored = must(store.adaptation());
    const bool any = stored.has_value();
    const auto& adaptation = any ? stored->adaptation : gallery::Adaptation{};
    if (json) {
        safe_print_json(Json{{"id", any ? stored->id : ""},
                             {"model", adaptation.model_id},
                             {"method", adaptation.method},
                             {"created", adaptation.created},
                             {"cameras", adaptation.cameras},
                             {"people", adaptation.people},
                             {"faces", adaptation.faces},
                             {"fnir_before", adaptation.fnir_before},
                             {"fnir_after", adaptation.fnir_after}},
                        2);
    } else if (!any) {
        safe_print("no adaptation is stored\n");
    } else {
        safe_print("{}: {}, computed {} from {} of {}; FNIR {} -> {}; {}; model {}\n", stored->id,
                   adaptation.method, iso8601(adaptation.created),
                   counted(adaptation.faces, "face", "faces"),
                   counted(adaptation.people, "person", "people"), percent(adaptation.fnir_before),
                   percent(adaptation.fnir_after),
                   adaptation.cameras.empty()
                       ? "all cameras"
                       : fmt::format("cameras: {}", fmt::join(adaptation.cameras, ", ")),
                   adaptation.model_id);
    }
    return Exit::ok;
}

/// Throws FatalError if there are too few people to measure a gain.
void require_enough(const Report& report) {
    if (report.enrolled < min_enrolled) {
        throw FatalError(
            Exit::input,
            fmt::format("the folder has faces of {}; at least {} are required; name the "
                        "sub-folders like the people in the gallery (facebus gallery list), or "
                        "collect faces of more people",
                        counted(report.enrolled, "enrolled person", "enrolled people"),
                        min_enrolled));
    }
    if (report.faces < min_searches) {
        throw FatalError(Exit::input,
                         fmt::format("the folder has {}; at least {} are required to measure an "
                                     "FPIR of 1%; collect more",
                                     counted(report.faces, "face", "faces"), min_searches));
    }
}

}  // namespace

Exit adapt(const Context& context, const AdaptOptions& options) {
    gallery::Store store(context.settings.redis);
    if (options.undo) return undo(store);
    if (options.show) return show(store, options.json);
    if (options.folder.empty()) {
        throw FatalError(Exit::usage, "adapt requires a folder, --show or --undo");
    }
    must(store.ping());
    const auto set = read_face_set(context, options.folder, options.cache);
    const auto* cohort = gallery::find_cohort(set.model_id);
    if (cohort == nullptr) {
        throw FatalError(Exit::input, fmt::format("facebus ships no cohort for model {}, without "
                                                  "which scores cannot be adapted",
                                                  set.model_id));
    }
    const auto enrolled = enrolled_people(store, *cohort);
    const auto people = people_in(set, enrolled);
    Report report;
    report.people = people.size();
    for (const auto& person : people) {
        report.faces += person.faces.size();
        if (person.subject != not_enrolled) ++report.enrolled;
    }
    require_enough(report);
    // The threshold for one good face, without an adaptation.
    auto gallery_options = must(store.calibration()).value_or(context.settings.calibration);
    const auto gallery = must(store.load(cohort->model_id));
    const auto calibration = must(gallery::calibrate(*gallery, gallery_options, *cohort));
    const auto threshold = gallery::effective_threshold(calibration.policy, gallery->subjects(), 1);
    const CrossValidationOptions validation{.probes = options.probes,
                                            .margin = calibration.policy.margin};
    const AdaptationInput input{*cohort, enrolled.samples, people};
    {
        Progress progress("cross-validating", adaptation_folds * (adaptation_methods().size() + 1));
        report.result = cross_validate(input, validation, threshold, steps(progress, context.stop));
    }
    std::vector<std::size_t> all(people.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    // An own cohort is used only if photos show that it does them no harm.
    report.choice = report.result.only_probes;
    std::optional<gallery::Adaptation> adaptation;
    if (report.result.any.best && !options.photos.empty()) {
        adaptation = fit_adaptation(input, all, *report.result.any.best);
        const auto photos = read_face_set(context, options.photos, options.photo_cache);
        const auto people_in_photos = people_in(photos, enrolled);
        report.photos =
            measure_photos({*cohort, enrolled.samples, people_in_photos}, *adaptation, validation);
        if (report.photos->after <= report.photos->before + max_photo_loss) {
            report.choice = report.result.any;
        }
    }
    if (report.choice.best) adaptation = fit_adaptation(input, all, *report.choice.best);
    report.refusal = refusal_of(report.choice);
    if (report.refusal.empty() && !options.dry_run) {
        adaptation->created = utc_ns();
        adaptation->people = report.people;
        adaptation->faces = report.faces;
        adaptation->fnir_before = report.choice.gain.before;
        adaptation->fnir_after = report.choice.gain.after;
        adaptation->cameras = options.cameras;
        adaptation->shift = report.choice.shift;
        report.id = must(store.set_adaptation(*adaptation));
    }
    options.json ? print_json(report) : print(report, options.dry_run);
    if (report.refusal.empty()) return Exit::ok;
    throw FatalError(Exit::input, report.refusal);
}

}  // namespace facebus::cli
