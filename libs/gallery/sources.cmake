# Compile the cohorts into the library as strings, so that programs do not need their files at run time.
foreach(model FACENET SFACE)
  string(TOLOWER ${model} name)
  set(cohort_file ${PROJECT_SOURCE_DIR}/models/cohort_${name}.json)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${cohort_file})
  file(READ ${cohort_file} COHORT_${model})
endforeach()
configure_file(gallery/score/shipped_cohorts.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/shipped_cohorts.cpp @ONLY)

facebus_library(gallery
  SOURCES
    archive/archive.cpp archive/backup.cpp
    decide/calibration.cpp decide/decision.cpp decide/duplicates.cpp decide/fusion.cpp
    history/deliveries.cpp history/history.cpp history/history_reader.cpp
    id.cpp name.cpp
    match/compact.cpp match/matcher.cpp match/segment.cpp match/snapshot.cpp
    score/adaptation.cpp score/cohort.cpp score/score_space.cpp
    redis/redis.cpp redis/redis_url.cpp redis/tls.cpp
    store/erasure.cpp store/format.cpp store/loader.cpp store/record.cpp store/store.cpp store/store_edit.cpp
    store/store_model.cpp store/store_restore.cpp
    tracks/track_memory.cpp
  PUBLIC facebus::base
  PRIVATE facebus::crypto PkgConfig::hiredis PkgConfig::utf8proc OpenSSL::SSL nlohmann_json::nlohmann_json)
target_sources(facebus_gallery PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/shipped_cohorts.cpp)
# This library cannot share the precompiled header of base, because the compiler flags of hiredis define macros.
facebus_precompile(facebus_gallery)
# -O3 vectorises the loops in compact.cpp. GCC 12 reports -Wmaybe-uninitialized in one of its own headers.
set_source_files_properties(gallery/match/compact.cpp PROPERTIES
  COMPILE_OPTIONS "-O3;-Wno-unknown-warning-option;-Wno-maybe-uninitialized")
