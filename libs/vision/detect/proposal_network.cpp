#include "vision/detect/proposal_network.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "vision/kernels/area_scaler.hpp"

namespace facebus::vision {
namespace {

// Rows and columns of a tile of the second and third layer.
constexpr int tile = 4;

std::size_t floats(int cells, int channels) {
    return static_cast<std::size_t>(cells) * static_cast<std::size_t>(channels);
}

/// The last few rows of a map.
class RowRing {
  public:
    /// Room for `rows` rows of `width` numbers.
    RowRing(int rows, std::size_t width)
        : rows_(static_cast<std::size_t>(rows), std::vector<float>(width)) {}

    float* row(int number) { return rows_[static_cast<std::size_t>(number) % rows_.size()].data(); }

    /// Neighbouring rows from `first` on, as many as a tile reads.
    std::array<float*, tile + 2> from(int first) {
        std::array<float*, tile + 2> found{};
        for (int i = 0; i < tile + 2; ++i) found[static_cast<std::size_t>(i)] = row(first + i);
        return found;
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
    // A softmax of two is a logistic function of their difference.
    heads_.add_convolution(file, "conv2d_3", 2, 1, 0);
    heads_.add_convolution(file, "conv2d_3", 2, 0, 0, -1);
    for (int i = 0; i < 4; ++i) heads_.add_convolution(file, "conv2d_4", 4, i, i + 1);
}

/// One picture on its way through the layers: each makes rows when the next asks for them.
class ProposalNetwork::Pass {
  public:
    Pass(const ProposalNetwork& network, const cv::Mat& picture, const cv::Size& size,
         Instructions instructions)
        : network_(network),
          instructions_(instructions),
          pixels_(picture, {0, 0, picture.cols, picture.rows}, size, true, instructions),
          width1_(size.width - 2),
          height1_(size.height - 2),
          width2_((width1_ + 1) / 2),
          height2_((height1_ + 1) / 2),
          width3_(width2_ - 2),
          height3_(height2_ - 2),
          width_(width3_ - 2),
          height_(height3_ - 2),
          scaled_(4, floats(size.width, 3)),
          convolved_(2, floats(width1_, network.first_.outputs)),
          pooled_(2 * tile + 2, floats(width2_, network.first_.outputs)),
          second_(2 * tile + 2, floats(width3_, network.second_.layer().outputs)),
          third_(tile, floats(width_, network.third_.layer().outputs)),
          heads_(floats(width_, network.heads_.outputs)) {}

    void run(ProposalMaps& maps) {
        maps.columns = width_;
        maps.rows = height_;
        maps.score.resize(floats(width_, height_));
        maps.shift.resize(floats(width_, height_) * 4);
        const int step = network_.third_.rows_at_once(height_);
        for (int done = 0; done < height_; done += step) {
            const int row = std::min(done, height_ - step);
            make_second(row + step + 2);
            network_.third_.run(second_.from(row).data(), network_.second_.layer().outputs, step,
                                width_, third_.from(row).data(), instructions_);
            for (int i = row; i < row + step; ++i) head(i, maps);
        }
    }

  private:
    void head(int row, ProposalMaps& maps) {
        const float* cells = third_.row(row);
        convolve_row(network_.heads_, &cells, network_.heads_.inputs, width_, heads_.data(),
                     instructions_);
        const float* head = heads_.data();
        const auto begin = floats(row, width_);
        for (int x = 0; x < width_; ++x, head += network_.heads_.outputs) {
            const auto cell = begin + static_cast<std::size_t>(x);
            maps.score[cell] = 1 / (1 + std::exp(-head[0]));
            std::copy_n(head + 1, 4, &maps.shift[4 * cell]);
        }
    }

    // The rows up to `end`, at least.

    void make_second(int end) {
        const int step = network_.second_.rows_at_once(height3_);
        for (; second_done_ < end; second_done_ += step) {
            const int row = std::min(second_done_, height3_ - step);
            make_pooled(row + step + 2);
            network_.second_.run(pooled_.from(row).data(), network_.first_.outputs, step, width3_,
                                 second_.from(row).data(), instructions_);
        }
    }

    void make_pooled(int end) {
        for (; pooled_done_ < end; ++pooled_done_) {
            const int row = 2 * pooled_done_;
            const bool both = row + 1 < height1_;
            convolve_first(row);
            if (both) convolve_first(row + 1);
            const std::array<const float*, 2> pair{convolved_.row(row), convolved_.row(row + 1)};
            pool_row(pair.data(), both ? 2 : 1, 2, width1_, network_.first_.outputs, width2_,
                     pooled_.row(pooled_done_));
        }
    }

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
    // Of the maps after the first layer, its pooling, the second and the third.
    int width1_;
    int height1_;
    int width2_;
    int height2_;
    int width3_;
    int height3_;
    int width_;
    int height_;
    RowRing scaled_;
    RowRing convolved_;
    RowRing pooled_;
    RowRing second_;
    RowRing third_;
    std::vector<float> heads_;
    int scaled_done_ = 0;
    int pooled_done_ = 0;
    int second_done_ = 0;
};

ProposalMaps ProposalNetwork::run(const cv::Mat& picture, const cv::Size& size,
                                  Instructions instructions) const {
    CV_Assert(picture.type() == CV_8UC3 && size.width >= 12 && size.height >= 12);
    ProposalMaps maps;
    Pass(*this, picture, size, instructions).run(maps);
    return maps;
}

}  // namespace facebus::vision
