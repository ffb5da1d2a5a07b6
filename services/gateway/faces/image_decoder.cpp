#include "gateway/faces/image_decoder.hpp"

#include <algorithm>
#include <exception>
#include <string>

#include <fmt/format.h>

#include "vision/image/image_file.hpp"

namespace facebus::gateway {
namespace {

std::unexpected<Fault> busy() {
    return http_error(503, 503, "the gateway is busy with other images; try again later");
}

Result<Image> decode(std::vector<unsigned char> bytes, const std::string& name,
                     std::int64_t max_pixels) {
    try {
        return vision::decode_image(std::move(bytes), name, max_pixels);
    } catch (const std::exception& error) {  // out of memory
        return fail(ErrorKind::unavailable,
                    fmt::format("{} cannot be decoded now: {}", name, error.what()));
    }
}

}  // namespace

/// An image to decode. Until it is decoded, mutex_ protects all members except `bytes` and `name`.
struct ImageDecoder::Job {
    std::vector<unsigned char> bytes;
    std::string name;
    bool started = false;
    bool abandoned = false;  ///< nobody waits for the result any more
    bool decoded = false;
    Result<Image> result{};  ///< valid if `decoded` is true
};

ImageDecoder::Limits ImageDecoder::limits(const Options& options) {
    constexpr std::int64_t million = 1'000'000;
    const int free_threads = std::max(options.threads / 4, 1);
    return {.threads = options.decode_threads,
            // The limit exceeds the number of images that the networks process at the same time, so
            // that the next images are decoded in advance.
            .images = static_cast<std::size_t>(options.concurrent_images + options.decode_threads),
            .requests = static_cast<std::size_t>(std::max(options.threads - free_threads, 1)),
            .pixels = options.max_megapixels * million,
            .waiting = std::chrono::duration<double>(options.timeout),
            .decoding = std::chrono::duration<double>(options.decode_timeout)};
}

ImageDecoder::ImageDecoder(const Limits& limits, Metrics& metrics)
    : limits_(limits),
      timeouts_(metrics.counter("facebus_image_timeouts_total",
                                "Uploaded images that were given up because decoding them took "
                                "longer than gateway.decode_timeout")) {
    for (int i = 0; i < limits_.threads; ++i) {
        threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
    }
}

HttpResult<ImageDecoder::Decoded> ImageDecoder::decode(const http::FormPart& part) {
    const auto job = std::make_shared<Job>();
    job->bytes.assign(part.content.begin(), part.content.end());
    job->name = part.name;
    std::unique_lock lock(mutex_);
    if (requests_ >= limits_.requests) return busy();
    ++requests_;
    waiting_.push_back(job);
    changed_.notify_all();
    if (!changed_.wait_for(lock, limits_.waiting, [&] { return job->started; })) {
        std::erase(waiting_, job);
        --requests_;
        return busy();
    }
    if (!changed_.wait_for(lock, limits_.decoding, [&] { return job->decoded; })) {
        // The thread cannot be interrupted. It discards the image later.
        job->abandoned = true;
        --requests_;
        timeouts_.add();
        return http_error(
            503, 503,
            fmt::format("decoding the image \"{}\" took longer than {:g} s "
                        "(gateway.decode_timeout); send a smaller image, or try again later",
                        job->name, limits_.decoding.count()));
    }
    lock.unlock();
    if (job->result) return Decoded(*this, std::move(*job->result));
    release();
    return std::unexpected(to_fault(job->result.error(), fault_code::bad_image));
}

void ImageDecoder::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto has_work = [this] { return !waiting_.empty() && images_ < limits_.images; };
    while (changed_.wait(lock, stop, has_work)) {
        const auto job = std::move(waiting_.front());
        waiting_.pop_front();
        job->started = true;
        ++images_;
        changed_.notify_all();
        lock.unlock();
        auto result = gateway::decode(std::move(job->bytes), job->name, limits_.pixels);
        lock.lock();
        if (job->abandoned) {
            --images_;
        } else {
            job->result = std::move(result);
            job->decoded = true;
        }
        changed_.notify_all();
    }
}

/// Ends a request after the decoding of its image has succeeded or failed.
void ImageDecoder::release() {
    {
        const std::lock_guard lock(mutex_);
        --images_;
        --requests_;
    }
    changed_.notify_all();
}

}  // namespace facebus::gateway
