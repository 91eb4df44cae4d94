# Where the commands meet what users give them: schedules from anywhere, options
# that do not apply, paths that cannot be written.

# Every command that takes a schedule takes a generator, a file and `auto`.
foreach(format csv json)
    foreach(generator 1f1b zb-h1)
        add_test(NAME cli.train_by_${format}_of_${generator}
            COMMAND ${CMAKE_COMMAND} -DTOOL=${tool} -DGENERATOR=${generator}
            -DFILE=${CMAKE_CURRENT_BINARY_DIR}/${generator}.${format}
            -P ${CMAKE_CURRENT_SOURCE_DIR}/same_losses.cmake)
        set_tests_properties(cli.train_by_${format}_of_${generator}
            PROPERTIES TIMEOUT 180 LABELS cli)
    endforeach()
endforeach()
cli_test(train_by_auto run_tool STATUS=0
    "MATCH=\"schedule\":\"auto\".*\"chunks\":2"
    COMMAND ${tool} train --data embedded --epochs 1 --quiet
    --model=-16x3-10 --schedule auto -v 2 --metrics /dev/stdout)
cli_test(train_by_refused_file run_tool STATUS=1 FROM=${schedules}
    "MATCH=^sluice train: ./typo.csv: complete: 1I1 is missing: [^:]*\n$"
    COMMAND ${tool} train --data embedded --schedule ./typo.csv --quiet)
cli_test(train_by_file_of_other_size run_tool STATUS=1
    "MATCH=good.csv: 3 devices asked for, but the file has 2"
    COMMAND ${tool} train --data embedded --schedule ${schedules}/good.csv -k 3)
cli_test(train_by_no_file run_tool STATUS=1 "MATCH=/no/such.csv: .*: No such"
    COMMAND ${tool} train --data embedded --schedule /no/such.csv)
cli_test(train_by_forwards run_tool STATUS=1
    "MATCH=0B0 is missing: all actions are forwards, which can be simulated"
    COMMAND ${tool} train --data embedded --schedule forward --quiet)
cli_test(bubble_of_file check_rows ROWS=1 ${bubble_fields}
    COMMAND ${bench} bubble --smoke --schedule ${schedules}/good.csv
    --cell 100us)
cli_test(bubble_of_auto check_rows ROWS=4 ${bubble_fields}
    COMMAND ${bench} bubble --smoke --schedule auto -k 2,3 -m 2,4)
cli_test(bubble_without_reference run_tool STATUS=0 "MATCH=\"wrong\":null"
    COMMAND ${bench} bubble --smoke --schedule ${schedules}/shuffled.csv
    --cell 100us -o jsonl)
cli_test(compare_of_file check_rows ROWS=3 ${compare_fields}
    COMMAND ${bench} compare --smoke -d 2 -m 2
    --schedule ${schedules}/good.json)
cli_test(roofline_of_auto check_rows ROWS=2 POSITIVE=bound_ns,step_ns ZERO=wrong
    COMMAND ${bench} roofline --smoke --schedule auto)
cli_test(roofline_of_file check_rows ROWS=1 POSITIVE=bound_ns,step_ns ZERO=wrong
    COMMAND ${bench} roofline --smoke -k 2 -m 2
    --schedule ${schedules}/good.csv)
cli_test(roofline_by_refused_file run_tool STATUS=1 FROM=${schedules}
    "MATCH=^sluice-bench roofline: ./typo.csv: complete: 1I1 is missing: "
    COMMAND ${bench} roofline --smoke -k 2 -m 2 --schedule ./typo.csv)
cli_test(table2_of_auto check_rows ROWS=9 POSITIVE=cells,layers_virtual
    ZERO=wrong COMMAND ${bench} table2 --smoke --schedule auto)
cli_test(table2_of_file run_tool STATUS=1
    "MATCH=good.csv: 1 micro-batches asked for, but the file has 2"
    COMMAND ${bench} table2 --smoke --schedule ${schedules}/good.csv)

# An option that has no effect is refused; one that has is in every row and head.
# no_effect(NAME MATCH word...): of `sluice schedule`.
function(no_effect name match)
    cli_test(no_effect_${name} run_tool STATUS=2
        "MATCH=^sluice schedule: ${match}" COMMAND ${tool} schedule ${ARGN})
endfunction()
no_effect(order "--order applies to gpipe only" 1f1b --order in_order)
no_effect(recompute "--recompute needs --remat" gpipe --recompute early)
no_effect(costs "--costs needs --simulate, --run" gpipe --costs 1,2,1)
no_effect(latency "--latency needs --simulate, --run" gpipe --latency 1)
no_effect(cell "--cell needs --simulate, --run" gpipe --cell 2ms)
no_effect(cell_of_layers "--cell and --model exclude each other" gpipe --run
    --cell 1ms --model 8-8x4)
no_effect(costs_of_layers "--costs and --model exclude each other" gpipe --run
    --costs 1,1,1 --model 8-8x4)
