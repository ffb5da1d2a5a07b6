facebus_library(gallery
  SOURCES decision.cpp history.cpp id.cpp record.cpp redis.cpp redis_url.cpp snapshot.cpp store.cpp
          text.cpp track_memory.cpp
  PUBLIC facebus::base
  PRIVATE PkgConfig::hiredis)
