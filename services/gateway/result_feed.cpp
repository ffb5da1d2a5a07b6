#include "gateway/result_feed.hpp"

#include <utility>

#include "gateway/live/removed_people.hpp"

namespace facebus::gateway {

ResultFeed::ResultFeed(const service::Runtime& runtime, const std::string& endpoint,
                       const gallery::RedisOptions& redis, std::chrono::seconds age,
                       Gallery gallery, std::vector<ResultListener> listeners)
    : runtime_(runtime),
      gallery_(std::move(gallery)),
      listeners_(std::move(listeners)),
      stream_(runtime.context, endpoint, runtime.stop),
      catch_up_(redis, age),
      thread_([this] { run(); }) {}

ResultFeed::~ResultFeed() {
    thread_.join();
}

void ResultFeed::run() {
    results::ResultHandlers handlers;
    std::chrono::milliseconds age(0);  // of the result that is being handled
    const auto read_history = [&] {
        const auto missed = catch_up_.read();
        if (!missed) return runtime_.count_error(missed.error());
        for (const auto& result : *missed) {
            age = result.age;
            results::ResultStream::handle(result.message, handlers);
        }
        age = std::chrono::milliseconds(0);
    };
    handlers.wanted = [&](const wire::Identity& identity) { return catch_up_.record(identity); };
    handlers.identity = [&](const wire::Identity& identity, const Bytes& crop) {
        const auto shown = without_removed(identity, *gallery_());
        if (!shown) return true;
        for (const auto& listener : listeners_) {
            if (listener.identity) listener.identity(*shown, crop, age);
        }
        return true;
    };
    handlers.track = [&](const wire::Track& track) {
        for (const auto& listener : listeners_) {
            if (listener.track) listener.track(track);
        }
        return true;
    };
    handlers.camera = [&](const wire::Camera& camera) {
        for (const auto& listener : listeners_) {
            if (listener.camera) listener.camera(camera);
        }
        return true;
    };
    handlers.status = [&](const wire::Status& status) {
        for (const auto& listener : listeners_) {
            if (listener.status) listener.status(status);
        }
        if (catch_up_.missed_results(status)) read_history();
        return true;
    };
    handlers.error = [&](const Error& error) { runtime_.count_error(error); };
    read_history();
    stream_.read(handlers);
}

}  // namespace facebus::gateway
