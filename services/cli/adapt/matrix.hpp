// Converts embeddings to matrices of OpenCV.
#pragma once

#include <vector>

#include <opencv2/core.hpp>

#include "base/embedding.hpp"

namespace facebus::cli {

/// Returns a matrix with one embedding per row, as floats. Requires: `embeddings` is not empty.
/// Shares the memory of `embeddings`, which must outlive the matrix and is not changed by it.
inline cv::Mat to_matrix(const std::vector<Embedding>& embeddings) {
    return {static_cast<int>(embeddings.size()), static_cast<int>(embedding_size), CV_32F,
            const_cast<float*>(embeddings.front().data())};
}

/// Returns the embedding, multiplied by `factor`, as a row of doubles.
inline cv::Mat to_row(const Embedding& embedding, double factor) {
    cv::Mat row(1, static_cast<int>(embedding_size), CV_64F);
    for (std::size_t i = 0; i < embedding_size; ++i) {
        row.at<double>(static_cast<int>(i)) = factor * double{embedding[i]};
    }
    return row;
}

}  // namespace facebus::cli
