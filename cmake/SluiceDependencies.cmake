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

# oneDNN is optional: without it, its GEMM backend is not there.  The package's
# own CMake files want OpenCL's headers, so it is looked for by hand.  gomp is
# the OpenMP runtime that it stands on.
option(SLUICE_ONEDNN "Build the GEMM backend onednn, if oneDNN is there" ON)
set(SLUICE_ONEDNN_LIBS)
if(SLUICE_ONEDNN)
    find_path(DNNL_INCLUDE_DIR dnnl.h)
    find_library(DNNL_LIBRARY dnnl)
    if(DNNL_INCLUDE_DIR AND DNNL_LIBRARY)
        file(STRINGS ${DNNL_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h dnnl_major
            REGEX "define DNNL_VERSION_MAJOR +2$")
    endif()
endif()
if(SLUICE_ONEDNN AND dnnl_major)
    set(SLUICE_ONEDNN_LIBS dnnl gomp)
    set(SLUICE_PC_ONEDNN "-ldnnl -lgomp ")
else()
    unset(DNNL_LIBRARY CACHE)
    unset(DNNL_LIBRARY)
endif()

# Open MPI is optional: without it, a pipeline stays within its process.
option(SLUICE_MPI "Build for several processes, if Open MPI is there" ON)
set(SLUICE_MPI_LIBS)
if(SLUICE_MPI)
    find_path(MPI_INCLUDE_DIR mpi.h
        PATH_SUFFIXES ${CMAKE_LIBRARY_ARCHITECTURE}/openmpi/include openmpi
        PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openmpi/include)
    find_library(MPI_LIBRARY mpi)
    if(MPI_INCLUDE_DIR AND MPI_LIBRARY)
        set(SLUICE_MPI_LIBS mpi)
        set(SLUICE_PC_MPI "-lmpi ")
    endif()
endif()