no_effect(capacity "--capacity needs --simulate" gpipe --capacity 3)
no_effect(repetitions "--repetitions needs --run" gpipe --repetitions 3)
no_effect(warmup "--warmup needs --run" gpipe --simulate --warmup 3)
no_effect(seed "--seed needs --run" --compare gpipe,1f1b --seed 3)
no_effect(gemm "--gemm needs --model" gpipe --run --gemm plain)
no_effect(precision "--precision needs --model" gpipe --run --precision bf16)
no_effect(strict "--strict needs -o csv" gpipe --strict)
no_effect(strict_table "--strict needs -o csv" gpipe --simulate --strict)
no_effect(devices_of_check "--devices has no effect with --check" -k 3
    --check ${schedules}/good.csv)
no_effect(chunks_of_check "--chunks has no effect with --check" -v 3
    --check ${schedules}/good.csv)
no_effect(output_of_list "--output has no effect with --check or --list"
    --list -o csv)
no_effect(costs_of_check "--costs needs --simulate" --costs 1,1,1
    --check ${schedules}/good.csv)
cli_test(no_effect_backward_order run_tool STATUS=2
    "MATCH=zb-v takes no --backward-order: it applies to gpipe only"
    COMMAND ${bench} bubble --schedule zb-v --backward-order in_order)
cli_test(effect_of_auto run_tool STATUS=0 "MATCH=^0: "
    COMMAND ${tool} schedule auto -k 2 -m 4 --costs 1,2,1 --latency 0.5
    --capacity 3)
cli_test(effect_in_rows run_tool STATUS=0
    "MATCH=schedule,chunks,group,warm_up_forwards,devices.*gpipe,,,,2,.*interleaved-1f1b,3,2,2,2,"
    COMMAND ${tool} schedule --compare gpipe,interleaved-1f1b -v 3 -k 2 -o csv)
cli_test(effect_in_context run_tool STATUS=0
    "MATCH=\"chunks\":2,\"group\":\"K\",\"slices\":null,\"warm_up_forwards\":3,\"vertical_sync\":null"
    COMMAND ${bench} bubble --smoke --schedule interleaved-1f1b --warm-up 3
    --cell 50us -o jsonl)
cli_test(effect_in_head run_tool STATUS=0
    "MATCH=pipeline  interleaved-1f1b, 2 devices, .*, remat never, chunks 2, group 2, warm-up 3\n"
    COMMAND ${tool} train --data embedded --model=-16x4-10 --epochs 1
    --schedule interleaved-1f1b --warm-up 3 --batch 64)

# Where a file is to be written is known before the first step.
set(nowhere ${CMAKE_CURRENT_BINARY_DIR}/no/such/directory)
foreach(option trace=x.svg save=x.safetensors metrics=x.jsonl)
    string(REPLACE "=" "=${nowhere}/" path ${option})
    string(REGEX REPLACE "=.*" "" name ${option})
    cli_test(nowhere_${name} run_tool STATUS=1
        "MATCH=^[^.]*sluice train: [^\n]*/no/such/directory/x.[a-z]+: [^\n]*No such file or directory\n$"
        COMMAND ${tool} train --data embedded --quiet --epochs 1000000
        --${path})
endforeach()
foreach(command bubble compare table2)
    cli_test(nowhere_${command} run_tool STATUS=2
        "MATCH=--draw: /no/such/x.svg: cannot be created: No such file"
        COMMAND ${bench} ${command} --draw /no/such/x.svg)
endforeach()
cli_test(nowhere_schedule run_tool STATUS=2
    "MATCH=--draw: /no/such/x.svg: cannot be created: No such file"
    COMMAND ${tool} schedule gpipe --draw /no/such/x.svg)

# A table is never empty, or of zeros, without a word.
cli_test(memory_without_rows run_tool STATUS=1
    "MATCH=^sluice-bench memory: a device needs a layer, but the most layers asked for are 2, and the fewest devices 4: raise --layers"
    COMMAND ${bench} memory -k 4,8 -m 8 --layers 1,2)
cli_test(memory_left_out run_tool STATUS=0
    "MATCH=sluice-bench memory: 2 combinations with more devices than layers left out"
    COMMAND ${bench} memory --smoke -k 4,16 -m 4)
cli_test(memory_under_no_cap run_tool STATUS=1
    "MATCH=under the cap of 1024 bytes 7 of 7 rows cannot hold one layer on each device. naive-1 needs the most, [0-9]+ bytes: raise --cap"
    COMMAND ${bench} memory --smoke --table1 --cap 1K)

# Rows to test on: from files, as a share, normalized as those of the training.
data_test(tested_by_files x labels 0 "\"test_loss\":[0-9]"
    --test-x ${npy}/x.npy --test-y ${npy}/labels.npy --metrics /dev/stdout)
data_test(late_test_label x labels 1 "row 15 of the test data.* has label 3"
    --test-x ${npy}/x.npy --test-y ${npy}/labels_late.npy)
