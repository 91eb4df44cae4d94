# What `sluice train` says: sentences that name what was given.
add_test(NAME cli.kept COMMAND ${CMAKE_COMMAND} -DTOOL=${tool}
    -DDIR=${CMAKE_CURRENT_BINARY_DIR}/kept
    -P ${CMAKE_CURRENT_LIST_DIR}/check_kept.cmake)
set_tests_properties(cli.kept PROPERTIES TIMEOUT 180 LABELS cli)

cli_test(train_speed_of_none run_tool STATUS=2
    "MATCH=--speeds: \"0\" is not a number from 0.001 to 1\n"
    COMMAND ${tool} train --data embedded --speeds 0,1)
cli_test(train_speed_above_1 run_tool STATUS=2
    "MATCH=--new-speeds: \"2\" is not a number from 0.001 to 1\n"
    COMMAND ${tool} train --data embedded --adapt 10 --new-speeds 1,2)
cli_test(train_adapt_of_auto run_tool STATUS=1
    "MATCH=--adapt needs a schedule by its generator's name, or --plan: auto cannot be made again for other devices"
    COMMAND ${tool} train --data embedded --adapt 10 --schedule auto)

cli_test(data_of_no_file run_tool STATUS=1
    "MATCH='nope.txt' does not exist, and is not the name of a data set: embedded, fashion-mnist .images., king-james, genesis .texts."
    COMMAND ${tool} train --data nope.txt)

# What is not known is "-", what is given twice or cannot be written is refused.
cli_test(train_without_accuracy run_tool STATUS=0
    "MATCH=\n    1 +[0-9.]+ +- +[0-9.]+ +- +[0-9]+\n.*best +epoch [12]: test loss [0-9.]+\n"
    COMMAND ${tool} train --x ${npy}/x.npy --y ${npy}/labels_float.npy
    --model=-3-1 --batch 8 -m 1 --epochs 2 --validation-share 0.25
    --patience 2)
cli_test(train_load_and_weights run_tool STATUS=2
    "MATCH=--load and --weights are two names of one option: give one of them"
    COMMAND ${tool} train --load x --weights y)
cli_test(train_load run_tool STATUS=1 "MATCH=/no/such"
    COMMAND ${tool} train --data embedded --load /no/such
    --weights-layout sluice)
cli_test(training_page_of_no_kind run_tool STATUS=1
    "MATCH=\"x\" does not tell that a page is written: let it end with .html"
    COMMAND ${tool} train --data embedded --quiet --report x)
cli_test(train_gathers_too_many run_tool STATUS=1
    "MATCH=--gather-weights 9: a mini-batch has 8 micro-batches, give at most as many"
    COMMAND ${tool} train --data embedded --schedule 1f1b --gather-weights 9)
