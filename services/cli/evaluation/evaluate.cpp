// facebus evaluate: measures recognition accuracy on labelled images.
#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "cli/commands.hpp"
#include "cli/counted.hpp"
#include "cli/evaluation/calibration_check.hpp"
#include "cli/evaluation/chart.hpp"
#include "cli/evaluation/face_set.hpp"
#include "cli/evaluation/fit_cohort.hpp"
#include "cli/evaluation/gallery_check.hpp"
#include "cli/evaluation/identification.hpp"
#include "cli/evaluation/people.hpp"
#include "cli/evaluation/verification.hpp"
#include "cli/gallery/matcher.hpp"
#include "cli/must.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"

namespace facebus::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array verification_rates{1e-2, 1e-3, 1e-4};
constexpr std::array identification_rates{1e-2, 1e-3};
// The calibration check runs this share of the trials with each half of the people, because one of
// its trials takes much longer; see check_calibration().
constexpr std::size_t calibration_share = 10;

/// All measurements of one run.
struct Report {
    std::string folder;
    FaceSet set;
    Verification verification;
    AllPairs all_pairs;
    IdentificationReport identification;
    CalibrationCheck calibration;
};

std::string percent(double share) {
    return fmt::format("{:.4g}%", share * 100);
}

double share(std::uint64_t part, std::uint64_t all) {
    return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

Json operating_points(const ScoreCounts& genuine, const ScoreCounts& impostor) {
    Json all = Json::array();
    for (const double rate : verification_rates) {
        const auto point = at_false_accepts(genuine, impostor, rate);
        if (!point) continue;
        all.push_back(
            {{"far", rate}, {"tar", point->true_accepts}, {"threshold", point->threshold}});
    }
    return all;
}

Json to_json(const CalibrationCheck& check) {
    Json bins = Json::array();
    for (const auto& bin : check.bins) {
        if (bin.decisions == 0) continue;
        bins.push_back({{"decisions", bin.decisions},
                        {"probability", bin.predicted / static_cast<double>(bin.decisions)},
                        {"correct", share(bin.correct, bin.decisions)}});
    }
    Json rows = Json::array();
    for (const auto& row : check.rows) {
        rows.push_back({{"samples", row.samples},
                        {"probes", row.probes},
                        {"subjects", row.subjects},
                        {"target_fpir", row.target_fpir},
                        {"impostors", row.impostors},
                        {"fpir", share(row.impostors_named, row.impostors)},
                        {"fpir_low", row.fpir.low},
                        {"fpir_high", row.fpir.high},
                        {"mated", row.mated},
                        {"mated_named", share(row.mated_named, row.mated)},
                        {"mated_misidentified", share(row.mated_misidentified, row.mated)}});
    }
    return {{"trials", check.trials}, {"rows", rows}, {"probabilities", bins}};
}

Json to_json(const Report& report) {
    const auto& [folder, set, verification, all_pairs, identification, calibration] = report;
    Json json{{"folder", folder},
              {"model", set.model_id},
              {"images", set.images.size()},
              {"people", set.people()},
              {"without_face", set.without_face()}};
    if (!verification.pairs.empty()) {
        json["verification"] = {
            {"pairs", verification.pairs.size()},
            {"folds", verification.folds},
            {"accuracy", verification.accuracy},
            {"deviation", verification.deviation},
            {"threshold", verification.threshold},
            {"points", operating_points(verification.genuine, verification.impostor)}};
    }
    json["all_pairs"] = {{"same", all_pairs.genuine.total()},
                         {"different", all_pairs.impostor.total()},
                         {"points", operating_points(all_pairs.genuine, all_pairs.impostor)}};
    Json results = Json::array();
    for (const auto& result : identification.results) {
        Json points = Json::array();
        for (const double rate : identification_rates) {
            const auto point = result.at(rate);
            if (!point) continue;
            points.push_back({{"fpir", rate},
                              {"fnir", 1 - point->true_accepts},
                              {"threshold", point->threshold}});
        }
        Json comparisons = Json::array();
        for (const double rate : identification_rates) {
            const auto found = result.compare(rate);
            if (!found) continue;
            comparisons.push_back({{"fpir", rate},
                                   {"fnir_cosine", found->cosine},
                                   {"fnir_score", found->score},
                                   {"reduction_low", found->reduction.low},
                                   {"reduction_high", found->reduction.high}});
        }
        results.push_back({{"samples", result.samples},
                           {"probes", result.probes},
                           {"enrolled", result.enrolled},
                           {"mated", result.mated.total()},
                           {"impostors", result.impostors.total()},
                           {"rank_one", result.rank_one},
                           {"points", points},
                           {"comparisons", comparisons}});
    }
    json["identification"] = {{"enrolled", identification.enrolled},
                              {"mated", identification.mated},
                              {"impostors", identification.impostors},
                              {"trials", identification.trials},
                              {"results", results}};
    if (calibration.trials > 0) json["calibration"] = to_json(calibration);
    return json;
}

/// Returns the misclassified pairs, and the images without a face.
Json failures(const Report& report) {
    const auto& images = report.set.images;
    Json pairs = Json::array();
    for (const auto& result : report.verification.pairs) {
        if (result.correct) continue;
        pairs.push_back({{"same", result.pair.same},
                         {"first", images[result.pair.first].file},
                         {"second", images[result.pair.second].file},
                         {"similarity", result.similarity}});
    }
    Json without_face = Json::array();
    for (const auto& image : images) {
        if (!image.face) without_face.push_back(image.file);
    }
    return {{"pairs", pairs}, {"without_face", without_face}};
}

void print_points(const ScoreCounts& genuine, const ScoreCounts& impostor) {
    for (const double rate : verification_rates) {
        const auto point = at_false_accepts(genuine, impostor, rate);
        if (point) {
            safe_print("  TAR at FAR {:<6g} {:.4f}   (threshold {:.3f})\n", rate,
                       point->true_accepts, point->threshold);
        } else {
            safe_print("  TAR at FAR {:<6g} requires at least {:.0f} impostor pairs\n", rate,
                       1 / rate);
        }
    }
}

void print(const CalibrationCheck& check) {
    if (check.trials == 0) {
        safe_print("\ncalibration check: too few people with enough images\n");
        return;
    }
    safe_print(
        "\ncalibration check: {} trials, cohort fitted to other people\n"
        "  samples  probes  people  target FPIR  measured (95% interval)  ratio  searches  "
        "enrolled people: named  misidentified\n",
        check.trials);
    for (const auto& row : check.rows) {
        const double measured = share(row.impostors_named, row.impostors);
        safe_print("  {:>7}  {:>6}  {:>6}  {:>11}  {:>23}  {:>5.2f}  {:>8}  {:>22}  {:>13}\n",
                   row.samples, row.probes, row.subjects, percent(row.target_fpir),
                   fmt::format("{} ({} to {})", percent(measured), percent(row.fpir.low),
                               percent(row.fpir.high)),
                   measured / row.target_fpir, row.impostors,
                   percent(share(row.mated_named, row.mated)),
                   percent(share(row.mated_misidentified, row.mated)));
    }
    safe_print("  predicted probability: observed accuracy (number of decisions)\n   ");
    for (const auto& bin : check.bins) {
        if (bin.decisions == 0) continue;
        safe_print(" {:.2f}: {:.2f} ({})", bin.predicted / static_cast<double>(bin.decisions),
                   share(bin.correct, bin.decisions), bin.decisions);
    }
    safe_print("\n");
}

void print(const Report& report) {
    const auto& [folder, set, verification, all_pairs, identification, calibration] = report;
    safe_print("{}: {} of {}, no face found in {}\nmodel {}\n", folder,
               counted(set.images.size(), "image", "images"),
               counted(set.people(), "person", "people"), set.without_face(), set.model_id);
    if (!verification.pairs.empty()) {
        safe_print("\nverification, {} in {}\n  accuracy {:.4f} ± {:.4f}   (threshold {:.3f})\n",
                   counted(verification.pairs.size(), "pair", "pairs"),
                   counted(verification.folds, "fold", "folds"), verification.accuracy,
                   verification.deviation, verification.threshold);
        print_points(verification.genuine, verification.impostor);
    }
    safe_print("\nverification, all pairs: {} genuine, {} impostor\n", all_pairs.genuine.total(),
               all_pairs.impostor.total());
    print_points(all_pairs.genuine, all_pairs.impostor);
    if (identification.results.empty()) {
        safe_print("\nidentification: too few people with enough images\n");
        print(calibration);
        return;
    }
    safe_print(
        "\nidentification, {} trials\n"
        "  samples  probes  enrolled     rank 1   FNIR at FPIR 1%   (threshold)   at 0.1%   "
        "(threshold)   with cosines at 1%   misses avoided (95% interval)\n",
        identification.trials);
    for (const auto& result : identification.results) {
        safe_print("  {:>7}  {:>6}  {:>8}  {:>9}", result.samples, result.probes, result.enrolled,
                   percent(result.rank_one));
        for (const double rate : identification_rates) {
            const auto point = result.at(rate);
            safe_print("  {:>{}}  {:>12}", point ? percent(1 - point->true_accepts) : "-",
                       rate == identification_rates.front() ? 16 : 8,
                       point ? fmt::format("{:.3f}", point->threshold) : "-");
        }
        if (const auto found = result.compare(identification_rates.front())) {
            safe_print("  {:>19}   {} to {}", percent(found->cosine), percent(found->reduction.low),
                       percent(found->reduction.high));
        }
        safe_print("\n");
    }
    print(calibration);
}

void print_failures(const Report& report) {
    safe_print("\nmisclassified pairs, and images without a face\n");
    const auto list = failures(report);
    for (const auto& pair : list.at("pairs")) {
        const auto similarity = pair.at("similarity").get<float>();
        safe_print("  {} {} {} {}\n", pair.at("same").get<bool>() ? "same     " : "different",
                   pair.at("first").get<std::string>(), pair.at("second").get<std::string>(),
                   similarity > -1 ? fmt::format("similarity {:.3f}", similarity)
                                   : "no face in at least one of the images");
    }
    for (const auto& file : list.at("without_face")) {
        safe_print("  no face   {}\n", file.get<std::string>());
    }
}

void write_charts(const Report& report, const std::filesystem::path& folder) {
    std::error_code failed;  // not checked: writing the first file reports the error
    std::filesystem::create_directories(folder, failed);
    const auto& [name, set, verification, all_pairs, identification, calibration] = report;
    Line roc{"all pairs", {}};
    Line det{"all pairs", {}};
    for (const auto& point : curve(all_pairs.genuine, all_pairs.impostor)) {
        roc.points.emplace_back(point.false_accepts, point.true_accepts);
        det.points.emplace_back(point.false_accepts, 1 - point.true_accepts);
    }
    const Axis far{"false accept rate (FAR)", 1e-6, 1, true};
    must(write_file(folder / "roc.svg", chart("Verification: ROC", far,
                                              {"true accept rate (TAR)", 0, 1, false}, {roc})));
    must(write_file(folder / "det.svg", chart("Verification: DET", far,
                                              {"false reject rate (FRR)", 1e-3, 1, true}, {det})));
    std::vector<Line> lines;
    for (const auto& result : identification.results) {
        Line line{fmt::format("{}, {}", counted(result.samples, "sample", "samples"),
                              counted(result.probes, "probe", "probes")),
                  {}};
        for (const auto& point : curve(result.mated, result.impostors)) {
            // A search with the wrong best subject or too small a margin has the score -1. At the
            // threshold -1 it would count as accepted, so omit that point.
            if (point.threshold <= -1) continue;
            line.points.emplace_back(point.false_accepts, 1 - point.true_accepts);
        }
        lines.push_back(std::move(line));
    }
    if (lines.empty()) return;
    must(write_file(
        folder / "identification.svg",
        chart(fmt::format("Open-set identification, {} people enrolled", identification.enrolled),
              {"false positive identification rate (FPIR)", 1e-3, 1, true},
              {"false negative identification rate (FNIR)", 1e-3, 1, true}, lines)));
}

const char* to_string(const gallery::Decision& decision) {
    // Workers do not report ignored people either.
    if (decision.ignored || decision.verdict == gallery::Verdict::undecided) return "undecided";
    return decision.verdict == gallery::Verdict::known ? "known" : "unknown";
}

Json to_json(const GalleryCheck& check) {
    Json searches = Json::array();
    for (const auto& search : check.searches) {
        const auto& decision = search.decision;
        Json entry{{"file", search.file},
                   {"person", search.person},
                   {"enrolled", search.enrolled},
                   {"decision", to_string(decision)}};
        if (search.named()) entry["subject"] = decision.match.best->name;
        if (decision.match.best) entry["score"] = decision.match.best->score;
        entry["score_threshold"] = decision.threshold;
        searches.push_back(std::move(entry));
    }
    return {{"subjects", check.subjects},
            {"samples", check.samples},
            {"omitted", check.omitted},
            {"mated", check.count(true)},
            {"fnir", check.fnir()},
            {"misidentified", check.misidentified()},
            {"impostors", check.count(false)},
            {"fpir", check.fpir()},
            {"searches", searches}};
}

void print(const GalleryCheck& check, bool failures) {
    safe_print(
        "{} in the gallery; {} omitted, because they are enrolled\n"
        "  FNIR {:>7} of {} for enrolled people, {} of them named as somebody else\n"
        "  FPIR {:>7} of {} for unknown people\n",
        counted(check.subjects, "person", "people"), counted(check.omitted, "image", "images"),
        percent(check.fnir()), counted(check.count(true), "search", "searches"),
        percent(check.misidentified()), percent(check.fpir()),
        counted(check.count(false), "search", "searches"));
    for (const auto& search : check.searches) {
        if (!failures || (search.enrolled ? search.correct() : !search.named())) continue;
        safe_print("  {}: {}\n", search.file,
                   search.named() ? search.decision.match.best->name : to_string(search.decision));
    }
}

/// Searches the gallery in Redis for the faces of the set.
Exit evaluate_gallery(const Context& context, const EvaluateOptions& options, const FaceSet& set) {
    gallery::Store store(context.settings.redis);
    const auto model = must(store.model()).value_or(set.model_id);
    if (model != set.model_id) {
        throw FatalError(Exit::input,
                         fmt::format("the gallery uses model {}, but recognize.model is {}", model,
                                     set.model_id));
    }
    const auto matcher = load_matcher(store, context.settings.calibration, model);
    GalleryCheck check;
    {
        Progress progress("searching", set.images.size());
        check = check_gallery(set, matcher, steps(progress, context.stop));
    }
    if (options.json) {
        safe_print_json(to_json(check), 2);
    } else {
        print(check, options.failures);
    }
    return Exit::ok;
}

}  // namespace

