# Train, and hold what is said when the training is to go on, and of the file
# that it leaves:
#
#     cmake -DTOOL=PROGRAM -DDIR=DIRECTORY -P check_kept.cmake
file(REMOVE_RECURSE ${DIR})
file(MAKE_DIRECTORY ${DIR})

# sluice(STATUS MATCH word...)
function(sluice wanted match)
    execute_process(COMMAND ${TOOL} ${ARGN} WORKING_DIRECTORY ${DIR}
        RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
    if(NOT status STREQUAL wanted OR NOT out MATCHES "${match}")
        message(FATAL_ERROR "exit status ${status}, not ${wanted}, or no "
            "\"${match}\" in\n${out}")
    endif()
endfunction()

set(train train --data embedded --checkpoint kept)
sluice(0 "\n    2 " ${train} --epochs 2 --save model.st)
sluice(0 "\nnote +nothing is left to do: the checkpoint has 2 epochs behind it, --epochs is 1; give more to go on\n"
    ${train} --epochs 1 --resume)
sluice(0 "\nnote +nothing is left to do: the checkpoint has reached --target-accuracy"
    ${train} --epochs 9 --resume --target-accuracy 0.1)
sluice(1 "kept/step-[0-9]+.safetensors: a checkpoint of another model, 784-256-128-100-10; this one is 784-16-10: give that of the checkpoint"
    ${train} --epochs 3 --resume --model 784-16-10)
sluice(1 "model.st has no tokenizer: its model, .*linear.out=10., was not trained on a text"
    sample --load model.st)
