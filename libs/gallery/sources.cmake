# The cohort is text; as a string in the program it is found wherever the program is.
set(cohort_file ${PROJECT_SOURCE_DIR}/models/cohort.json)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${cohort_file})
file(READ ${cohort_file} COHORT)
configure_file(gallery/shipped_cohort.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/shipped_cohort.cpp @ONLY)

facebus_library(gallery
  SOURCES archive.cpp calibration.cpp cohort.cpp compact.cpp decision.cpp digest.cpp erasure.cpp history.cpp history_reader.cpp id.cpp
          loader.cpp matcher.cpp record.cpp redis.cpp redis_url.cpp sealed_file.cpp segment.cpp
          snapshot.cpp store.cpp store_edit.cpp text.cpp tls.cpp track_memory.cpp
  PUBLIC facebus::base
  PRIVATE PkgConfig::hiredis OpenSSL::SSL PkgConfig::sodium nlohmann_json::nlohmann_json)
target_sources(facebus_gallery PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/shipped_cohort.cpp)
# Of its own: hiredis defines what base does not.
facebus_precompile(facebus_gallery)
# Loops that the compiler is to turn into vector instructions. GCC 12's own header sets off the warning.
set_source_files_properties(gallery/compact.cpp PROPERTIES
  COMPILE_OPTIONS "-O3;-Wno-unknown-warning-option;-Wno-maybe-uninitialized")
