# A plan is found, written, read by every command, and trained: TOOL is sluice,
# DIR is for files.
set(file ${DIR}/check.plan)
file(REMOVE ${file} ${DIR}/check_costs.csv)

function(sluice out)
    execute_process(COMMAND ${TOOL} ${ARGN} RESULT_VARIABLE status
        OUTPUT_VARIABLE text ERROR_VARIABLE error)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "sluice ${ARGN}: status ${status}\n${text}${error}")
    endif()
    set(${out} "${text}" PARENT_SCOPE)
endfunction()

set(asked plan --model 784-32x5-10 --batch 64 -m 2,4,8 --schedules 1f1b,gpipe
    --replicas 1 --team 1)
sluice(first ${asked} --save-costs ${DIR}/check_costs.csv --write ${file})
if(NOT first MATCHES "1f1b on 2 devices with [248] micro-batches, layers cut ([0-9,]+): .* above what no plan can beat")
    message(FATAL_ERROR "the plan is not told:\n${first}")
endif()
set(sizes ${CMAKE_MATCH_1})

# A plan for a slower device, on devices that are slowed to it.
sluice(told ${asked} --speeds 1,0.25 --write ${DIR}/uneven.plan)
sluice(told train --data embedded --model 784-32x5-10 --epochs 1 --plan
    ${DIR}/uneven.plan --emulate)

# The costs that were saved give the same plan.
sluice(second ${asked} --costs ${DIR}/check_costs.csv)
if(NOT first STREQUAL second)
    message(FATAL_ERROR "by the saved costs it is another:\n${first}\n${second}")
endif()

sluice(grid schedule ${file})
if(NOT grid MATCHES "^0: +0F0 +0F1 .*\n1: +1F0 +1B0")
    message(FATAL_ERROR "the plan is no 1f1b:\n${grid}")
endif()

# What runs has the plan's cut, and the bits of the same settings by options.
string(REGEX MATCH "\n1: .*" last "${grid}")
string(REGEX MATCHALL "1F[0-9]+" forwards "${last}")
list(LENGTH forwards m)
sluice(told train --data embedded --model 784-32x5-10 --epochs 1 --plan ${file}
    --save ${DIR}/planned.safetensors)
if(NOT told MATCHES "${m} micro-batches of [0-9]+ rows")
    message(FATAL_ERROR "it runs without ${m} micro-batches:\n${told}")
endif()
sluice(told train --data embedded --model 784-32x5-10 --epochs 1 --batch 64
    -k 2 -m ${m} --schedule 1f1b --partition ${sizes}
    --save ${DIR}/by_options.safetensors)
execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files
    ${DIR}/planned.safetensors ${DIR}/by_options.safetensors RESULT_VARIABLE st)
if(st)
    message(FATAL_ERROR "the plan trained to other bits than its options")
endif()

# With replicas the bits are those of as many by options.
sluice(told plan --model 784-32x5-10 --batch 64 -m 8 --replicas 2 --team 1
    --devices 4 --schedules 1f1b --write ${DIR}/replicas.plan)
if(NOT told MATCHES "1f1b on 2 replicas of ([12]) devices? with 4 micro-batches each, layers cut ([0-9,]+):")
    message(FATAL_ERROR "no replicas are planned:\n${told}")
endif()
set(devices ${CMAKE_MATCH_1})
set(sizes ${CMAKE_MATCH_2})
sluice(told train --data embedded --model 784-32x5-10 --epochs 1 --plan
    ${DIR}/replicas.plan --save ${DIR}/planned.safetensors)
sluice(told train --data embedded --model 784-32x5-10 --epochs 1 --batch 64
    -k ${devices} -m 4 --replicas 2 --schedule 1f1b --partition ${sizes}
    --save ${DIR}/by_options.safetensors)
execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files
    ${DIR}/planned.safetensors ${DIR}/by_options.safetensors RESULT_VARIABLE st)
if(st)
    message(FATAL_ERROR "replicas by a plan trained to other bits")
endif()

# A team, too, is in the plan, and trains.
sluice(told plan --model 784-32x5-10 --batch 64 -m 4 --replicas 1 --team 2
    --schedules gpipe --write ${DIR}/team.plan)
if(NOT told MATCHES "gpipe on 1 team of 2 devices with 4 micro-batches,")
    message(FATAL_ERROR "no team is planned:\n${told}")
endif()
sluice(told train --data embedded --model 784-32x5-10 --epochs 1 --plan
    ${DIR}/team.plan)

# The plan is for its model, and for no other with as many layers.
execute_process(COMMAND ${TOOL} train --data embedded --model 784-24x5-10
    --epochs 1 --plan ${file} RESULT_VARIABLE st ERROR_VARIABLE error
    OUTPUT_QUIET)
if(NOT st EQUAL 1 OR NOT error MATCHES "made for the model .*out=32")
    message(FATAL_ERROR "a plan of another model: status ${st}\n${error}")
endif()
