// From facebus.yaml to the gallery: where its Redis is, and the policy where it stores none.
#pragma once

#include "gallery/decision.hpp"
#include "gallery/redis.hpp"
#include "service/settings.hpp"

namespace facebus {

inline gallery::RedisOptions redis_options(const service::Settings& settings) {
    return {.url = settings.redis.url,
            .password = service::read_secret(settings.redis.password_file, "redis.password_file"),
            .timeout_ms = settings.redis.timeout_ms};
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

}  // namespace facebus
