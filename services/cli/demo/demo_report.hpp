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

/// Collects the results of a demo, then summarises and draws them. Not thread-safe.
class DemoReport {
  public:
    /// Adds a result. `crop` may be empty.
    void add(const wire::Identity& identity, const Bytes& crop);
    /// Adds the position of a face, if the event is `moved`. Ignores other events.
    void add(const wire::Track& event);

    /// Returns one line per track with its last decision, and a line with the total number of
    /// tracks, the number per person and, for tracks without a name, the number per decision.
    [[nodiscard]] std::string summary() const;

    /// Writes an image with the crop and the last decision of each track that has a crop. Returns
    /// false and writes nothing if no track has a crop. Throws FatalError if the file cannot be
    /// written.
    bool write_sheet(const std::filesystem::path& file, const std::string& title) const;

    /// Writes a copy of the source video. In each frame, draws a box around every face whose
    /// position in this frame was added, with the last decision about its track up to this frame.
    /// Shows progress. Ends the copy early if a stop is requested. Throws FatalError if the source
    /// cannot be read or the file cannot be written.
    void write_video(const std::string& source, const std::filesystem::path& file,
                     const Stop& stop) const;

  private:
    struct TrackResults {
        std::vector<wire::Identity> identities;  ///< in order of publication
        Image crop;                              ///< crop of the last identity that has one
        std::int64_t first_pts = 0;              ///< position of the first identity, in ns
    };
    struct Position {
        std::string track;
        Box box;  ///< of the face
    };

    std::map<std::string, TrackResults> tracks_;
    std::vector<std::string> order_;                   ///< tracks in order of their first identity
    std::multimap<std::int64_t, Position> positions_;  ///< by position in the video (pts)
};

}  // namespace facebus::cli
