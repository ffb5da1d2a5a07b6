// Options of the configuration section `gateway`: REST API and web page.
#pragma once

#include <string>

#include "base/option.hpp"

namespace facebus::gateway {

struct Options {
    std::string address = "127.0.0.1:8000";
    std::string key_file{};
    bool allow_anonymous = false;
    int max_upload = 10;
    int max_import = 64;
    int max_megapixels = 25;
    double rate = 20;
    int burst = 100;
    double timeout = 30;
    int threads = 16;
    int concurrent_images = 1;
    int live = 200;
    int max_streams = 16;
    int unknown_faces = 500;
    double unknown_hours = 24;

    static void keys(auto& self, auto&& key) {
        key("address", self.address,
            "host:port of the REST API and the page, over plain HTTP; for TLS, put a reverse proxy "
            "in front");
        key("keys", self.key_file,
            "file with hashed API keys, written by `facebus api-key`; changes take effect within "
            "a second");
        key("allow_anonymous", self.allow_anonymous,
            "true: every client has full access without an API key; requires a loopback address");
        key("max_upload", self.max_upload, Range{1, 1000},
            "maximum size of a request with images, in megabytes");
        key("max_import", self.max_import, Range{1, 1000},
            "maximum size of an imported gallery, in megabytes");
        key("max_megapixels", self.max_megapixels, Range{1, 64},
            "maximum size of an image, in megapixels");
        key("rate", self.rate, Range{0, 1e6},
            "sustained requests per second per API key, or of all clients if allow_anonymous is "
            "true; 0: unlimited");
        key("burst", self.burst, Range{1, 1'000'000},
            "maximum burst of requests before the sustained rate applies");
        key("timeout", self.timeout, Range{0.1, 3600},
            "timeout in seconds for each of: receiving a request (5 at most for its headers), "
            "waiting for other requests (see concurrent_images) to finish, sending the response");
        key("threads", self.threads, Range{1, 1000},
            "requests that can be handled concurrently in addition to max_streams streams");
        key("concurrent_images", self.concurrent_images, Range{1, 64},
            "images processed concurrently; each requires about 200 MB for its own copy of the "
            "neural networks");
        key("live", self.live, Range{1, 10'000},
            "maximum number of results kept in memory for the page, with their crops, for up to "
            "one hour");
        key("max_streams", self.max_streams, Range{1, 1000},
            "maximum number of clients that stream live results; they do not count towards "
            "gateway.threads");
        key("unknown_faces", self.unknown_faces, Range{0, 1000},
            "maximum number of faces of unknown people kept in memory, so that users can name "
            "them; 0: none");
        key("unknown_hours", self.unknown_hours, Range{0, 8760},
            "hours for which faces of unknown people are kept");
    }
};

}  // namespace facebus::gateway
