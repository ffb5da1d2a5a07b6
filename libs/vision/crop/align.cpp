#include "vision/crop/align.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numbers>

#include <opencv2/imgproc.hpp>

#include "vision/image/mat.hpp"

namespace facebus::vision {

namespace {

// The network was trained on crops cut as facenet's align script does: the detector's box and 44
// pixels more in width and height, scaled to 182 x 182, of which the middle 160 x 160 are taken
// ("box, margin 44/182, centre 160" in MEASURED.md). 44 pixels are meant for the faces of the
// training pictures, so a face of another size gets the same share of its own size: MTCNN's boxes
// on LFW are 94 x 125, whose geometric mean is 108. The middle lies a little above the box's: on
// 3,000 pairs of LFW the accuracy rose from 0.988 to 0.991 between 3 and 5 % of the height, and
// fell again beyond. docs/accuracy.md has all variants.
constexpr float margin = 44.0F / 108;
constexpr float middle = 160.0F / 182;
constexpr float lift = 0.03F;

// Below this the head's roll stays as it is: the network saw unturned faces in training, and
// turning them all level cost accuracy on LFW. Above it, a turned crop is nearer to what the
// network knows.
constexpr float roll_limit = 15 * std::numbers::pi_v<float> / 180;

float roll(const Landmarks& landmarks) {
    return std::atan2(landmarks[1].y - landmarks[0].y, landmarks[1].x - landmarks[0].x);
}

/// The width x height pixels around `centre`, turned by `angle`, at the picture's own scale.
cv::Mat patch(const cv::Mat& picture, Point centre, int width, int height, float angle) {
    const float left = centre.x - static_cast<float>(width) / 2;
    const float top = centre.y - static_cast<float>(height) / 2;
    const cv::Rect wanted(cvRound(left), cvRound(top), width, height);
    if (angle == 0 && (wanted & cv::Rect(0, 0, picture.cols, picture.rows)) == wanted)
        return picture(wanted);
    // From patch to picture: turned about the centre, which pixel centres put half a pixel off.
    const double c = std::cos(static_cast<double>(angle));
    const double s = std::sin(static_cast<double>(angle));
    const double middle_x = (width - 1) / 2.0;
    const double middle_y = (height - 1) / 2.0;
    const double from_x = angle == 0 ? wanted.x + middle_x : static_cast<double>(centre.x) - 0.5;
    const double from_y = angle == 0 ? wanted.y + middle_y : static_cast<double>(centre.y) - 0.5;
    const cv::Matx23d to_picture(c, -s, from_x - c * middle_x + s * middle_y,  //
                                 s, c, from_y - s * middle_x - c * middle_y);
    cv::Mat turned;
    cv::warpAffine(picture, turned, to_picture, {width, height},
                   cv::INTER_LINEAR | cv::WARP_INVERSE_MAP, cv::BORDER_REPLICATE);
    return turned;
}

}  // namespace

Image align(const Image& image, const Detection& face) {
    assert(face.box.width > 0 && face.box.height > 0);
    return translated("aligning a face", [&] {
        const float tilt = roll(face.landmarks);
        const float angle = std::abs(tilt) > roll_limit ? tilt : 0;
        const float more = margin * std::sqrt(face.box.area());
        const int width = std::max(1, cvRound((face.box.width + more) * middle));
        const int height = std::max(1, cvRound((face.box.height + more) * middle));
        Point centre = face.box.centre();
        centre.x += std::sin(angle) * lift * face.box.height;
        centre.y -= std::cos(angle) * lift * face.box.height;
        const cv::Mat part = patch(as_mat(image), centre, width, height, angle);
        // Averaging keeps a shrunk face free of aliases; a grown one has nothing to average.
        const bool shrinks = width > crop_side && height > crop_side;
        cv::Mat crop;
        cv::resize(part, crop, {crop_side, crop_side}, 0, 0,
                   shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
        return to_image(std::move(crop));
    });
}

}  // namespace facebus::vision
