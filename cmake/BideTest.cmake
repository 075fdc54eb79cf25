set(BIDE_TEST_TIMEOUT_FACTOR 1 CACHE STRING "Multiplies the timeouts of the tests, for slow tools")
set(BIDE_TEST_LAUNCHER "" CACHE STRING "A list put before the commands of the tests, as valgrind;--tool=helgrind")

# bide_add_test(LABEL NAME SECONDS TARGET [ARGUMENT]...): a test called label.name.
function(bide_add_test label name seconds target)
    math(EXPR seconds "${seconds} * ${BIDE_TEST_TIMEOUT_FACTOR}")
    add_test(NAME ${label}.${name}
        COMMAND ${BIDE_TEST_LAUNCHER} ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:${target}> ${ARGN})
    set_tests_properties(${label}.${name} PROPERTIES LABELS ${label} TIMEOUT ${seconds})
endfunction()
