// facebus keygen: creates key pairs for the sockets of the bus.
#include <utility>

#include <fmt/format.h>

#include "bus/curve.hpp"
#include "cli/commands.hpp"
#include "cli/must.hpp"
#include "cli/terminal.hpp"
#include "wire/codec.hpp"

namespace facebus::cli {

Exit keygen(const KeygenOptions& options) {
    if (!wire::valid_source(options.name)) {
        throw FatalError(Exit::usage, "the name must be 1 to 64 letters, digits, '_' or '-'");
    }
    std::vector<std::string> cameras;
    if (options.cameras) {
        if (options.role != "edge") {
            throw FatalError(Exit::usage, "--cameras requires the role edge");
        }
        auto parsed = bus::parse_cameras(*options.cameras);
        if (!parsed) throw FatalError(Exit::usage, "--cameras: " + parsed.error().message);
        cameras = std::move(*parsed);
    }
    must(bus::write_key_pair(options.folder, options.role, options.name, bus::make_key_pair(),
                             cameras));
    const auto file = (options.folder / options.name).string();
    const bool broker = options.role == "broker";
    safe_print(
        "{0}.key  secret key: keep it on the {1}'s machine and set bus.key to its path\n"
        "{0}.pub  public key: {2}\n",
        file, options.role,
        broker
            ? "copy it to every machine that connects to the broker and set bus.broker to its path"
            : "copy it to the broker's machine, into the folder bus.allowed");
    return Exit::ok;
}

}  // namespace facebus::cli
