# Save and go on in another number of processes: the weights in the end are, byte
# for byte, those of a training alone that did not stop.
#
#     cmake -DTOOL=PROGRAM -DMPIRUN=LIST -DNAME=WORD -DTRAIN=LIST
#         -P same_files.cmake
#
# MPIRUN lacks the number of processes.
function(train save)
    execute_process(COMMAND ${ARGN} ${TOOL} train ${TRAIN} ${options}
        --save ${NAME}-${save}.safetensors RESULT_VARIABLE status
        OUTPUT_VARIABLE out ERROR_VARIABLE said)
    if(status OR NOT said STREQUAL "")
        message(FATAL_ERROR "exit status ${status}: ${out}${said}")
    endif()
endfunction()

file(REMOVE_RECURSE ${NAME}-kept)
set(kept --checkpoint ${NAME}-kept --resume --patience 9)
set(options --epochs 3 --patience 9)
train(alone)
set(options --epochs 1 ${kept} --every 1)
train(1 ${MPIRUN} -n 2)
set(options --epochs 2 ${kept} --every 60s)
train(2 ${MPIRUN} -n 3)
set(options --epochs 3 ${kept})
train(3)
file(SHA256 ${NAME}-alone.safetensors alone)
file(SHA256 ${NAME}-3.safetensors several)
if(NOT alone STREQUAL several)
    message(FATAL_ERROR "the weights differ")
endif()
