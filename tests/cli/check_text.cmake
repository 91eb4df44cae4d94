# A text is learnt, kept and written: TOOL is sluice, DIR is for files, NPY has
# arrays.
#
# The model is one table of pairs of characters, so that an epoch is enough for
# words to have their most frequent letters.
set(file ${DIR}/text.safetensors)
file(REMOVE_RECURSE ${DIR}/text_checkpoints)

function(sluice out)
    execute_process(COMMAND ${TOOL} ${ARGN} RESULT_VARIABLE status
        OUTPUT_VARIABLE text ERROR_VARIABLE error)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "sluice ${ARGN}: status ${status}\n${text}${error}")
    endif()
    set(${out} "${text}" PARENT_SCOPE)
    set(error "${error}" PARENT_SCOPE)
endfunction()

sluice(told train --data genesis --model "embedding(64, width=64)" --context 32
    --optimizer adamw:lr=0.05 --epochs 1 --batch 64 -k 1 -m 2 --save ${file}
    --checkpoint ${DIR}/text_checkpoints)
if(NOT told MATCHES "genesis: 196818 tokens, 60 different .characters., in windows of 32\n +5534 windows to train, 614 to test")
    message(FATAL_ERROR "the text is not described:\n${told}")
endif()
if(NOT told MATCHES "\n +1 +[0-9.]+ +[0-9.]+ +2[.][3-5][0-9]+ ")
    message(FATAL_ERROR "the held-out loss is not that of pairs of characters, 2.3 to 2.5 nats:\n${told}")
endif()

# The held-out text again, from the file alone.
string(REGEX MATCH "\n +1 +[0-9.]+ +[0-9.]+ +([0-9.]+)" line "${told}")
set(loss ${CMAKE_MATCH_1})
sluice(measured evaluate --load ${file} --data genesis)
if(NOT measured MATCHES "terms +19648\nloss +${loss}")
    message(FATAL_ERROR "trained to ${loss}, evaluated as\n${measured}")
endif()

# Bytes are normalized as those of the training were.
sluice(told train --x ${NPY}/x_bytes.npy --y ${NPY}/labels.npy --model 4-3
    --epochs 1 --batch 8 -k 1 -m 1 --quiet --save ${DIR}/bytes.safetensors)
sluice(told predict --load ${DIR}/bytes.safetensors --x ${NPY}/x_bytes.npy
    --save-outputs ${DIR}/outputs.npy)
if(NOT error STREQUAL "")
    message(FATAL_ERROR "predicting warns of\n${error}")
endif()
sluice(told predict --load ${DIR}/bytes.safetensors --x ${NPY}/x_nan.npy
    --save-outputs ${DIR}/outputs.npy)
if(NOT error MATCHES "^warning   outputs of 1 of [0-9]+ rows are not finite, the first of row 9 ")
    message(FATAL_ERROR "NaN in row 9 is told as\n${error}")
endif()
sluice(measured evaluate --load ${DIR}/bytes.safetensors --x ${NPY}/x_bytes.npy
    --y ${NPY}/labels.npy)
if(NOT measured MATCHES "loss +[0-9.]+\naccuracy +[0-9.]+")
    message(FATAL_ERROR "evaluated as\n${measured}")
endif()

# In PyTorch's names and layouts it is the same model.
sluice(told train --data genesis --context 16 --batch 64 -k 1 -m 2 --epochs 1
    --model "gpt2(layers=1, heads=2, width=8, vocabulary=64, context=16)"
    --quiet --save ${DIR}/ours.safetensors)
sluice(told train --data genesis --context 16 --batch 64 -k 1 -m 2 --epochs 1
    --model "gpt2(layers=1, heads=2, width=8, vocabulary=64, context=16)"
    --quiet --save ${DIR}/theirs.safetensors --save-layout pytorch)
sluice(ours evaluate --load ${DIR}/ours.safetensors --data genesis)
sluice(theirs evaluate --load ${DIR}/theirs.safetensors --data genesis
    --weights-layout pytorch
    --model "gpt2(layers=1, heads=2, width=8, vocabulary=64, context=16)")
if(NOT ours STREQUAL theirs)
    message(FATAL_ERROR "evaluated as\n${ours}\nand as\n${theirs}")
endif()
file(STRINGS ${DIR}/theirs.safetensors names LIMIT_COUNT 1
    REGEX "transformer.h.0.attn.c_attn.weight.*lm_head.weight|lm_head.weight.*transformer.h.0.attn.c_attn.weight")
if(NOT names)
    message(FATAL_ERROR "the file has not the names of GPT-2")
endif()

sluice(likely sample --load ${file} --prompt "And " --tokens 20 --temperature 0)
if(NOT likely MATCHES "^And the the")
    message(FATAL_ERROR "the most probable text is '${likely}'")
endif()

sluice(once sample --load ${file} --tokens 300 --seed 7 --top-k 10)
sluice(again sample --load ${DIR}/text_checkpoints/best.safetensors
    --tokens 300 --seed 7 --top-k 10)
sluice(other sample --load ${file} --tokens 300 --seed 8 --top-k 10)
if(NOT once STREQUAL again OR once STREQUAL other)
    message(FATAL_ERROR "seeds 7, 7 and 8 wrote\n${once}\n${again}\n${other}")
endif()
string(LENGTH "${once}" n)
if(NOT n EQUAL 301)
    message(FATAL_ERROR "300 characters and a newline are ${n}")
endif()
