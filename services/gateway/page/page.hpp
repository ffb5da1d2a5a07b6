// Web page of the gateway. Its files are compiled into the program, so they need no installation.
#pragma once

#include <string_view>
#include <vector>

#include "gateway/router.hpp"

namespace facebus::gateway {

struct PageFile {
    std::string_view name;
    std::string_view type;  ///< media type, as in Content-Type
    std::string_view content;
};

/// Returns all files of the page; the first one is served at `/`.
std::vector<PageFile> page_files();

/// Returns the routes of the files. They require no key: the files hold no data, and the page sends
/// a key with each request for data.
std::vector<Route> page_routes();

}  // namespace facebus::gateway
