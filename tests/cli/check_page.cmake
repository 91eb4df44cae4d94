# Run a program that writes a page, and check the page: REGEX matches, it is
# complete, and no number in it is NaN or infinite.
#
#     cmake -DCOMMAND=LIST -DPAGE=FILE -DMATCH=REGEX -P check_page.cmake
file(REMOVE ${PAGE})
execute_process(COMMAND ${COMMAND} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(READ ${PAGE} text)
if(NOT text MATCHES "${MATCH}")
    message(FATAL_ERROR "no \"${MATCH}\" in\n${text}")
endif()
if(text MATCHES "[^A-Za-z](nan|inf)[^A-Za-z]" OR NOT text MATCHES "</html>\n$")
    message(FATAL_ERROR "no whole page of numbers:\n${text}")
endif()
