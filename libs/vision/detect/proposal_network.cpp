#include "vision/detect/proposal_network.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "vision/kernels/area_scaler.hpp"

namespace facebus::vision {
namespace {

// The second and third convolution use Winograd's method, which computes square tiles of the
// output. This is the side of a tile, in cells.
constexpr int tile = 4;

/// Returns the number of floats in `cells` cells of `channels` channels.
std::size_t floats(int cells, int channels) {
    return static_cast<std::size_t>(cells) * static_cast<std::size_t>(channels);
}

/// Ring buffer of the most recent rows of a map. If it has room for R rows, row `n` replaces row
/// `n - R`.
class RowRing {
  public:
    /// Allocates `rows` rows of `width` floats.
    RowRing(int rows, std::size_t width)
        : rows_(static_cast<std::size_t>(rows), std::vector<float>(width)) {}

    float* row(int number) { return rows_[static_cast<std::size_t>(number) % rows_.size()].data(); }

    /// Returns the `tile` + 2 consecutive rows from which a tile is computed. Row `first` is the
    /// first of them.
    std::array<float*, tile + 2> rows_from(int first) {
        std::array<float*, tile + 2> rows{};
        for (int i = 0; i < tile + 2; ++i) rows[static_cast<std::size_t>(i)] = row(first + i);
        return rows;
    }

  private:
    std::vector<std::vector<float>> rows_;
};

}  // namespace

ProposalNetwork::ProposalNetwork(const OnnxWeights& file)
    : first_(3, 3, 10, file, "conv2d", "p_re_lu_initializer"),
      second_({3, 10, 16, file, "conv2d_1", "p_re_lu_1_initializer"}, tile),
      third_({3, 16, 32, file, "conv2d_2", "p_re_lu_2_initializer"}, tile),
      heads_(1, 32, 5) {
    // The network has one output for each of two classes: 0 (no face) and 1 (face). The softmax
    // probability of class 1 is the logistic function of output 1 minus output 0, so channel 0
    // computes this difference.
    heads_.add_convolution(file, "conv2d_3", 2, 1, 0);
    heads_.add_convolution(file, "conv2d_3", 2, 0, 0, -1);
    for (int i = 0; i < 4; ++i) heads_.add_convolution(file, "conv2d_4", 4, i, i + 1);
}

/// Computes P-Net for one image, row by row.
///
/// The network consists of these layers:
///
///     scaled pixels -> first 3 x 3 -> max pooling 2 x 2 -> second 3 x 3 -> third 3 x 3 -> heads
///
/// If the layers were computed one after the other, every map of a large image would be written to
/// memory and read back. Instead, each layer keeps only its last few rows in a ring buffer, and
/// computes new rows when the next layer needs them.
///
/// The second and third convolution use Winograd tiles, so they compute `tile` rows from `tile` + 2
/// rows at a time. If the last tiles would extend beyond the map, they are moved up to end with the
/// map, and compute some rows a second time. A map with fewer than `tile` rows is computed row by
/// row.
class ProposalNetwork::Pass {
  public:
    Pass(const ProposalNetwork& network, const cv::Mat& image, const cv::Size& size,
         Instructions instructions)
        : network_(network),
          instructions_(instructions),
          pixels_(image, {0, 0, image.cols, image.rows}, size, true, instructions),
          // A 3 x 3 convolution without padding removes two rows and two columns. Pooling halves
          // the numbers of rows and columns and rounds them up.
          width1_(size.width - 2),
          height1_(size.height - 2),
          width2_((width1_ + 1) / 2),
          height2_((height1_ + 1) / 2),
          width3_(width2_ - 2),
          height3_(height2_ - 2),
          width_(width3_ - 2),
          height_(height3_ - 2),
          // Each ring buffer has room for the rows that the next layer reads at a time: three, two,
          // tile + 2, tile + 2 and one. Two buffers have more room: second_ for tile - 1 rows that
          // are computed with a tile, but not read yet; third_ for all rows of a tile.
          scaled_(3, floats(size.width, 3)),
          convolved_(2, floats(width1_, network.first_.outputs)),
          pooled_(tile + 2, floats(width2_, network.first_.outputs)),
          second_(2 * tile + 1, floats(width3_, network.second_.layer().outputs)),
          third_(tile, floats(width_, network.third_.layer().outputs)),
          heads_(floats(width_, network.heads_.outputs)) {}

