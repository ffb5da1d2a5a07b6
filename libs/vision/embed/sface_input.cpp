#include "vision/embed/sface_input.hpp"

#include <array>
#include <cassert>
#include <cstddef>

#include <opencv2/imgproc.hpp>

#include "vision/image/mat.hpp"

namespace facebus::vision {

namespace {

// align() stretches a crop to a square. Width of the face in the crop relative to its height after
// this stretching is undone: on LFW 0.816, with a standard deviation of 0.030.
constexpr double aspect = 0.816;
// Box of the face in a crop of average shape, as align() leaves it, extended to a square: O-Net
// expects a square. In pixels of the crop after the stretching is undone.
constexpr double box_side = 134.5;
constexpr double box_centre_x = crop_side * aspect / 2;
constexpr double box_centre_y = 84;

// Positions of the landmarks in the images on which SFace was trained.
constexpr std::array<std::array<double, 2>, 5> positions{{{38.2946, 51.6963},
                                                          {73.5318, 51.5014},
                                                          {56.0252, 71.7366},
                                                          {41.5493, 92.3655},
                                                          {70.7299, 92.2041}}};

/// Returns the similarity transform (rotation, scale and shift) that maps the points to `positions`
/// with the smallest sum of squared distances. Requires: the points are not all equal.
cv::Matx23d fit(const std::array<std::array<double, 2>, 5>& points) {
    cv::Vec2d from_mean;
    cv::Vec2d to_mean;
    for (std::size_t i = 0; i < points.size(); ++i) {
        from_mean += cv::Vec2d(points[i][0], points[i][1]) / 5;
        to_mean += cv::Vec2d(positions[i][0], positions[i][1]) / 5;
    }
    // With centred points p and positions q as complex numbers, the transform multiplies by
    // sum(conj(p) q) / sum(|p|^2).
    double real = 0;
    double imaginary = 0;
    double squares = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
        const double px = points[i][0] - from_mean[0];
        const double py = points[i][1] - from_mean[1];
        const double qx = positions[i][0] - to_mean[0];
        const double qy = positions[i][1] - to_mean[1];
        real += px * qx + py * qy;
        imaginary += px * qy - py * qx;
        squares += px * px + py * py;
    }
    const double a = real / squares;
    const double b = imaginary / squares;
    return {a, -b, to_mean[0] - a * from_mean[0] + b * from_mean[1],  //
            b, a,  to_mean[1] - b * from_mean[0] - a * from_mean[1]};
}

}  // namespace

SfaceInput::SfaceInput(const std::filesystem::path& models)
    : output_network_(CandidateNetwork::load_onet(models)) {}

Landmarks SfaceInput::landmarks(const Image& crop) const {
    assert(crop.width == crop_side && crop.height == crop_side);
    // The coordinates of candidates count from 1, and both corners belong to the box.
    Candidate box;
    const double width = box_side / aspect;
    box.left = box_centre_x / aspect - width / 2 + 1;
    box.top = box_centre_y - box_side / 2 + 1;
    box.right = box.left + width - 1;
    box.bottom = box.top + box_side - 1;
    const auto prediction = output_network_.run(as_mat(crop), {box}).front();
    Landmarks points;
    for (std::size_t i = 0; i < points.size(); ++i) {
        points[i].x = static_cast<float>(box.left - 1 + double{prediction.points[i]} * box.width());
        points[i].y =
            static_cast<float>(box.top - 1 + double{prediction.points[i + 5]} * box.height());
    }
    return points;
}

cv::Mat SfaceInput::warp(const Image& crop) const {
    const auto found = landmarks(crop);
    std::array<std::array<double, 2>, 5> points{};
    for (std::size_t i = 0; i < points.size(); ++i)
        points[i] = {double{found[i].x} * aspect, double{found[i].y}};
    // Undo the stretching and move the landmarks in one step.
    auto transform = fit(points);
    transform(0, 0) *= aspect;
    transform(1, 0) *= aspect;
    cv::Mat input;
    cv::warpAffine(as_mat(crop), input, transform, {sface_side, sface_side}, cv::INTER_LINEAR,
                   cv::BORDER_REPLICATE);
    return input;
}

}  // namespace facebus::vision
