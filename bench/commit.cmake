# Write commit.h, the state of the sources, if it changed.  At build time:
#     cmake -DSOURCE=DIR -DOUT=FILE -P commit.cmake
execute_process(
    COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=10
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE failed ERROR_QUIET)
if(failed)
    set(commit unknown)
endif()
set(text "/* Written by commit.cmake. */\n#define BENCH_COMMIT \"${commit}\"\n")
set(old "")
if(EXISTS ${OUT})
    file(READ ${OUT} old)
endif()
if(NOT old STREQUAL text)
    file(WRITE ${OUT} "${text}")
endif()
