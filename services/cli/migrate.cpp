// facebus migrate: brings the data in Redis to the format of this version.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/must.hpp"
#include "cli/terminal.hpp"
#include "gallery/store/format.hpp"

namespace facebus::cli {

Exit migrate(const Context& context) {
    gallery::Redis redis(context.settings.redis);
    const auto version =
        must(gallery::migrate(redis, gallery::migrations(), [&](const gallery::Migration& step) {
            if (context.stop.requested()) return false;
            safe_print("{}\n", step.what);
            return true;
        }));
    if (version != gallery::format_version) {
        safe_print(stderr, "stopped at format {}; run `facebus migrate` again to continue\n",
                   version);
        return Exit::interrupted;
    }
    safe_print("the data in Redis has format {}, which this version requires\n", version);
    return Exit::ok;
}

}  // namespace facebus::cli
