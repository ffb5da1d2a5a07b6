// Set of the most recently added ids.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_set>

namespace facebus::broker {

/// Bounded set of ids that forgets the oldest first. Not thread-safe.
class RecentIds {
  public:
    explicit RecentIds(std::size_t capacity) : capacity_(capacity) {}

    /// Adds the id. Returns false if it is already in the set.
    bool add(const std::string& id);
    /// Removes the id. Returns false if it is not in the set.
    bool remove(const std::string& id) { return ids_.erase(id) > 0; }
    [[nodiscard]] bool contains(const std::string& id) const { return ids_.contains(id); }

  private:
    std::size_t capacity_;
    std::unordered_set<std::string> ids_;
    std::deque<std::string> order_;
};

}  // namespace facebus::broker
