# SPDX-License-Identifier: Apache-2.0
"""What policy_node's diagnostics say of its model, its loop and its camera."""

from rlcg_core.camera import CameraModel
from rlcg_core.camera_envelope import misfit
from rlcg_core.freshness import Problem
from rlcg_core.health import Health, Level
from rlcg_core.manifest import Manifest
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_policy.step_meter import StepMeter


def model_health(policy: OnnxPolicy) -> Health:
    """Return which plan serves, what is known of each, and a warning if one is missed."""
    manifest, plans = policy.manifest, policy.plans
    values = {
        "model": manifest.name,
        "spec": manifest.spec_fingerprint,
        "asked for": plans.asked,
        **{f"plan {name}": line for name, line in plans.table().items()},
    }
    if policy.serving is None:
        return Health(Level.ERROR, f"no plan serves: {'; '.join(plans.warnings)}", values)
    serving = str(policy.serving)
    if plans.warnings:
        return Health(Level.WARN, f"{serving}, but {'; '.join(plans.warnings)}", values)
    return Health(Level.OK, serving, values)


def loop_health(meter: StepMeter, running: bool, wanted_hz: float) -> Health:
    """Return what the steps of the newest episode took, and a warning if that is too slow.

    ``wanted_hz`` 0: lock-step, where the world waits and no rate is wanted.
    """
    values = {"running": running, "lockstep": not wanted_hz, **meter.summary()}
    complaint = meter.complaint(wanted_hz) if wanted_hz else ""
    return Health(Level.WARN if complaint else Level.OK, complaint or "keeps its rate", values)


def camera_health(
    problem: Problem | None, camera: CameraModel | None, manifest: Manifest
) -> Health:
    """Return whether there is a picture, by the camera that the model was trained with."""
    if problem is not None:
        return Health(Level.ERROR, problem.text)
    if camera is None:
        return Health(Level.STALE, "no camera_info received yet")
    text = misfit(camera, manifest.camera)
    if text:
        return Health(Level.WARN, f"not the camera that the model was trained with: {text}")
    return Health(Level.OK, "calibrated as in training")
