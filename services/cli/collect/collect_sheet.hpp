// Draws the overview of collected people that users check before enrolling them.
#pragma once

#include <string>
#include <vector>

#include "base/image.hpp"
#include "cli/collect/collect_people.hpp"

namespace facebus::cli {

/// Returns a contact sheet with up to six crops per person.
Image collected_sheet(const std::string& title, const std::vector<CollectedPerson>& people);

}  // namespace facebus::cli
