// Web page of the gateway. Its files are compiled into the program and need not be installed.
#pragma once

#include <string_view>
#include <vector>

#include "gateway/router.hpp"

namespace facebus::gateway {

/// File of the page, compiled into the program.
struct PageFile {
    std::string_view name;  ///< file name, without a folder
    std::string_view type;  ///< media type, as in Content-Type
    std::string_view content;
};

/// Returns all files of the web page. The first one is index.html, which is served at `/`.
std::vector<PageFile> page_files();

/// Returns the routes that serve the files. These routes require no API key, because the files
/// contain no personal data. The page sends the user's API key with each request for data.
std::vector<Route> page_routes();

}  // namespace facebus::gateway
