// Set of the most recently added ids.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace facebus::broker {

/// Bounded set of ids that forgets the oldest first. Not thread-safe.
class RecentIds {
  public:
    explicit RecentIds(std::size_t capacity) : capacity_(capacity) {}

    /// Adds the id. Returns false if it is already in the set.
    bool add(const std::string& id);
    /// Removes the id. Returns false if it is not in the set.
    bool remove(const std::string& id);
    [[nodiscard]] bool contains(const std::string& id) const { return ids_.contains(id); }

  private:
    std::size_t capacity_;
    std::list<std::string> order_;  ///< oldest first
    /// Positions in `order_`, whose strings the keys refer to.
    std::unordered_map<std::string_view, std::list<std::string>::iterator> ids_;
};

}  // namespace facebus::broker
