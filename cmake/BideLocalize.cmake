# Hidden symbols hide only at the last link: in a static archive an internal `monitor_lock` would still clash with that of
# a user. So the archive's objects are merged into one and its hidden symbols made local. Sections stay apart, so that
# --gc-sections goes on dropping what is not used.
function(bide_localize target)
    get_target_property(lto ${target} INTERPROCEDURAL_OPTIMIZATION)
    if(lto OR CMAKE_C_FLAGS MATCHES "-flto" OR NOT CMAKE_OBJCOPY
            OR NOT CMAKE_EXECUTABLE_FORMAT STREQUAL "ELF" OR NOT CMAKE_C_COMPILER_ID MATCHES "^(GNU|Clang)$")
        return()
    endif()
    string(REGEX MATCHALL "(-m|-target[ =])[^ ]+" machine "${CMAKE_C_FLAGS}")
    if(CMAKE_C_COMPILER_TARGET AND CMAKE_C_COMPILER_ID STREQUAL "Clang")
        list(APPEND machine --target=${CMAKE_C_COMPILER_TARGET})
    endif()
    set(merged ${CMAKE_CURRENT_BINARY_DIR}/${target}-$<CONFIG>.o)
    add_custom_command(TARGET ${target} POST_BUILD
        COMMAND ${CMAKE_C_COMPILER} ${machine} -r -nostdlib -o ${merged}
                -Wl,--whole-archive $<TARGET_FILE:${target}> -Wl,--no-whole-archive
        COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${merged}
        COMMAND ${CMAKE_COMMAND} -E rm $<TARGET_FILE:${target}>
        COMMAND ${CMAKE_AR} rcs $<TARGET_FILE:${target}> ${merged}
        VERBATIM)
endfunction()
