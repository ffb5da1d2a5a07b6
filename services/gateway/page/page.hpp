// The web page: files of gateway/page, inside the program so that it is found wherever the program
// is.
#pragma once

#include <string_view>
#include <vector>

#include "gateway/router.hpp"

namespace facebus::gateway {

struct PageFile {
    std::string_view name;
    std::string_view type;  ///< as HTTP names it
    std::string_view content;
};
/// All of them; the first is what / shows.
std::vector<PageFile> page_files();

/// For everybody: what the page shows it asks for with a key.
std::vector<Route> page_routes();

}  // namespace facebus::gateway
