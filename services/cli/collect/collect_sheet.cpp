#include "cli/collect/collect_sheet.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

#include <fmt/format.h>

#include "vision/image/annotate.hpp"

namespace facebus::cli {
namespace {

/// Maximum number of crops per person, enough to see whether they all show the same person.
constexpr std::size_t crops_per_person = 6;
/// Maximum number of crops on the sheet. Limits its height: a JPEG has at most 65,535 rows.
constexpr std::size_t max_cells = 3000;

/// Returns up to `limit` crops of a person in chronological order. Selects first the best crop of
/// each track, then the second best of each track, and so on. The sheet thus shows as many tracks
/// as possible, which helps users to find a track that shows a different person.
std::vector<const KeptCrop*> best_crops(const CollectedPerson& person, std::size_t limit) {
    struct Ranked {
        std::size_t rank;   // 0: the best crop of its track
        std::size_t index;  // in chronological order
        const KeptCrop* crop;
    };
    const auto quality = [](const KeptCrop* crop) { return crop->face.quality.overall; };
    std::vector<Ranked> all;
    for (const auto* track : person.tracks) {
        std::vector<const KeptCrop*> own;
        std::ranges::transform(track->crops, std::back_inserter(own),
                               [](const KeptCrop& crop) { return &crop; });
        std::ranges::stable_sort(own, std::greater{}, quality);
        for (const auto& crop : track->crops) {
            const auto rank = std::ranges::find(own, &crop) - own.begin();
            all.push_back({static_cast<std::size_t>(rank), all.size(), &crop});
        }
    }
    std::ranges::sort(all, {}, [&](const Ranked& one) {
        return std::tuple(one.rank, -quality(one.crop), one.index);
    });
    all.resize(std::min(all.size(), limit));
    std::ranges::sort(all, {}, &Ranked::index);
    std::vector<const KeptCrop*> crops;
    std::ranges::transform(all, std::back_inserter(crops), &Ranked::crop);
    return crops;
}

std::vector<vision::SheetCell> cells_of(const CollectedPerson& person, std::size_t limit) {
    std::vector<vision::SheetCell> cells;
    for (const auto* crop : best_crops(person, limit)) {
        cells.push_back({.image = crop->face.image,
                         .caption = person.folder,
                         .detail = fmt::format("{:.1f} s, quality {:.2f}", seconds(crop->pts),
                                               crop->face.quality.overall),
                         .tone = person.subject ? vision::Tone::known : vision::Tone::undecided});
    }
    return cells;
}

}  // namespace

Image draw_contact_sheet(const std::string& title, const std::vector<CollectedPerson>& people) {
    const auto limit = std::clamp<std::size_t>(max_cells / std::max<std::size_t>(people.size(), 1),
                                               1, crops_per_person);
    std::vector<vision::SheetCell> cells;
    for (const auto& person : people) {
        std::ranges::move(cells_of(person, limit), std::back_inserter(cells));
    }
    cells.resize(std::min(cells.size(), max_cells));
    return vision::contact_sheet(title, cells);
}

}  // namespace facebus::cli