data_test(share x labels 0 "\"rows\":12,.*\"test_loss\":[0-9]"
    --validation-share 0.25 --metrics /dev/stdout)
data_test(share_and_files x labels 2 "exclude each other"
    --validation-share 0.25 --test-x ${npy}/x.npy --test-y ${npy}/labels.npy)
data_test(all_to_test x labels 2 "--validation-share 1 leaves no row to train on"
    --validation-share 1)
data_test(half_a_test x labels 2 "--test-x and --test-y need each other"
    --test-x ${npy}/x.npy)
data_test(patience_without_test x labels 2 "--patience needs rows to test on"
    --patience 2)
cli_test(share_of_named run_tool STATUS=2
    "MATCH=--validation-share needs --x: --data has a test part of its own"
    COMMAND ${tool} train --data embedded --validation-share 0.1)
# Nothing gets better at a rate of 0, or nearly so: the first epoch is the best.
cli_test(patience run_tool STATUS=0
    "MATCH=\n    3 [^\n]*\nbest      epoch 1: test loss [0-9.]+, accuracy 0.[0-9]+\n"
    COMMAND ${tool} train --data embedded --lr 1e-30 --momentum 0 --epochs 50
    --patience 2)

# The cores of the devices.
cli_test(pin_off run_tool STATUS=0 "MATCH=device core [^\n]*\n     0    - "
    COMMAND ${tool} train --data embedded --epochs 1 -k 1 --pin off)
cli_test(pin_list run_tool STATUS=0 "MATCH=device core [^\n]*\n     0    0 .*\n     1    0 "
    COMMAND taskset -c 0 ${tool} train --data embedded --epochs 1 -k 2 --pin 0,0)
cli_test(pin_few run_tool STATUS=1 "MATCH=1 CPUs are listed for 2 devices"
    COMMAND ${tool} train --data embedded --epochs 1 -k 2 --pin 0)
cli_test(pin_elsewhere run_tool STATUS=1
    "MATCH=device 0 is to be pinned to CPU 8191, which this process may not use"
    COMMAND ${tool} train --data embedded --epochs 1 -k 1 --pin 8191)
cli_test(pin_nonsense run_tool STATUS=2
    "MATCH=--pin: \"on\" is neither auto nor off, nor a list of CPUs"
    COMMAND ${tool} train --data embedded --pin on)
cli_test(pin_recorded run_tool STATUS=0 "MATCH=\"pin\":\"off\""
    COMMAND ${bench} bubble --smoke --cell 50us --pin off -o jsonl)

# The table of README, and tables for people.
cli_test(bubble_matrix run_tool STATUS=0
    "MATCH=\n. K . M=1 . 4 .\n. --- . --- . --- .\n. 2 . [0-9.]+ / 50.00 . [0-9.]+ / 20.00 .\n. 3 . "
    COMMAND ${bench} bubble --smoke -k 2,3 -m 1,4 --cell 100us -o matrix)
cli_test(matrix_of_compare run_tool STATUS=2
    "MATCH=-o: .matrix. is not one of md, csv, json, jsonl, gbench"
    COMMAND ${bench} compare --smoke -o matrix)
cli_test(people_read_ms run_tool STATUS=0
    "MATCH=- cell_ms: 2\n.*makespan_ms.*bubble %.*bubble_formula %"
    COMMAND ${tool} schedule gpipe --simulate --cell 2ms)

cli_test(watch_without_terminal run_tool STATUS=0
    "MATCH=note      --watch draws on a terminal, which standard error is not"
    COMMAND ${tool} train --data embedded --epochs 1 --quiet --watch)

# A page of several schedules.
cli_test(schedule_page check_page
    "MATCH=gpipe</figcaption.*zb-h1</figcaption.*simulated, ms.*gpipe</td>.*42.86.*zb-h1</td>"
    PAGE=${CMAKE_CURRENT_BINARY_DIR}/several.html
    COMMAND ${tool} schedule --compare gpipe,zb-h1 -k 4 -m 4
    --draw ${CMAKE_CURRENT_BINARY_DIR}/several.html)
schedule_nonsense(draw_several_as_svg
    "--draw writes a page of several schedules: let the name"
    --compare gpipe,1f1b --draw x.svg)

# A page of a training.
cli_test(training_page check_page
    "MATCH=Loss of a step.*<path d=.M64.*Learning rate.*<path.*rows per second.*<path.*Loss of the test part.*<path.*Accuracy of the test part.*<path"
    PAGE=${CMAKE_CURRENT_BINARY_DIR}/training.html
    COMMAND ${tool} train --data embedded --epochs 3 --quiet
    --report ${CMAKE_CURRENT_BINARY_DIR}/training.html)
cli_test(training_page_nowhere run_tool STATUS=1
    "MATCH=sluice train: /no/such/x.html: cannot be created: No such file"
    COMMAND ${tool} train --data embedded --quiet --report /no/such/x.html)
