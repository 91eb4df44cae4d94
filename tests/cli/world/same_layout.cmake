# Save weights for PyTorch alone and in several processes, then go on from them
# in the same way: the files are the same, byte for byte.
#
#     cmake -DTOOL=PROGRAM -DMPIRUN=LIST -DNAME=WORD -DTRAIN=LIST
#         -P same_layout.cmake
function(train save)
    execute_process(COMMAND ${ARGN} --save ${NAME}-${save}.safetensors
        --save-layout pytorch RESULT_VARIABLE status
        OUTPUT_VARIABLE out ERROR_VARIABLE said)
    if(status OR NOT said STREQUAL "")
        message(FATAL_ERROR "exit status ${status}: ${out}${said}")
    endif()
endfunction()

function(compare one other)
    file(SHA256 ${NAME}-${one}.safetensors first)
    file(SHA256 ${NAME}-${other}.safetensors second)
    if(NOT first STREQUAL second)
        message(FATAL_ERROR "${one} and ${other} differ")
    endif()
endfunction()

set(alone ${TOOL} train ${TRAIN})
set(several ${MPIRUN} ${TOOL} train ${TRAIN})
train(alone ${alone})
train(several ${several})
compare(alone several)
set(load --load ${NAME}-several.safetensors)
train(alone-on ${alone} ${load})
train(several-on ${several} ${load})
compare(alone-on several-on)
