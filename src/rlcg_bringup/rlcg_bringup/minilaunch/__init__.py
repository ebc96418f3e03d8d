# SPDX-License-Identifier: Apache-2.0
"""A small stand-in for the part of ROS 2 `launch` and `launch_ros` that rlcg's launch files use.

`launch` and `launch_ros` are not on PyPI. Where they are installed they are always used; this
package is used by the command `rlcg launch` alone, and only where they are missing. It holds what
`finder.API` lists and refuses the rest: an unknown name is an ImportError, an unknown keyword a
TypeError.
"""
