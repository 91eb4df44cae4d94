# Run a command with `-o gbench` and check that what it writes is Google
# Benchmark's JSON: ENTRIES of them, iterations first and then their median.
#
#     cmake -DCOMMAND=LIST -DENTRIES=N -P check_gbench.cmake
execute_process(COMMAND ${COMMAND} -o gbench RESULT_VARIABLE status
    OUTPUT_VARIABLE json ERROR_VARIABLE stderr)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "exit status ${status}:\n${json}${stderr}")
endif()
string(JSON date GET "${json}" context date)
string(JSON n LENGTH "${json}" benchmarks)
if(NOT n EQUAL ENTRIES)
    message(FATAL_ERROR "${n} entries, not ${ENTRIES}:\n${json}")
endif()
math(EXPR last "${n} - 1")
foreach(i RANGE ${last})
    foreach(field name run_name run_type repetitions iterations real_time
            cpu_time time_unit)
        string(JSON ${field} GET "${json}" benchmarks ${i} ${field})
    endforeach()
    if(run_type STREQUAL "aggregate")
        string(JSON suffix GET "${json}" benchmarks ${i} aggregate_name)
        if(NOT name STREQUAL "${run_name}_${suffix}")
            message(FATAL_ERROR "${name} is not ${run_name}_${suffix}")
        endif()
    elseif(NOT run_type STREQUAL "iteration" OR NOT name STREQUAL run_name)
        message(FATAL_ERROR "entry ${i}: ${name}, ${run_type}")
    endif()
    if(NOT real_time GREATER 0)
        message(FATAL_ERROR "entry ${i}: ${real_time} ${time_unit}")
    endif()
endforeach()
