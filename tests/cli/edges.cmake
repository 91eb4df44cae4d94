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
            PROPERTIES TIMEOUT 60 LABELS cli)
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
cli_test(table2_of_auto check_rows ROWS=9 POSITIVE=cells,layers_virtual
    ZERO=wrong COMMAND ${bench} table2 --smoke --schedule auto)
cli_test(table2_of_file run_tool STATUS=1
    "MATCH=good.csv: 1 micro-batches asked for, but the file has 2"
    COMMAND ${bench} table2 --smoke --schedule ${schedules}/good.csv)
