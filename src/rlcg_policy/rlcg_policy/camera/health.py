# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a running capture, for the diagnostics."""

from dataclasses import dataclass

from rlcg_policy.camera.capture_slot import CaptureReport, CaptureState

SLOW_SHARE = 0.8
SILENT_PERIODS = 5.0
SILENT_S = 1.0
FROZEN_S = 2.0
FROZEN_PICTURES = 10


@dataclass(frozen=True)
class Complaint:
    """One sentence; ``severe``: there is no use in the pictures, or there are none."""

    text: str
    severe: bool


def complaints(report: CaptureReport, rate_hz: float) -> list[Complaint]:
    """Return what is wrong with a capture that was asked for ``rate_hz``, worst first."""
    if report.state is CaptureState.ENDED:
        return [Complaint(report.error, severe=False)]
    if report.state in (CaptureState.WAITING, CaptureState.BROKEN):
        return [Complaint(report.error, severe=True)]
    if report.age_s > max(SILENT_S, SILENT_PERIODS / rate_hz):
        why = report.error or "the driver does not return"
        return [Complaint(f"no picture for {report.age_s:.1f} s: {why}", severe=True)]
    found = []
    if report.identical > max(FROZEN_PICTURES, FROZEN_S * rate_hz):
        text = f"{report.identical} pictures in a row have the same pixels: is the camera frozen?"
        found.append(Complaint(text, severe=True))
    # A rate over less than two gaps says nothing.
    if report.frames > 3 and report.rate_hz < SLOW_SHARE * rate_hz:
        text = f"gives {report.rate_hz:.1f} pictures per second, expected {rate_hz:g}"
        found.append(Complaint(text, severe=False))
    return found
