# The libraries we stand on; reasons in docs/dependencies.md.  The installed
# sluice-config.cmake.in repeats those that libsluice.a needs.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET openblas)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(SLEEF REQUIRED IMPORTED_TARGET sleef)
find_path(RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)
