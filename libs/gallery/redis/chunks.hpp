// Many commands without holding up Redis for its other clients.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

/// Calls `use(i, reply)` for the reply to each command(i), i < count, in round trips of some half
/// megabyte of samples. The error of one command is its reply.
template <class MakeCommand, class Use>
Result<void> for_each_reply(Redis& redis, std::size_t count, MakeCommand command, Use use) {
    constexpr std::size_t chunk = 256;
    for (std::size_t begin = 0; begin < count; begin += chunk) {
        const std::size_t end = std::min(count, begin + chunk);
        std::vector<Redis::Command> commands;
        commands.reserve(end - begin);
        for (std::size_t i = begin; i < end; ++i) commands.push_back(command(i));
        auto replies = redis.attempt(commands);
        if (!replies) return std::unexpected(std::move(replies.error()));
        for (std::size_t i = begin; i < end; ++i) use(i, (*replies)[i - begin]);
    }
    return {};
}

}  // namespace facebus::gallery
