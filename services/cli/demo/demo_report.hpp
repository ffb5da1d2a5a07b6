// Summary, contact sheet and annotated video of a demo.
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

    /// Returns one line per track with its last decision, and a line that counts tracks per person.
    [[nodiscard]] std::string summary() const;

    /// Writes an image with a crop and the last decision of each track. Returns false, without
    /// writing, if there is no crop.
    bool write_sheet(const std::filesystem::path& file, const std::string& title) const;

    /// Reads the source again and writes it with a box around each face and the name known at that
    /// moment. Shows progress.
    void write_video(const std::string& source, const std::filesystem::path& file,
                     const Stop& stop) const;

  private:
    struct TrackStory {
        std::vector<wire::Identity> identities;  ///< in order of publication
        Image crop;                              ///< of the last identity with a crop
        std::int64_t first_pts = 0;
    };
    struct Position {
        std::string track;
        Box box;
    };

    std::map<std::string, TrackStory> tracks_;
    std::vector<std::string> order_;                   ///< tracks in order of appearance
    std::multimap<std::int64_t, Position> positions_;  ///< by pts
};

}  // namespace facebus::cli
