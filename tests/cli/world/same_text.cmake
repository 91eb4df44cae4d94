# A model that was trained alone writes the same text in one process and in
# several, each of which has a part of it: through decoders, past the end of the
# context, and in windows alone.
#
#     cmake -DTOOL=PROGRAM -DMPIRUN=LIST -DNAME=WORD -DTRAIN=LIST
#         -P same_text.cmake
function(sluice out)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE text
        ERROR_VARIABLE said)
    if(status OR NOT said STREQUAL "")
        message(FATAL_ERROR "${ARGN}: exit status ${status}: ${text}${said}")
    endif()
    set(${out} "${text}" PARENT_SCOPE)
endfunction()

set(file ${NAME}.safetensors)
sluice(told ${TOOL} train ${TRAIN} --save ${file})
foreach(options "--tokens;40" "--tokens;5;--no-cache")
    set(sample ${TOOL} sample --load ${file} --prompt "in " ${options})
    sluice(alone ${sample})
    sluice(several ${MPIRUN} ${sample})
    if(NOT alone STREQUAL several OR NOT alone MATCHES "^in .")
        message(FATAL_ERROR "${alone}\nand in several processes\n${several}")
    endif()
endforeach()
