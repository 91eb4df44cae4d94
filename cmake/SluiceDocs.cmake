# The target `docs`: the API as HTML, where doxygen is installed.
find_program(DOXYGEN doxygen)
if(DOXYGEN)
    add_custom_target(docs
        COMMAND ${CMAKE_COMMAND} -E env SLUICE_DOCS_OUT=${PROJECT_BINARY_DIR}/docs
            ${DOXYGEN} docs/Doxyfile
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
        COMMENT "Writing docs/html in the build directory" VERBATIM)
endif()
