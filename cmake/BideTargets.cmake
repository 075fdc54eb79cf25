# How everything of ours is compiled.

set(bide_warnings -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes> $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>)

# Any target of ours: C11 or, in tests, C++17, POSIX and GNU functions, all warnings.
function(bide_target target)
    set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
        CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF)
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
    target_compile_options(${target} PRIVATE ${bide_warnings} $<$<BOOL:${BIDE_WERROR}>:-Werror>)
endfunction()

# The library, or another made of its sources.
function(bide_library target)
    find_package(Threads REQUIRED)
    bide_target(${target})
    set_target_properties(${target} PROPERTIES C_VISIBILITY_PRESET hidden)
    if(NOT DEFINED CMAKE_POSITION_INDEPENDENT_CODE)
        set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    endif()
    target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections)
    target_compile_definitions(${target} PRIVATE
        $<$<BOOL:${BIDE_VALGRIND}>:BIDE_VALGRIND>
        $<$<BOOL:${BIDE_PORTABLE}>:BIDE_PORTABLE>)
    target_include_directories(${target}
        PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
        PRIVATE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${target} PRIVATE Threads::Threads ${bide_math})
endfunction()

# Reading and setting the rounding mode is inline on these two, and a function of libm elsewhere.
set(bide_math m)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64|aarch64|arm64)$")
    set(bide_math "")
endif()
