facebus_library(vision
  SOURCES align.cpp annotate.cpp appearance.cpp area_scaler.cpp assignment.cpp candidate_network.cpp cascade.cpp
          convolution.cpp crop_file.cpp embedder.cpp
          embedding_network.cpp face_detector.cpp image_file.cpp instructions.cpp motion_gate.cpp mtcnn.cpp network.cpp nms.cpp onnx_weights.cpp
          picture_header.cpp proposal_network.cpp quality.cpp scene_cut.cpp silence.cpp ssd.cpp threads.cpp tracker.cpp
          video_source.cpp winograd.cpp
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
# Loops of vector instructions; GCC 12's own header sets off the warning.
set_source_files_properties(vision/area_scaler.cpp vision/convolution.cpp vision/winograd.cpp PROPERTIES
  COMPILE_OPTIONS "-O3;-Wno-unknown-warning-option;-Wno-maybe-uninitialized;-Wno-uninitialized")
