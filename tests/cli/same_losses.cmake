# Train by a generator's schedule and by the same one from a file, and hold the
# losses of all steps against each other:
#
#     cmake -DTOOL=PROGRAM -DGENERATOR=NAME -DFILE=PATH -P same_losses.cmake
#
# FILE is written first, as CSV or as JSON by its ending.
string(REGEX MATCH "[a-z]+$" format ${FILE})
execute_process(COMMAND ${TOOL} schedule ${GENERATOR} -k 2 -m 4 -o ${format}
    OUTPUT_FILE ${FILE} COMMAND_ERROR_IS_FATAL ANY)
foreach(schedule ${GENERATOR} ${FILE})
    set(sizes -k 2 -m 4)
    if("${schedule}" STREQUAL "${FILE}")
        set(sizes) # the file tells
    endif()
    execute_process(COMMAND ${TOOL} train --data embedded --model 784-16x3-10
        --schedule ${schedule} ${sizes} --batch 32 --epochs 1 --quiet
        --metrics /dev/stdout OUTPUT_VARIABLE lines COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX MATCHALL "\"step_loss\":[0-9.e-]+" losses "${lines}")
    list(LENGTH losses n)
    if(NOT n EQUAL 25)
        message(FATAL_ERROR "${n} losses, not 25, by ${schedule}:\n${lines}")
    endif()
    if(NOT DEFINED first)
        set(first "${losses}")
    elseif(NOT losses STREQUAL first)
        message(FATAL_ERROR "by ${GENERATOR}\n${first}\nby ${FILE}\n${losses}")
    endif()
endforeach()
