facebus_library(vision
  SOURCES
    crop/align.cpp crop/crop_file.cpp crop/quality.cpp
    detect/candidate_network.cpp detect/cascade.cpp detect/face_detector.cpp detect/mtcnn.cpp detect/nms.cpp
    detect/proposal_network.cpp detect/ssd.cpp detect/yunet.cpp
    embed/embedder.cpp embed/embedding_network.cpp embed/sface_input.cpp
    image/annotate.cpp image/image_file.cpp image/image_header.cpp image/image_metadata.cpp image/tiff_directory.cpp
    kernels/area_scaler.cpp kernels/convolution.cpp kernels/winograd.cpp
    motion/motion_gate.cpp motion/scene_cut.cpp
    network/network.cpp network/onnx_weights.cpp network/threads.cpp
    track/appearance.cpp track/assignment.cpp track/tracker.cpp
    video/silence.cpp video/video_source.cpp
  PUBLIC facebus::base)
target_include_directories(facebus_vision SYSTEM PRIVATE ${OpenCV_INCLUDE_DIRS})
target_link_libraries(facebus_vision PRIVATE ${OpenCV_LIBS} ZLIB::ZLIB)
if(FACEBUS_ONNXRUNTIME)
  get_filename_component(ONNXRUNTIME_FILE ${ONNXRUNTIME_LIBRARY} REALPATH)
  get_filename_component(ONNXRUNTIME_NAME ${ONNXRUNTIME_FILE} NAME)
  target_compile_definitions(facebus_vision PRIVATE FACEBUS_ONNXRUNTIME="${ONNXRUNTIME_NAME}")
  target_include_directories(facebus_vision SYSTEM PRIVATE ${ONNXRUNTIME_INCLUDE_DIR})
  target_link_libraries(facebus_vision PRIVATE ${CMAKE_DL_LIBS})
endif()
facebus_precompile(facebus_vision <opencv2/core.hpp> <opencv2/dnn.hpp> <opencv2/imgproc.hpp>)
# Vector loops benefit from -O3. The disabled warnings are triggered by a header of GCC 12 itself.
set_source_files_properties(vision/kernels/area_scaler.cpp vision/kernels/convolution.cpp vision/kernels/winograd.cpp PROPERTIES
  COMPILE_OPTIONS "-O3;-Wno-unknown-warning-option;-Wno-maybe-uninitialized;-Wno-uninitialized")
