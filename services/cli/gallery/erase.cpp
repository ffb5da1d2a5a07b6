#include "cli/gallery/erase.hpp"

#include <chrono>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "cli/terminal.hpp"

namespace facebus::cli {

void erase(const Context& context, gallery::Eraser& eraser, const std::string& done,
           const std::string& command, gallery::ErasurePhase until) {
    const auto incomplete = [&](Exit code, const std::string& why) {
        return FatalError(code, fmt::format("{}, but not all traces are erased: {}; to continue, "
                                            "run facebus {}",
                                            done, why, command));
    };
    constexpr auto quiet = std::chrono::seconds(1);
    const auto start = Monotonic::now();
    auto shown = gallery::ErasurePhase::none;
    auto next = eraser.phase();
    while (true) {
        if (!next) throw incomplete(exit_code(next.error()), next.error().message);
        if (*next == until || *next == gallery::ErasurePhase::none) return;
        if (*next != shown && Monotonic::now() - start > quiet) {
            safe_print(stderr, "{}\n", describe(*next));
            shown = *next;
        }
        if (*next == gallery::ErasurePhase::files) context.stop.wait_ms(gallery::erasure_poll_ms);
        if (context.stop.requested()) throw incomplete(Exit::interrupted, "interrupted");
        next = eraser.step();
    }
}

std::string passphrase_option(const std::filesystem::path& file) {
    return file.empty() ? std::string() : fmt::format(" --passphrase \"{}\"", file.string());
}

}  // namespace facebus::cli
