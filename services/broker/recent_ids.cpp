#include "broker/recent_ids.hpp"

#include <iterator>

namespace facebus::broker {

bool RecentIds::add(const std::string& id) {
    if (ids_.contains(id)) return false;
    order_.push_back(id);
    ids_.emplace(order_.back(), std::prev(order_.end()));
    if (order_.size() > capacity_) {
        ids_.erase(order_.front());
        order_.pop_front();
    }
    return true;
}

bool RecentIds::remove(const std::string& id) {
    const auto found = ids_.find(id);
    if (found == ids_.end()) return false;
    const auto position = found->second;
    ids_.erase(found);
    order_.erase(position);
    return true;
}

}  // namespace facebus::broker
