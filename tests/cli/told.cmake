# What `sluice train` says: sentences that name what was given.
add_test(NAME cli.kept COMMAND ${CMAKE_COMMAND} -DTOOL=${tool}
    -DDIR=${CMAKE_CURRENT_BINARY_DIR}/kept
    -P ${CMAKE_CURRENT_LIST_DIR}/check_kept.cmake)
set_tests_properties(cli.kept PROPERTIES TIMEOUT 60 LABELS cli)

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
    "MATCH='nope.txt' does not exist, and is not the name of a data set: embedded, fashion-mnist"
    COMMAND ${tool} train --data nope.txt)
