#include "gallery/history/history_reader.hpp"

#include <utility>

#include "gallery/id.hpp"
#include "gallery/store/format.hpp"
#include "gallery/store/keys.hpp"

namespace facebus::gallery {

HistoryReader::HistoryReader(const RedisOptions& options, const std::string& name)
    : history_(options, 0), redis_(connect_to_data(options)), key_(keys::reader(name)) {}

Result<void> HistoryReader::find_position() {
    const auto stored = redis_.run({"GET", key_});
    if (!stored) return std::unexpected(stored.error());
    if (valid_stream_id(stored->text())) {
        position_ = saved_ = stored->text();
        return {};
    }
    // No valid position is stored, so treat this reader as new and start after the newest result.
    const auto newest = redis_.run({"XREVRANGE", keys::results, "+", "-", "COUNT", "1"});
    if (!newest) return std::unexpected(newest.error());
    position_ = "0-0";
    if (const auto& entries = newest->elements(); !entries.empty()) {
        const auto& parts = entries.front().elements();
        if (!parts.empty() && valid_stream_id(parts.front().text())) {
            position_ = parts.front().text();
        }
    }
    // Save the position now. Otherwise, if the program restarted before its first call of save(),
    // the reader would again start after the result that is the newest at that time, and skip the
    // results published in between.
    return save();
}

Result<std::optional<HistoryEntry>> HistoryReader::next() {
    if (position_.empty()) {
        if (const auto found = find_position(); !found) return std::unexpected(found.error());
    }
    auto entries = history_.after(position_, 1);
    if (!entries) return std::unexpected(std::move(entries.error()));
    if (entries->empty()) return std::nullopt;
    return std::move(entries->front());
}

void HistoryReader::advance_past(const HistoryEntry& entry) {
    position_ = entry.id;
}

Result<void> HistoryReader::save() {
    if (saved_ == position_) return {};
    const auto set = redis_.run({"SET", key_, position_});
    if (!set) return std::unexpected(set.error());
    saved_ = position_;
    return {};
}

}  // namespace facebus::gallery
