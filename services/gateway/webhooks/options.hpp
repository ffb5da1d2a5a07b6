// Options of one webhook.
#pragma once

#include <string>

#include "base/option.hpp"

namespace facebus::gateway {

struct WebhookOptions {
    std::string url{};
    std::string secret_file{};
    std::string ca_file{};
    std::string decisions = "known";
    std::string cameras{};
    double timeout = 10;

    static void keys(auto& self, auto&& key) {
        key("url", self.url, "URL that receives results, http:// or https://; empty: off");
        key("secret_file", self.secret_file, "file with the secret that signs each request");
        key("ca_file", self.ca_file,
            "https: certificate of the authority that signed the server's certificate; empty: the "
            "system's authorities");
        key("decisions", self.decisions,
            "decisions to deliver, comma-separated: known, unknown, undecided, error");
        key("cameras", self.cameras, "cameras to deliver, comma-separated; empty: all");
        key("timeout", self.timeout, Range{0.1, 300}, "seconds to wait for a response");
    }
};

}  // namespace facebus::gateway
