#include "cli/evaluation/gallery_check.hpp"

#include <algorithm>
#include <set>

namespace facebus::cli {
namespace {

// Similarity above which an image is a sample of the gallery, as in gallery::Store::add().
constexpr float same_photo = 0.9999F;

std::set<std::string> names_of(const gallery::Snapshot& gallery) {
    std::set<std::string> names;
    for (std::size_t row = 0; row < gallery.samples(); ++row) {
        names.insert(gallery.name_of(gallery.subject_id(row)).value_or(""));
    }
    return names;
}

/// Returns the share of the searches for enrolled people or for impostors for which `counts`
/// returns true.
double share_of(const GalleryCheck& check, bool enrolled, const auto& counts) {
    std::size_t counted = 0;
    for (const auto& search : check.searches) {
        counted += search.enrolled == enrolled && counts(search) ? 1U : 0U;
    }
    return static_cast<double>(counted) /
           static_cast<double>(std::max<std::size_t>(check.count(enrolled), 1));
}

}  // namespace

bool GallerySearch::named() const {
    return decision.verdict == gallery::Verdict::known && !decision.ignored;
}

bool GallerySearch::correct() const {
    return named() && decision.match.best->name == person;
}

std::size_t GalleryCheck::count(bool enrolled) const {
    return static_cast<std::size_t>(
        std::ranges::count(searches, enrolled, &GallerySearch::enrolled));
}

double GalleryCheck::fnir() const {
    return share_of(*this, true, [](const auto& search) { return !search.correct(); });
}

double GalleryCheck::misidentified() const {
    return share_of(*this, true,
                    [](const auto& search) { return search.named() && !search.correct(); });
}

double GalleryCheck::fpir() const {
    return share_of(*this, false, [](const auto& search) { return search.named(); });
}

GalleryCheck check_gallery(const FaceSet& set, const enrolment::Matcher& matcher,
                           const std::function<void()>& step) {
    const auto& gallery = *matcher.gallery;
    GalleryCheck check{.subjects = gallery.subjects(), .samples = gallery.samples()};
    const auto names = names_of(gallery);
    for (const auto& image : set.images) {
        step();
        if (!image.face) continue;
        const std::vector<gallery::Probe> probes{
            {.id = {}, .embedding = image.face->embedding, .quality = image.face->quality.overall}};
        auto decision = gallery::decide(probes, gallery, matcher.policy);
        const auto& best = decision.match.best;
        if (best && best->name == image.person && best->similarity > same_photo) {
            ++check.omitted;
            continue;
        }
        check.searches.push_back(
            {image.file, image.person, names.contains(image.person), std::move(decision)});
    }
    return check;
}

}  // namespace facebus::cli
