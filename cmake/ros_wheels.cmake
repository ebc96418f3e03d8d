# SPDX-License-Identifier: Apache-2.0
# Included right after project() when building against the ROS 2 wheels from PyPI (see scripts/env.sh).
# The wheels export the Python and NumPy include directories of the machine that built them
# (/opt/python/...), and CMake refuses imported targets whose include directories do not exist.
# Drop those entries just before generation; against an installed ROS 2 this changes nothing.
function(_ros_wheels_fix_imported_includes)
  get_property(_targets DIRECTORY "${CMAKE_SOURCE_DIR}" PROPERTY IMPORTED_TARGETS)
  foreach(_target IN LISTS _targets)
    get_target_property(_dirs ${_target} INTERFACE_INCLUDE_DIRECTORIES)
    if(_dirs AND _dirs MATCHES "/opt/python/")
      list(FILTER _dirs EXCLUDE REGEX "^/opt/python/")
      set_target_properties(${_target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${_dirs}")
    endif()
  endforeach()
endfunction()
cmake_language(DEFER DIRECTORY "${CMAKE_SOURCE_DIR}" CALL _ros_wheels_fix_imported_includes)
