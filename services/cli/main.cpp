// facebus: the command-line program.
#include <cstdio>

#include <fmt/format.h>

#include "cli/command_line.hpp"
#include "cli/terminal.hpp"
#include "service/signals.hpp"

namespace {

facebus::Exit run(int argc, char** argv) {
    using namespace facebus;
    static Stop stop;  // static, because the signal handler uses it until the process exits
    const auto line = cli::parse(argc, argv);
    if (!line) return line.error();
    service::stop_on_signals(stop);
    const auto environment = service::process_environment();
    const auto config = settings::config_file(line->config, environment);
    auto settings = settings::load(config, environment);
    const auto models = service::models_folder(settings.common, environment);
    return line->command({config, std::move(settings), models, stop});
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return static_cast<int>(run(argc, argv));
    } catch (const facebus::FatalError& error) {
        facebus::cli::safe_print(stderr, "facebus: {}\n", error.what());
        return static_cast<int>(error.code());
    } catch (const std::exception& error) {
        facebus::cli::safe_print(stderr, "facebus: unexpected error: {}; please report it\n",
                                 error.what());
        return static_cast<int>(facebus::Exit::software);
    }
}