Exit evaluate(const Context& context, const EvaluateOptions& options) {
    Report report;
    report.folder = options.folder.string();
    report.set = read_face_set(context, options.folder, options.cache);
    if (options.gallery) return evaluate_gallery(context, options, report.set);
    const auto pairs =
        options.pairs.empty() ? random_pairs(report.set) : read_pairs(options.pairs, report.set);
    if (!pairs.empty()) report.verification = verify(report.set, pairs);
    report.all_pairs = compare_all(report.set);
    {
        const auto calibration_trials =
            std::max<std::size_t>(options.trials / calibration_share, 1);
        Progress progress("trials", options.trials + 2 * calibration_trials);
        const auto step = steps(progress, context.stop);
        report.identification = identify(report.set,
                                         {.samples = options.samples,
                                          .probes = options.probes,
                                          .trials = options.trials,
                                          .margin = context.settings.calibration.base.margin,
                                          .folds = options.folds},
                                         step);
        report.calibration = check_calibration(report.set, context.settings.calibration.base,
                                               options.fpirs, calibration_trials, step);
    }
    if (!options.cohort.empty()) {
        const auto cohort = must(fit_cohort(people_of(report.set), report.set.model_id));
        must(write_file(options.cohort, gallery::write_cohort(cohort)));
        const auto nearest = nearest_contributors(people_of(report.set), cohort);
        safe_print(stderr,
                   "wrote {} vectors; cosine of each to the person who resembles it most: at least "
                   "{:.2f}, median {:.2f}\n",
                   nearest.size(), nearest.front(), nearest[nearest.size() / 2]);
    }
    if (options.json) {
        auto json = to_json(report);
        if (options.failures) json["failures"] = failures(report);
        safe_print_json(json, 2);
    } else {
        print(report);
        if (options.failures) print_failures(report);
    }
    if (!options.charts.empty()) {
        write_charts(report, options.charts);
        safe_print(stderr, "wrote the charts to {}\n", options.charts.string());
    }
    return Exit::ok;
}

}  // namespace facebus::cli
