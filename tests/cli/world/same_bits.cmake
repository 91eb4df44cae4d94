# Train alone and in several processes, and hold the losses and accuracies of all
# steps and of the epoch against each other:
#
#     cmake -DTOOL=PROGRAM -DMPIRUN=LIST -DNAME=WORD -DSTEPS=N -DTRAIN=LIST
#         -DPROCESSES=LIST -P same_bits.cmake
#
# PROCESSES are options of the run in several, or other programs behind a colon.  Only process 0 may print.
foreach(how one several)
    set(metrics ${NAME}-${how}.jsonl)
    set(start)
    set(options)
    if(how STREQUAL several)
        set(start ${MPIRUN})
        set(options ${PROCESSES})
    endif()
    execute_process(COMMAND ${start} ${TOOL} train --metrics ${metrics}
        ${TRAIN} ${options} OUTPUT_VARIABLE out ERROR_VARIABLE said
        RESULT_VARIABLE status)
    if(status OR NOT said STREQUAL "")
        message(FATAL_ERROR "exit status ${status}: ${said}")
    endif()
    file(READ ${metrics} lines)
    set(expected 1)
    if(how STREQUAL several)
        set(expected "[2-9]")
    endif()
    if(NOT lines MATCHES "\"processes\":${expected},")
        message(FATAL_ERROR "${how} has not ${expected} processes: ${lines}")
    endif()
    string(REGEX MATCHALL "\"[a-z_]*(loss|accuracy)\":[0-9.e-]+" figures
        "${lines}")
    string(REGEX MATCHALL "\"step_loss\"" steps "${figures}")
    string(REGEX MATCHALL "\nepoch " tables "${out}")
    list(LENGTH steps n)
    list(LENGTH tables n_tables)
    if(NOT n EQUAL STEPS OR NOT n_tables EQUAL 1)
        message(FATAL_ERROR "${n} steps, ${n_tables} tables:\n${lines}${out}")
    endif()
    if(NOT DEFINED first)
        set(first "${figures}")
    elseif(NOT figures STREQUAL first)
        message(FATAL_ERROR "alone\n${first}\nin several\n${figures}")
    endif()
endforeach()
