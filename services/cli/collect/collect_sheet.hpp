// The overview of collected people, to look at before they are enrolled.
#pragma once

#include <string>
#include <vector>

#include "base/image.hpp"
#include "cli/collect/collect_people.hpp"

namespace facebus::cli {

/// A contact sheet with up to six crops of each person, person by person.
Image collected_sheet(const std::string& title, const std::vector<CollectedPerson>& people);

}  // namespace facebus::cli
