// Decodes uploaded images on separate threads.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "base/image.hpp"
#include "base/metrics.hpp"
#include "gateway/fault.hpp"
#include "gateway/options.hpp"
#include "http/multipart.hpp"

namespace facebus::gateway {

/// Decodes images on its own threads, so that an image does not occupy a copy of the neural
/// networks while it is decoded. Limits the number of images in memory, the number of requests with
/// images (so that other requests find a free thread), and the time that each request waits.
/// Thread-safe. The destructor waits until no image is being decoded. Requires: when the decoder is
/// destroyed, no call of decode() is running and no Decoded exists.
class ImageDecoder {
  public:
    /// Maximum values.
    struct Limits {
        int threads = 2;            ///< images decoded at the same time
        std::size_t images = 3;     ///< images in memory, including those being decoded
        std::size_t requests = 12;  ///< running calls of decode(), plus objects of class Decoded
        std::int64_t pixels = 0;    ///< pixels per image
        std::chrono::duration<double> waiting{};   ///< time until decoding begins
        std::chrono::duration<double> decoding{};  ///< time to decode one image
    };
    /// Returns the limits that follow from the options. A quarter of the threads that handle
    /// requests remains free for requests without images.
    static Limits limits(const Options& options);

    /// A decoded image, which counts towards the limits until it is destroyed.
    class Decoded {
      public:
        Decoded(ImageDecoder& decoder, Image image)
            : decoder_(&decoder), image_(std::move(image)) {}
        ~Decoded() {
            if (decoder_ != nullptr) decoder_->release();
        }
        Decoded(Decoded&& other) noexcept
            : decoder_(std::exchange(other.decoder_, nullptr)), image_(std::move(other.image_)) {}
        Decoded& operator=(Decoded&&) = delete;

        const Image& operator*() const { return image_; }

      private:
        ImageDecoder* decoder_;
        Image image_;
    };

    ImageDecoder(const Limits& limits, Metrics& metrics);

    /// Blocks until the image in the part is decoded. Fails with 503 if there are too many other
    /// images or decoding takes too long, and with the errors of vision::decode_image().
    HttpResult<Decoded> decode(const http::FormPart& part);

  private:
    struct Job;

    void run(const std::stop_token& stop);
    void release();

    Limits limits_;
    Counter timeouts_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<std::shared_ptr<Job>> waiting_;
    std::size_t images_ = 0;             ///< images that are being decoded or belong to a Decoded
    std::size_t requests_ = 0;           ///< calls of decode() and objects of class Decoded
    std::vector<std::jthread> threads_;  ///< last member: the threads use the others
};

}  // namespace facebus::gateway
