# What `sluice train` says: sentences that name what was given.
add_test(NAME cli.kept COMMAND ${CMAKE_COMMAND} -DTOOL=${tool}
    -DDIR=${CMAKE_CURRENT_BINARY_DIR}/kept
    -P ${CMAKE_CURRENT_LIST_DIR}/check_kept.cmake)
set_tests_properties(cli.kept PROPERTIES TIMEOUT 60 LABELS cli)
