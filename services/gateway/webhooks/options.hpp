// Settings of one webhook.
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
        key("url", self.url, "where to post: http:// or https://; none: off");
        key("secret_file", self.secret_file, "file with the secret that signs what is posted");
        key("ca_file", self.ca_file,
            "https: certificate of the authority that signed the server's; none: the system's");
        key("decisions", self.decisions,
            "which results: known, unknown, undecided, error, with commas between");
        key("cameras", self.cameras, "of which cameras, with commas between; none: of all");
        key("timeout", self.timeout, Range{0.1, 300}, "seconds that an answer may take");
    }
};

}  // namespace facebus::gateway
