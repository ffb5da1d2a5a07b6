// Options of the configuration section `gateway`: REST API and web page.
#pragma once

#include <string>

#include "base/option.hpp"

namespace facebus::gateway {

struct Options {
    std::string address = "127.0.0.1:8000";
    std::string key_file{};
    bool allow_anonymous = false;
    std::string hosts{};
    int connections_per_client = 64;
    int max_upload = 10;
    int max_import = 64;
    int max_megapixels = 25;
    double rate = 20;
    int burst = 100;
    double timeout = 30;
    int threads = 16;
    int concurrent_images = 1;
    int decode_threads = 2;
    double decode_timeout = 10;
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
        key("hosts", self.hosts,
            "used only if allow_anonymous is true: host names, separated by commas, that are "
            "allowed in the gateway's URLs, in addition to localhost and IP addresses; protects "
            "against web pages that point their own name at this machine (DNS rebinding)");
        key("connections_per_client", self.connections_per_client, Range{1, 100'000},
            "maximum number of open connections from one IP address; behind a reverse proxy, "
            "all clients share this limit");
        key("max_upload", self.max_upload, Range{1, 1000},
            "maximum size of a request with images, in megabytes");
        key("max_import", self.max_import, Range{1, 1000},
            "maximum size of an imported gallery, in megabytes");
        key("max_megapixels", self.max_megapixels, Range{1, 64},
            "maximum size of an image, in megapixels");
        key("rate", self.rate, Range{0, 1e6},
            "requests per second that are allowed on average for each API key, or for all clients "
            "together if allow_anonymous is true; 0: unlimited");
        key("burst", self.burst, Range{1, 1'000'000},
            "number of requests that each API key can send at once before gateway.rate applies");
        key("timeout", self.timeout, Range{0.1, 3600},
            "maximum time in seconds for each of: receiving the headers of a request (never more "
            "than 5), receiving its body, waiting for other requests (see concurrent_images), "
            "waiting for the client while sending the response");
        key("threads", self.threads, Range{1, 1000},
            "maximum number of requests handled at the same time, in addition to max_streams "
            "streams; at most three quarters of them can be requests with images");
        key("concurrent_images", self.concurrent_images, Range{1, 64},
            "maximum number of images processed at the same time; each requires about 200 MB for "
            "its own copy of the neural networks");
        key("decode_threads", self.decode_threads, Range{1, 64},
            "maximum number of uploaded images decoded at the same time, before they are "
            "processed");
        key("decode_timeout", self.decode_timeout, Range{0.1, 3600},
            "maximum time in seconds for decoding an uploaded image");
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
