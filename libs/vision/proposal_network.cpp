#include "vision/proposal_network.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "vision/cascade.hpp"

namespace facebus::vision {
namespace {

/// Rows of a picture of which only the last few are needed.
class RowRing {
  public:
    RowRing(std::size_t rows, std::size_t width) : rows_(rows, std::vector<float>(width)) {}

    float* row(int number) { return rows_[static_cast<std::size_t>(number) % rows_.size()].data(); }

  private:
    std::vector<std::vector<float>> rows_;
};

void standardise(const std::uint8_t* pixels, std::size_t count, float* out) {
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = (static_cast<float>(pixels[i]) - static_cast<float>(pixel_mean)) *
                 static_cast<float>(pixel_scale);
    }
}

}  // namespace

ProposalNetwork::ProposalNetwork(const OnnxWeights& file)
    : first_(3, 3, 10, file, "conv2d", "p_re_lu_initializer"),
      second_(3, 10, 16, file, "conv2d_1", "p_re_lu_1_initializer"),
      third_(3, 16, 32, file, "conv2d_2", "p_re_lu_2_initializer"),
      heads_(1, 32, 5) {
    // A softmax of two is a logistic function of their difference.
    heads_.add_convolution(file, "conv2d_3", 2, 1, 0);
    heads_.add_convolution(file, "conv2d_3", 2, 0, 0, -1);
    for (int i = 0; i < 4; ++i) heads_.add_convolution(file, "conv2d_4", 4, i, i + 1);
}

const ProposalMaps& ProposalNetwork::run(const cv::Mat& picture) {
    CV_Assert(picture.type() == CV_8UC3 && picture.rows >= 12 && picture.cols >= 12);
    const auto floats = [](int cells, int channels) {
        return static_cast<std::size_t>(cells) * static_cast<std::size_t>(channels);
    };
    const int width1 = picture.cols - 2;
    const int height1 = picture.rows - 2;
    const int width2 = (width1 + 1) / 2;
    const int height2 = (height1 + 1) / 2;
    const int width3 = width2 - 2;
    maps_.columns = width3 - 2;
    maps_.rows = height2 - 4;
    maps_.score.resize(floats(maps_.columns, maps_.rows));
    maps_.shift.resize(floats(maps_.columns, maps_.rows) * 4);

    RowRing pixels(4, floats(picture.cols, 3));
    RowRing convolved(2, floats(width1, first_.outputs));
    RowRing pooled(3, floats(width2, first_.channels));
    RowRing second(3, floats(width3, second_.outputs));
    RowRing third(1, floats(maps_.columns, third_.outputs));
    RowRing heads(1, floats(maps_.columns, heads_.outputs));
    const auto three = [](RowRing& ring, int first) {
        return std::array<const float*, 3>{ring.row(first), ring.row(first + 1),
                                           ring.row(first + 2)};
    };
    const auto read = [&](int row) {
        standardise(picture.ptr(row), floats(picture.cols, 3), pixels.row(row));
    };
    const auto convolve_first = [&](int row) {
        convolve_row(first_, three(pixels, row).data(), width1, convolved.row(row));
    };

    read(0);
    read(1);
    for (int row = 0; row < height2; ++row) {
        // A pooled row comes from two rows of the first layer, and these from four of pixels.
        read(2 * row + 2);
        convolve_first(2 * row);
        const bool both = 2 * row + 1 < height1;
        if (both) {
            read(2 * row + 3);
            convolve_first(2 * row + 1);
        }
        const std::array<const float*, 2> pair{convolved.row(2 * row), convolved.row(2 * row + 1)};
        pool_row(pair.data(), both ? 2 : 1, 2, width1, first_.outputs, first_.channels, width2,
                 pooled.row(row));
        if (row < 2) continue;
        convolve_row(second_, three(pooled, row - 2).data(), width3, second.row(row - 2));
        if (row < 4) continue;
        convolve_row(third_, three(second, row - 4).data(), maps_.columns, third.row(0));
        const float* cells = third.row(0);
        convolve_row(heads_, &cells, maps_.columns, heads.row(0));
        const float* head = heads.row(0);
        const auto begin = floats(row - 4, maps_.columns);
        for (int x = 0; x < maps_.columns; ++x, head += heads_.outputs) {
            const auto cell = begin + static_cast<std::size_t>(x);
            maps_.score[cell] = 1 / (1 + std::exp(-head[0]));
            std::copy_n(head + 1, 4, &maps_.shift[4 * cell]);
        }
    }
    return maps_;
}

}  // namespace facebus::vision
