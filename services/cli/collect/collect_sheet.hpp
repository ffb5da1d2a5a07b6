// Draws the contact sheet on which users check the collected people before enrolling them.
#pragma once

#include <string>
#include <vector>

#include "base/image.hpp"
#include "cli/collect/collect_people.hpp"

namespace facebus::cli {

/// Returns a contact sheet with up to six crops per person, fewer if there are more than 500
/// people, and at most 3,000 crops in total.
Image draw_contact_sheet(const std::string& title, const std::vector<CollectedPerson>& people);

}  // namespace facebus::cli
