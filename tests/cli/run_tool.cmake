# Run a program and hold its exit status and output against what is expected:
#
#     cmake -DCOMMAND=LIST -DSTATUS=N [-DSTDOUT=FILE] [-DSTDERR=FILE]
#         [-DMATCH=REGEX] [-DFILES=a,b] [-DFROM=DIRECTORY] -P run_tool.cmake
#
# FILE is the exact text; REGEX must match somewhere in both outputs together;
# FILES are what the program has to write; it runs in DIRECTORY, so that files
# there have the same names on every machine.
string(REPLACE "," ";" FILES "${FILES}")
foreach(file ${FILES})
    file(REMOVE ${file})
endforeach()
unset(ENV{ARGP_HELP_FMT})
if(NOT DEFINED FROM)
    set(FROM .)
endif()
execute_process(COMMAND ${COMMAND} WORKING_DIRECTORY ${FROM} RESULT_VARIABLE status
    OUTPUT_VARIABLE stdout ERROR_VARIABLE stderr)
if(NOT status STREQUAL STATUS)
    message(FATAL_ERROR
        "exit status ${status}, not ${STATUS}:\n${stdout}${stderr}")
endif()
foreach(stream stdout stderr)
    string(TOUPPER ${stream} expected)
    if(DEFINED ${expected})
        file(READ ${${expected}} text)
        if(NOT ${stream} STREQUAL text)
            message(FATAL_ERROR "${stream} is\n${${stream}}not\n${text}")
        endif()
    endif()
endforeach()
if(DEFINED MATCH AND NOT "${stdout}${stderr}" MATCHES "${MATCH}")
    message(FATAL_ERROR "no \"${MATCH}\" in\n${stdout}${stderr}")
endif()
foreach(file ${FILES})
    if(NOT EXISTS ${file})
        message(FATAL_ERROR "${file} was not written")
    endif()
    file(SIZE ${file} size)
    if(size EQUAL 0)
        message(FATAL_ERROR "${file} is empty")
    endif()
endforeach()
