# Options, language level, warnings and sanitizers for every target of ours.
include(GNUInstallDirs)

option(SLUICE_TESTS "Build the test suite" ${PROJECT_IS_TOP_LEVEL})
option(SLUICE_WERROR "Treat warnings as errors" OFF)
set(SLUICE_SANITIZE "" CACHE STRING "address, thread, or empty")
option(SLUICE_COVERAGE "Count executed branches (gcov)" OFF)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Kind of build" FORCE)
endif()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # POSIX and GNU calls of glibc
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Flags of every target of ours; linked PRIVATE, never exported.
add_library(sluice_flags INTERFACE)
target_compile_definitions(sluice_flags INTERFACE _GNU_SOURCE)
target_compile_options(sluice_flags INTERFACE
    -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wpointer-arith -Wcast-qual -Wundef -Wvla
    # Zero means the default: fields may be left out at the end.
    -Wno-missing-field-initializers
    $<$<BOOL:${SLUICE_WERROR}>:-Werror>
    # The same bits whatever the optimizer fancies: no contraction to fma.
    -ffp-contract=off)
if(SLUICE_SANITIZE STREQUAL "address")
    set(flags -fsanitize=address,undefined -fno-sanitize-recover=all
        -fno-omit-frame-pointer)
elseif(SLUICE_SANITIZE STREQUAL "thread")
    set(flags -fsanitize=thread -fno-omit-frame-pointer)
elseif(SLUICE_SANITIZE)
    message(FATAL_ERROR "SLUICE_SANITIZE is \"address\", \"thread\" or empty")
endif()
if(SLUICE_COVERAGE)
    list(APPEND flags --coverage -fprofile-update=atomic)
endif()
target_compile_options(sluice_flags INTERFACE ${flags})
target_link_options(sluice_flags INTERFACE ${flags})
