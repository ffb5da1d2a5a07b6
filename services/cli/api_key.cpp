// facebus api-key: creates a key for the REST API and stores its hash.
#include "api_keys/api_key.hpp"

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/must.hpp"
#include "cli/terminal.hpp"
#include "wire/codec.hpp"

namespace facebus::cli {

Exit api_key(const Context& context, const ApiKeyOptions& options) {
    if (!wire::valid_source(options.name)) {
        throw FatalError(Exit::usage, "the name must be 1 to 64 letters, digits, '_' or '-'");
    }
    const auto file = options.file.empty()
                          ? std::filesystem::path(context.settings.gateway.key_file)
                          : options.file;
    if (file.empty()) {
        throw FatalError(Exit::usage,
                         "no file to store the key's hash in; set gateway.keys or use --into");
    }
    const auto key = api_keys::new_key();
    must(api_keys::add(
        file, api_keys::hash_key(must(api_keys::parse_role(options.role)), key, options.name)));
    safe_print("{}\n", key);
    safe_print(
        stderr,
        "the key is shown only once; its hash is stored in {}; gateway.keys must name that file\n",
        file.string());
    return Exit::ok;
}

}  // namespace facebus::cli
