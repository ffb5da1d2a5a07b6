// Library for LD_PRELOAD that shifts the clock of a program, except monotonic clocks. The file
// $SHIFTED_CLOCK contains the offset in nanoseconds, as a 64-bit integer in the byte order of the
// machine. It may change while the program runs.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

std::int64_t offset_ns() {
    static std::atomic<std::int64_t> last{0};
    static const int file = open(std::getenv("SHIFTED_CLOCK"), O_RDONLY | O_CLOEXEC);
    std::int64_t offset = 0;
    if (pread(file, &offset, sizeof offset, 0) == sizeof offset) last = offset;
    return last;
}

}  // namespace

// Calls the kernel directly: the search for the function of the C library would allocate memory,
// which programs with an address sanitizer cannot do yet when they read the clock for the first
// time.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
    const auto result = static_cast<int>(syscall(SYS_clock_gettime, clock, time));
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        const std::int64_t shifted = time->tv_sec * second_ns + time->tv_nsec + offset_ns();
        time->tv_sec = shifted / second_ns;
        time->tv_nsec = shifted % second_ns;
    }
    return result;
}

extern "C" time_t time(time_t* out) noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != nullptr) *out = now.tv_sec;
    return now.tv_sec;
}

extern "C" int gettimeofday(timeval* out, void* /*timezone*/) noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    *out = {now.tv_sec, now.tv_nsec / 1000};
    return 0;
}