    void run(ProposalMaps& maps) {
        maps.columns = width_;
        maps.rows = height_;
        maps.score.resize(floats(width_, height_));
        maps.offsets.resize(floats(width_, height_) * 4);
        const int step = network_.third_.rows_per_run(height_);
        for (int done = 0; done < height_; done += step) {
            const int row = std::min(done, height_ - step);
            compute_second(row + step + 2);
            network_.third_.run(second_.rows_from(row).data(), network_.second_.layer().outputs,
                                step, width_, third_.rows_from(row).data(), instructions_);
            for (int i = row; i < row + step; ++i) run_heads(i, maps);
        }
    }

  private:
    /// Computes one row of the result from a row of the third convolution.
    void run_heads(int row, ProposalMaps& maps) {
        const float* cells = third_.row(row);
        convolve_row(network_.heads_, &cells, network_.heads_.inputs, width_, heads_.data(),
                     instructions_);
        const float* head = heads_.data();
        const auto begin = floats(row, width_);
        for (int x = 0; x < width_; ++x, head += network_.heads_.outputs) {
            const auto cell = begin + static_cast<std::size_t>(x);
            maps.score[cell] = 1 / (1 + std::exp(-head[0]));
            std::copy_n(head + 1, 4, &maps.offsets[4 * cell]);
        }
    }

    /// Computes the rows of the second convolution before row `end`, except those computed earlier.
    /// May also compute a few rows from `end` on.
    void compute_second(int end) {
        const int step = network_.second_.rows_per_run(height3_);
        for (; second_done_ < end; second_done_ += step) {
            const int row = std::min(second_done_, height3_ - step);
            compute_pooled(row + step + 2);
            network_.second_.run(pooled_.rows_from(row).data(), network_.first_.outputs, step,
                                 width3_, second_.rows_from(row).data(), instructions_);
        }
    }

    /// Computes the rows of the pooled map before row `end`, except those computed earlier.
    void compute_pooled(int end) {
        for (; pooled_done_ < end; ++pooled_done_) {
            // Each pooled row is computed from two rows. If the first convolution has an odd number
            // of rows, the last pooled row is computed from one.
            const int row = 2 * pooled_done_;
            const bool both = row + 1 < height1_;
            convolve_first(row);
            if (both) convolve_first(row + 1);
            const std::array<const float*, 2> pair{convolved_.row(row), convolved_.row(row + 1)};
            pool_row(pair.data(), both ? 2 : 1, 2, width1_, network_.first_.outputs, width2_,
                     pooled_.row(pooled_done_));
        }
    }

    /// Computes one row of the first convolution, after the scaled rows that it requires.
    void convolve_first(int row) {
        for (; scaled_done_ < row + 3; ++scaled_done_) {
            std::copy_n(pixels_.row(scaled_done_), floats(width1_ + 2, 3),
                        scaled_.row(scaled_done_));
        }
        const std::array<const float*, 3> three{scaled_.row(row), scaled_.row(row + 1),
                                                scaled_.row(row + 2)};
        convolve_row(network_.first_, three.data(), 3, width1_, convolved_.row(row), instructions_);
    }

    const ProposalNetwork& network_;
    Instructions instructions_;
    AreaScaler pixels_;
    int width1_;   ///< width of the map after the first convolution
    int height1_;  ///< height of the map after the first convolution
    int width2_;   ///< width of the map after the pooling
    int height2_;  ///< height of the map after the pooling
    int width3_;   ///< width of the map after the second convolution
    int height3_;  ///< height of the map after the second convolution
    int width_;    ///< width of the map after the third convolution and of the result
    int height_;   ///< height of the map after the third convolution and of the result

    // The most recent rows of each map:
    RowRing scaled_;            ///< scaled pixels
    RowRing convolved_;         ///< output of the first convolution
    RowRing pooled_;            ///< output of the pooling
    RowRing second_;            ///< output of the second convolution
    RowRing third_;             ///< output of the third convolution
    std::vector<float> heads_;  ///< output of the heads, one row

    int scaled_done_ = 0;  ///< scaled rows computed so far
    int pooled_done_ = 0;  ///< pooled rows computed so far
    int second_done_ = 0;  ///< rows of the second convolution so far; may exceed height3_
};

ProposalMaps ProposalNetwork::run(const cv::Mat& image, const cv::Size& size,
                                  Instructions instructions) const {
    CV_Assert(image.type() == CV_8UC3 && size.width >= 12 && size.height >= 12);
    ProposalMaps maps;
    Pass(*this, image, size, instructions).run(maps);
    return maps;
}

}  // namespace facebus::vision
