// Sends many commands to Redis in chunks, so that other clients wait only briefly.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

/// Sends command(i) for each i < count and calls use(i, reply) with each reply, a Result<Reply>.
/// Each round trip sends up to 256 commands. If each of the 256 commands reads one sample, their
/// replies together take about half a megabyte. The error of a command is passed to `use`. If the
/// connection fails, for_each_reply() stops and returns the error.
template <class MakeCommand, class Use>
Result<void> for_each_reply(Redis& redis, std::size_t count, MakeCommand command, Use use) {
    constexpr std::size_t chunk = 256;
    for (std::size_t begin = 0; begin < count; begin += chunk) {
        const std::size_t end = std::min(count, begin + chunk);
        std::vector<Redis::Command> commands;
        commands.reserve(end - begin);
        for (std::size_t i = begin; i < end; ++i) commands.push_back(command(i));
        auto replies = redis.run_each(commands);
        if (!replies) return std::unexpected(std::move(replies.error()));
        for (std::size_t i = begin; i < end; ++i) use(i, (*replies)[i - begin]);
    }
    return {};
}

}  // namespace facebus::gallery
