// Results as the page and other clients read them.
#pragma once

#include <string>

#include "gateway/json.hpp"
#include "gateway/live/live_view.hpp"

namespace facebus::gateway {

/// The result with why it was decided so, where its time went, and its crop as a data URL.
Json result_json(const LiveResult& result, const std::string& run);

}  // namespace facebus::gateway
