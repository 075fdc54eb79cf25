# Headers, library, license, a package for CMake and one for pkg-config; all may be moved as a whole after installing.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

function(bide_install target)
    set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/bide)
    install(TARGETS ${target} EXPORT bideTargets)
    install(EXPORT bideTargets NAMESPACE bide:: DESTINATION ${config_dir})
    install(DIRECTORY include/bide DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
    target_include_directories(${target} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

    # Before 1.0 a minor release may break what the last one promised.
    write_basic_package_version_file(${PROJECT_BINARY_DIR}/bideConfigVersion.cmake COMPATIBILITY SameMinorVersion)
    install(FILES cmake/bideConfig.cmake ${PROJECT_BINARY_DIR}/bideConfigVersion.cmake DESTINATION ${config_dir})

    file(RELATIVE_PATH pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
    string(REGEX REPLACE "/$" "" pc_prefix ${pc_prefix})
    file(RELATIVE_PATH pc_libdir ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_LIBDIR})
    file(RELATIVE_PATH pc_includedir ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
    list(TRANSFORM bide_math PREPEND " -l" OUTPUT_VARIABLE pc_math)
    configure_file(cmake/bide.pc.in ${PROJECT_BINARY_DIR}/bide.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/bide.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
