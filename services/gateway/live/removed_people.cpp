#include "gateway/live/removed_people.hpp"

#include <string>
#include <string_view>
#include <tuple>

namespace facebus::gateway {
namespace {

/// Returns whether the version `a` of the gallery, an id such as 1700000000000-0, is newer.
bool newer(std::string_view a, std::string_view b) {
    // Of two numbers without leading zeros, the longer one is greater.
    const auto order = [](std::string_view id) {
        const auto time = id.substr(0, id.find('-'));
        const auto number = id.substr(time.size());
        return std::tuple(time.size(), time, number.size(), number);
    };
    return order(a) > order(b);
}

bool removed(const std::string& subject, const wire::Identity& identity,
             const gallery::Snapshot& gallery) {
    return !newer(identity.gallery, gallery.version()) &&
           (!gallery.name_of(subject) || gallery.ignored(subject));
}

bool subject_removed(const wire::Identity& identity, const gallery::Snapshot& gallery) {
    return (identity.subject_id && removed(*identity.subject_id, identity, gallery)) ||
           (identity.best && removed(identity.best->subject_id, identity, gallery));
}

bool runner_up_removed(const wire::Identity& identity, const gallery::Snapshot& gallery) {
    return identity.runner_up && removed(identity.runner_up->subject_id, identity, gallery);
}

}  // namespace

bool names_removed(const wire::Identity& identity, const gallery::Snapshot& gallery) {
    return subject_removed(identity, gallery) || runner_up_removed(identity, gallery);
}

std::optional<wire::Identity> without_removed(const wire::Identity& identity,
                                              const gallery::Snapshot& gallery) {
    if (subject_removed(identity, gallery)) return std::nullopt;
    auto shown = identity;
    if (runner_up_removed(identity, gallery)) {
        // Without the runner-up, an ambiguous result says nothing.
        if (identity.best) return std::nullopt;
        shown.runner_up.reset();
    }
    return shown;
}

}  // namespace facebus::gateway
