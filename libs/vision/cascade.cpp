#include "vision/cascade.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <opencv2/imgproc.hpp>

#include "vision/mat.hpp"
#include "vision/network.hpp"

namespace facebus::vision {

namespace {

constexpr int output_side = 48;
// Candidates up to this many pixels wide are scaled in floating point.
constexpr int largest_exact = 1024;

/// The pixels of a candidate scaled to side x side, black where it leaves the picture.
void cut(const cv::Mat& picture, const Candidate& candidate, cv::Mat target) {
    // The cascade counts pixels from 1; picture is transposed, so rows are x here.
    const cv::Rect wanted(static_cast<int>(candidate.top) - 1, static_cast<int>(candidate.left) - 1,
                          static_cast<int>(candidate.height()),
                          static_cast<int>(candidate.width()));
    const cv::Rect inside = wanted & cv::Rect(0, 0, picture.cols, picture.rows);
    if (inside.empty()) {
        target.setTo(-pixel_mean * pixel_scale);
        return;
    }
    // Standardised before scaling: rounding the scaled pixels to whole numbers is enough to make
    // another of two nearly equal candidates win now and then. For a huge face the memory matters
    // more.
    const bool exact = wanted.width <= largest_exact;
    cv::Mat part = picture(inside);
    if (exact) {
        cv::Mat standardised;
        part.convertTo(standardised, CV_32F, pixel_scale, -pixel_mean * pixel_scale);
        part = standardised;
    }
    if (inside != wanted) {
        cv::Mat padded;
        cv::copyMakeBorder(part, padded, inside.y - wanted.y, wanted.br().y - inside.br().y,
                           inside.x - wanted.x, wanted.br().x - inside.br().x,
                           cv::BORDER_CONSTANT | cv::BORDER_ISOLATED,
                           cv::Scalar::all(exact ? -pixel_mean * pixel_scale : 0));
        part = padded;
    }
    if (exact) {
        cv::resize(part, target, target.size(), 0, 0, cv::INTER_AREA);
        return;
    }
    cv::Mat scaled;
    cv::resize(part, scaled, target.size(), 0, 0, cv::INTER_AREA);
    scaled.convertTo(target, CV_32F, pixel_scale, -pixel_mean * pixel_scale);
}

Detection to_detection(const Candidate& candidate) {
    Detection face;
    face.score = candidate.score;
    face.box = {static_cast<float>(candidate.left), static_cast<float>(candidate.top),
                static_cast<float>(candidate.right - candidate.left),
                static_cast<float>(candidate.bottom - candidate.top)};
    for (std::size_t i = 0; i < face.landmarks.size(); ++i)
        face.landmarks[i] = {candidate.points[i], candidate.points[i + face.landmarks.size()]};
    return face;
}

}  // namespace

cv::Mat cascade_picture(const cv::Mat& upright) {
    cv::Mat picture;
    cv::transpose(upright, picture);
    cv::cvtColor(picture, picture, cv::COLOR_BGR2RGB);
    return picture;
}

cv::Mat cascade_blob(int count, int columns, int rows) {
    const std::array<int, 4> shape{count, columns, rows, 3};
    return {static_cast<int>(shape.size()), shape.data(), CV_32F};
}

cv::Mat plane(cv::Mat& pictures, int index) {
    return {pictures.size[1], pictures.size[2], CV_32FC3, pictures.ptr(index)};
}

CandidateNetwork::CandidateNetwork(const std::filesystem::path& file, int side,
                                   std::vector<std::string> outputs)
    : net_(load_network(file)), side_(side), outputs_(std::move(outputs)) {}

std::vector<cv::Mat> CandidateNetwork::forward(const cv::Mat& picture, const Candidate* candidates,
                                               int count) {
    cv::Mat input = cascade_blob(count, side_, side_);
    for (int i = 0; i < count; ++i) cut(picture, candidates[i], plane(input, i));
    net_.setInput(input);
    std::vector<cv::Mat> out;
    net_.forward(out, outputs_);
    return out;
}

bool to_pixels(Candidate& candidate) {
    candidate.left = std::trunc(candidate.left);
    candidate.top = std::trunc(candidate.top);
    candidate.right = std::trunc(candidate.right);
    candidate.bottom = std::trunc(candidate.bottom);
    return candidate.width() >= 1 && candidate.height() >= 1;
}

OutputNetwork::OutputNetwork(const std::filesystem::path& models)
    : net_(models / "onet.onnx", output_side, {"dense_5", "dense_6", "softmax_2"}) {}

std::vector<Detection> OutputNetwork::faces(const cv::Mat& picture,
                                            const std::vector<Candidate>& candidates,
                                            float least_score) {
    std::vector<Candidate> kept;
    net_.run(picture, candidates, [&](Candidate candidate, int i, const std::vector<cv::Mat>& out) {
        candidate.score = out[2].at<float>(i, 1);
        if (!(candidate.score > least_score)) return;
        std::copy_n(out[0].ptr<float>(i), 4, candidate.shift.begin());
        std::copy_n(out[1].ptr<float>(i), 10, candidate.points.begin());
        for (std::size_t k = 0; k < 5; ++k) {
            float& x = candidate.points[k];
            float& y = candidate.points[k + 5];
            x = static_cast<float>(candidate.left + static_cast<double>(x) * candidate.width());
            y = static_cast<float>(candidate.top + static_cast<double>(y) * candidate.height());
            x -= 1;
            y -= 1;
        }
        apply_shift(candidate, candidate.width(), candidate.height());
        kept.push_back(candidate);
    });
    std::vector<Detection> faces;
    for (const Candidate& candidate : suppress(std::move(kept), 0.7, Overlap::of_smaller)) {
        // A box turned inside out by its correction is no face.
        if (candidate.right > candidate.left && candidate.bottom > candidate.top)
            faces.push_back(to_detection(candidate));
    }
    return faces;
}

}  // namespace facebus::vision
