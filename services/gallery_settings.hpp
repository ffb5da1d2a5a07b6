// From facebus.yaml to the gallery: where its Redis is, and the policy where it stores none.
#pragma once

#include <algorithm>

#include "gallery/decide/calibration.hpp"
#include "gallery/decide/decision.hpp"
#include "gallery/redis/redis.hpp"
#include "service/settings.hpp"

namespace facebus {

inline gallery::RedisOptions redis_options(const service::Settings& settings) {
    const auto& redis = settings.redis;
    return {.url = redis.url,
            .user = redis.user,
            .password = service::read_secret(redis.password_file, "redis.password_file"),
            .tls = {.ca = redis.ca_file, .certificate = redis.cert_file, .key = redis.key_file},
            .timeout_ms = redis.timeout_ms};
}

/// What a calibration starts from.
inline gallery::Policy default_policy(const service::Settings& settings) {
    gallery::Policy policy;
    policy.early = static_cast<float>(settings.recognize.early);
    policy.min_probes = settings.recognize.min_probes;
    policy.margin = static_cast<float>(settings.recognize.margin);
    policy.min_quality = static_cast<float>(settings.recognize.min_quality);
    return policy;
}

/// The calibration of a gallery that stores no policy; every program that matches comes to the
/// same. With as many strangers as a second or so allows, and at least 200; `facebus calibrate`
/// takes more. Refused as gallery::calibrate().
inline Result<gallery::Calibration> calibrate_in_time(const gallery::Snapshot& gallery,
                                                      const service::Settings& settings) {
    constexpr std::size_t comparisons = 10'000'000;
    const auto samples = std::max<std::size_t>(gallery.samples(), 1);
    return gallery::calibrate(gallery, default_policy(settings), gallery::shipped_cohort(),
                              settings.recognize.false_alarms,
                              std::clamp<std::size_t>(comparisons / samples, 200, 2000));
}

}  // namespace facebus
