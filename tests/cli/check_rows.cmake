# Run `sluice-bench bubble ... -o json` and check its rows: the fields that
# others rely on are there, and nothing is wrong.
#
#     cmake -DCOMMAND=LIST -DROWS=N -P check_rows.cmake
execute_process(COMMAND ${COMMAND} -o json RESULT_VARIABLE status
    OUTPUT_VARIABLE rows ERROR_VARIABLE stderr)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "exit status ${status}:\n${rows}${stderr}")
endif()
string(JSON n LENGTH "${rows}")
if(NOT n EQUAL ROWS)
    message(FATAL_ERROR "${n} rows, not ${ROWS}:\n${rows}")
endif()
math(EXPR last "${n} - 1")
foreach(i RANGE ${last})
    foreach(field schedule devices microbatches remat cell_ns step_ns
            bubble_measured bubble_formula wrong)
        string(JSON ${field} GET "${rows}" ${i} ${field})
    endforeach()
    if(NOT wrong EQUAL 0)
        message(FATAL_ERROR "row ${i}: ${wrong} wrong")
    endif()
    if(NOT step_ns GREATER 0)
        message(FATAL_ERROR "row ${i}: a step of ${step_ns} ns")
    endif()
    if(bubble_measured LESS 0 OR bubble_measured GREATER_EQUAL 1)
        message(FATAL_ERROR "row ${i}: a bubble of ${bubble_measured}")
    endif()
endforeach()
