# Run a program that writes a page, and look into the page:
#
#     cmake -DCOMMAND=LIST -DPAGE=FILE -DMATCH=REGEX [-DXMLLINT=PROGRAM]
#         -P check_page.cmake
file(REMOVE ${PAGE})
execute_process(COMMAND ${COMMAND} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(READ ${PAGE} text)
if(NOT text MATCHES "${MATCH}")
    message(FATAL_ERROR "no \"${MATCH}\" in\n${text}")
endif()
if(text MATCHES ">-?(nan|inf)<" OR NOT text MATCHES "</html>\n$")
    message(FATAL_ERROR "no whole page of numbers:\n${text}")
endif()
