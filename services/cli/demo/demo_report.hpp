// What a demo leaves behind for people to look at.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/image.hpp"
#include "base/stop.hpp"
#include "wire/messages.hpp"

namespace facebus::cli {

/// Collects results and draws them. Not thread-safe.
class DemoReport {
  public:
    void add(const wire::Identity& identity, const Bytes& crop);
    void add(const wire::Track& event);

    /// One line a track: who it was said to be in the end.
    [[nodiscard]] std::string summary() const;

    /// A picture with the best crop and the last decision of each track. False: there were none.
    bool write_sheet(const std::filesystem::path& file, const std::string& title) const;

    /// Reads the source again and writes it with boxes and names, as they were known at each
    /// moment. Shows progress.
    void write_video(const std::string& source, const std::filesystem::path& file,
                     const Stop& stop) const;

  private:
    struct TrackStory {
        std::vector<wire::Identity> identities;  ///< in the order of their publication
        Image crop;                              ///< of the last identity that had one
        std::int64_t first_pts = 0;
    };
    struct Position {
        std::string track;
        Box box;
    };

    std::map<std::string, TrackStory> tracks_;
    std::vector<std::string> order_;                   ///< tracks as they appeared
    std::multimap<std::int64_t, Position> positions_;  ///< by pts
};

}  // namespace facebus::cli
