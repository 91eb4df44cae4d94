# What `cmake --install` puts into the prefix: headers, both libraries, the two
# programs, sluice.py, documents and examples, find_package(sluice) and
# sluice.pc.  Nothing in it holds the path of the prefix, so that an installed
# tree may be moved.
include(CMakePackageConfigHelpers)

set(SLUICE_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/sluice)

install(DIRECTORY include/sluice TYPE INCLUDE)
install(FILES LICENSE README.md TYPE DOC)
install(DIRECTORY docs/ TYPE DOC)
# It finds the library two folders above its own, or where the loader does.
install(FILES docs/examples/python/sluice.py DESTINATION lib/python3/dist-packages)

# Two export sets: a program that links libsluice.so needs none of the
# libraries below it, one that links libsluice.a needs them all.
install(TARGETS sluice EXPORT sluice-shared)
install(TARGETS sluice_static EXPORT sluice-static)
foreach(set sluice-shared sluice-static)
    install(EXPORT ${set} NAMESPACE sluice:: DESTINATION ${SLUICE_CMAKE_DIR})
endforeach()

configure_package_config_file(cmake/sluice-config.cmake.in
    ${PROJECT_BINARY_DIR}/sluice-config.cmake
    INSTALL_DESTINATION ${SLUICE_CMAKE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/sluice-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES
    ${PROJECT_BINARY_DIR}/sluice-config.cmake
    ${PROJECT_BINARY_DIR}/sluice-config-version.cmake
    DESTINATION ${SLUICE_CMAKE_DIR})

file(RELATIVE_PATH SLUICE_PC_TO_PREFIX
    /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" SLUICE_PC_TO_PREFIX ${SLUICE_PC_TO_PREFIX})
configure_file(cmake/sluice.pc.in ${PROJECT_BINARY_DIR}/sluice.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/sluice.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The programs, which bench/ installs, find the library beside them.
get_property(targets DIRECTORY bench PROPERTY BUILDSYSTEM_TARGETS)
foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    if(type STREQUAL EXECUTABLE)
        set_target_properties(${target} PROPERTIES
            INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
    endif()
endforeach()
