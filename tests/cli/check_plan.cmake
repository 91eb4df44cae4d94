# A plan is found, written, read by every command, and trained: TOOL is sluice,
# DIR is for files.
set(model --model 784-32x5-10)
set(asked plan ${model} --batch 64)
file(REMOVE ${DIR}/check.plan ${DIR}/check_costs.csv)

# An @ stands for the semicolon of a model.
function(sluice out)
    string(REPLACE "@" "\\;" args "${ARGN}")
    execute_process(COMMAND ${TOOL} ${args} RESULT_VARIABLE status
        OUTPUT_VARIABLE text ERROR_VARIABLE error)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "sluice ${ARGN}: status ${status}\n${text}${error}")
    endif()
    set(${out} "${text}" PARENT_SCOPE)
endfunction()

# Write the plan that the options give to NAME.plan; its table must have PATTERN,
# whose groups are returned.
function(plan name pattern)
    sluice(told ${asked} ${ARGN} --write ${DIR}/${name}.plan)
    if(NOT told MATCHES "${pattern}")
        message(FATAL_ERROR "the plan ${name} is not told:\n${told}")
    endif()
    set(told "${told}" PARENT_SCOPE)
    set(first "${CMAKE_MATCH_1}" PARENT_SCOPE)
    set(second "${CMAKE_MATCH_2}" PARENT_SCOPE)
endfunction()

function(train out)
    sluice(text train --data embedded ${model} --epochs 1 ${ARGN})
    set(${out} "${text}" PARENT_SCOPE)
endfunction()

# A training by NAME.plan ends in the bits of one by the options.
function(same_bits name)
    train(text --plan ${DIR}/${name}.plan --save ${DIR}/planned.safetensors)
    train(options --batch 64 ${ARGN} --save ${DIR}/by_options.safetensors)
    execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files
        ${DIR}/planned.safetensors ${DIR}/by_options.safetensors
        RESULT_VARIABLE st)
    if(st)
        message(FATAL_ERROR "${name}.plan trained to other bits than ${ARGN}")
    endif()
    set(text "${text}" PARENT_SCOPE)
endfunction()

set(small -m 2,4,8 --schedules 1f1b,gpipe --replicas 1 --team 1)
plan(check "1f1b on 2 devices with ([248]) micro-batches, layers cut ([0-9,]+): .* above what no plan can beat"
    ${small} --save-costs ${DIR}/check_costs.csv)
set(m ${first})
set(sizes ${second})
set(by_model "${told}")

# Costs that are not measured are said to be none of this machine.
if(NOT by_model MATCHES "times of a model of a core, 50 GFLOP/s and 8.6 GB/s")
    message(FATAL_ERROR "modelled costs are not told:\n${by_model}")
endif()
string(REGEX REPLACE "These are times of a model[^\n]*\n" "" by_model
    "${by_model}")

# The costs that were saved give the same plan.
plan(costs "" ${small} --costs ${DIR}/check_costs.csv)
if(NOT told STREQUAL by_model)
    message(FATAL_ERROR "by the saved costs it is another:\n${told}")
endif()

sluice(grid schedule ${DIR}/check.plan)
if(NOT grid MATCHES "^0: +0F0 +0F1 .*\n1: +1F0 +1B0")
    message(FATAL_ERROR "the plan is no 1f1b:\n${grid}")
endif()

# What runs has the plan's cut, and the bits of the same settings by options.
same_bits(check -k 2 -m ${m} --schedule 1f1b --partition ${sizes})
if(NOT text MATCHES "${m} micro-batches of [0-9]+ rows")
    message(FATAL_ERROR "it runs without ${m} micro-batches:\n${text}")
endif()

# A plan for a slower device, on devices that are slowed to it.
plan(uneven "" ${small} --speeds 1,0.25)
train(text --plan ${DIR}/uneven.plan --emulate)

# Replicas that share their states, and weight gradients of two micro-batches.
plan(replicas "1f1b on 2 replicas of ([12]) devices? with 4 micro-batches each, ZeRO stage 1, 2 weight gradients in one product, layers cut ([0-9,]+):"
    -m 8,4 --replicas 2 --team 1 --devices 4 --schedules 1f1b --zero 1
    --gather-weights 2)
same_bits(replicas -k ${first} -m 4 --replicas 2 --schedule 1f1b
    --partition ${second} --zero 1 --gather-weights 2)

# A team, too, is in the plan, and trains.
plan(team "gpipe on 1 team of 2 devices with 4 micro-batches,"
    -m 4 --replicas 1 --team 2 --schedules gpipe)
train(text --plan ${DIR}/team.plan)

# A head that may be cut is, where that is faster, and trains to the bits of
# the same parts by options.
set(whole ${model})
set(model --model "input(784)@ linear(64, activation=tanh) x4@ head(3000)")
set(asked plan ${model} --batch 64)
plan(cut "1f1b on 2 devices with 4 micro-batches, vocabulary cut, layers cut ([0-9,]+):"
    -m 4 --schedules 1f1b --replicas 1 --team 1 --vocabulary-parallel)
same_bits(cut -k 2 -m 4 --schedule 1f1b --partition ${first}
    --vocabulary-parallel)
set(model ${whole})

# The plan is for its model, and for no other with as many layers.
execute_process(COMMAND ${TOOL} train --data embedded --model 784-24x5-10
    --epochs 1 --plan ${DIR}/check.plan RESULT_VARIABLE st ERROR_VARIABLE error
    OUTPUT_QUIET)
if(NOT st EQUAL 1 OR NOT error MATCHES "made for the model .*out=32")
    message(FATAL_ERROR "a plan of another model: status ${st}\n${error}")
endif()
