# Compile the golden outputs into the library, so that programs do not need their files at run time.
set(golden_facenet golden_embedding.json)
set(golden_sface golden_sface.json)
foreach(network facenet sface)
  string(TOUPPER ${network} NETWORK)
  set(golden_file ${PROJECT_SOURCE_DIR}/models/${golden_${network}})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${golden_file})
  file(READ ${golden_file} golden)
  string(JSON GOLDEN_${NETWORK}_COSINE GET "${golden}" minimum_cosine)
  string(JSON values GET "${golden}" embedding)
  string(REGEX REPLACE "[][]" "" GOLDEN_${NETWORK} "${values}")
endforeach()
configure_file(vision/embed/golden_outputs.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/golden_outputs.cpp @ONLY)

facebus_library(vision
  SOURCES
    crop/align.cpp crop/crop_file.cpp crop/quality.cpp
    detect/candidate_network.cpp detect/cascade.cpp detect/face_detector.cpp detect/mtcnn.cpp detect/nms.cpp
    detect/proposal_network.cpp detect/ssd.cpp detect/yunet.cpp
    embed/embedder.cpp embed/engine.cpp embed/golden.cpp embed/openvino.cpp embed/sface_input.cpp
    image/annotate.cpp image/image_file.cpp image/image_header.cpp image/image_metadata.cpp image/tiff_directory.cpp
    kernels/area_scaler.cpp kernels/convolution.cpp kernels/winograd.cpp
    motion/motion_gate.cpp motion/scene_cut.cpp
    network/network.cpp network/onnx_weights.cpp network/threads.cpp
    track/appearance.cpp track/assignment.cpp track/tracker.cpp
    video/silence.cpp video/video_source.cpp
  PUBLIC facebus::base)
target_include_directories(facebus_vision SYSTEM PRIVATE ${OpenCV_INCLUDE_DIRS})
target_link_libraries(facebus_vision PRIVATE ${OpenCV_LIBS} ZLIB::ZLIB ${CMAKE_DL_LIBS})
target_sources(facebus_vision PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/golden_outputs.cpp)
facebus_precompile(facebus_vision <opencv2/core.hpp> <opencv2/dnn.hpp> <opencv2/imgproc.hpp>)
# Vector loops benefit from -O3. The disabled warnings are triggered by a header of GCC 12 itself.
set_source_files_properties(vision/kernels/area_scaler.cpp vision/kernels/convolution.cpp vision/kernels/winograd.cpp PROPERTIES
  COMPILE_OPTIONS "-O3;-Wno-unknown-warning-option;-Wno-maybe-uninitialized;-Wno-uninitialized")
