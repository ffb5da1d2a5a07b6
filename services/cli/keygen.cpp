// facebus keygen: keys for the sockets between machines.
#include <fmt/format.h>

#include "bus/curve.hpp"
#include "cli/commands.hpp"
#include "cli/must.hpp"
#include "wire/codec.hpp"

namespace facebus::cli {

Exit keygen(const KeygenOptions& options) {
    if (!wire::valid_source(options.name)) {
        throw StartupError(Exit::usage,
                           "the name of a key is 1 to 64 letters, digits, '_' and '-'");
    }
    must(bus::write_key_pair(options.folder, options.role, options.name, bus::make_key_pair()));
    const auto file = (options.folder / options.name).string();
    const bool broker = options.role == "broker";
    fmt::print(
        "{0}.key  secret: stays with this {1}, whose bus.key names it\n"
        "{0}.pub  public: {2}\n",
        file, options.role,
        broker ? "for everybody who connects to the broker, as bus.broker"
               : "into the folder that the broker's bus.allowed names");
    return Exit::ok;
}

}  // namespace facebus::cli
