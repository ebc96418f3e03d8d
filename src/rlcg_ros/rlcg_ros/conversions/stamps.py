# SPDX-License-Identifier: Apache-2.0
"""Time stamps: builtin_interfaces/Time and Duration to and from seconds."""

from builtin_interfaces.msg import Duration, Time

_NS = 1_000_000_000


def stamp_to_s(stamp: Time | Duration) -> float:
    """Return seconds; exact to under a microsecond for today's dates."""
    return float(stamp.sec) + 1e-9 * float(stamp.nanosec)


def stamp_from_s(seconds: float) -> Time:
    """Return the stamp of ``seconds`` >= 0, rounded to a nanosecond."""
    whole, rest = divmod(round(seconds * _NS), _NS)
    return Time(sec=int(whole), nanosec=int(rest))


def duration_from_s(seconds: float) -> Duration:
    """Return the duration of ``seconds``, rounded to a nanosecond."""
    whole, rest = divmod(round(seconds * _NS), _NS)
    return Duration(sec=int(whole), nanosec=int(rest))
