# SPDX-License-Identifier: Apache-2.0
"""The manifest of a model bundle: everything that is known about a model besides its weights."""

from dataclasses import dataclass, field
from typing import Literal

from rlcg_core import spec
from rlcg_core.cem import CemSettings
from rlcg_core.errors import BundleError, ConfigError
from rlcg_core.regret import Regret
from rlcg_core.rule import RuleParameters

SCHEMA_VERSION = 2
# A search of QT-Opt has 2 x 64 samples of 8 numbers.
MOST_SAMPLES, MOST_VARIABLES = 10**5, 100
FULL_GRAPH = "policy.onnx"


@dataclass(frozen=True)
class ImageFormat:
    """What the graph's ``image`` input holds; ``crop`` is (top, left, height, width) [px]."""

    height_px: int = spec.IMAGE_HEIGHT_PX
    width_px: int = spec.IMAGE_WIDTH_PX
    encoding: str = spec.IMAGE_ENCODING
    crop: tuple[int, int, int, int] = (
        spec.CROP_TOP_PX,
        spec.CROP_LEFT_PX,
        spec.CROP_PX,
        spec.CROP_PX,
    )


@dataclass(frozen=True)
class Tensor:
    """One input or output of the graph: numpy dtype name and fixed shape, () for a number."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class CemStart:
    """Where a global search begins, in the order and units of the CEM variables."""

    mean0: tuple[float, ...]
    std0: tuple[float, ...]


@dataclass(frozen=True)
class ActionFields:
    """Which fields of the spec's action are learned and which a rule decides; a partition."""

    learned: tuple[str, ...]
    by_rule: tuple[str, ...]


@dataclass(frozen=True)
class CameraEnvelope:
    """The camera that the model was trained with, and how far another may be from it.

    ``intrinsics_px`` is K (3, 3), ``transform_camera_to_base`` (4, 4) in metres.
    """

    intrinsics_px: tuple[tuple[float, ...], ...]
    transform_camera_to_base: tuple[tuple[float, ...], ...]
    focal_tolerance: float = 0.05
    centre_tolerance_px: float = 20.0
    position_tolerance_m: float = 0.05
    rotation_tolerance_rad: float = 0.1


@dataclass(frozen=True)
class GraphForm:
    """One graph of the bundle: the same network in a precision, for a search of a size.

    ``weights_from``: the graph whose initializers complete this one, empty if it is complete.
    ``regret``: against the full float32 graph, on the bundle's stored frames; None for float32.
    """

    file: str
    precision: Literal["float32", "int8"]
    iterations: int
    samples: int
    weights_from: str = ""
    regret: Regret | None = None

    def __post_init__(self) -> None:
        _check_size(self.iterations, self.samples)

    @property
    def budget(self) -> tuple[int, int]:
        """Return (iterations, samples)."""
        return self.iterations, self.samples


@dataclass(frozen=True)
class Metric:
    """One measured quality: ``value`` over ``n`` trials under ``conditions``, 95% interval."""

    name: str
    value: float
    n: int
    interval_95: tuple[float, float]
    conditions: str


@dataclass(frozen=True)
class Training:
    """Where the model comes from: ``seeds`` and ``data`` by name, free text values."""

    commit: str
    started: str
    duration_s: float
    seeds: dict[str, str]
    data: dict[str, str]
    metrics: tuple[Metric, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """All of ``manifest.json``. ``files`` maps each other file of the bundle to its sha256.

    ``graphs``: the first is ``policy.onnx``, float32, of the size in ``cem``.
    """

    name: str
    image: ImageFormat
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    cem: CemSettings
    cem_start: CemStart
    action: ActionFields
    rule: RuleParameters | None
    camera: CameraEnvelope
    training: Training
    graphs: tuple[GraphForm, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    spec_fingerprint: str = field(default_factory=spec.fingerprint)
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        _check_size(self.cem.iterations, self.cem.samples, len(self.cem.variables))


def check(manifest: Manifest) -> Manifest:
    """Return the manifest if this version can serve it; raises `BundleError` naming the field."""
    _expect("schema_version", manifest.schema_version, SCHEMA_VERSION, "update rlcg or the bundle")
    _expect("spec_fingerprint", manifest.spec_fingerprint, spec.fingerprint(), "export it again")
    _expect("image", manifest.image, ImageFormat(), "export it for the spec's image")
    fields = manifest.action
    named = sorted(fields.learned + fields.by_rule)
    _expect("action.learned + action.by_rule", named, sorted(spec.ACTION_NAMES), "name each once")
    _expect("rule given", manifest.rule is not None, bool(fields.by_rule), "give rule parameters")
    for name, tensor in _tensors(manifest).items():
        _expect(f"inputs.{name}", manifest.inputs.get(name), tensor, "export the graph again")
    variables = len(manifest.cem.variables)
    lengths = [len(manifest.cem_start.mean0), len(manifest.cem_start.std0)]
    lengths += [len(manifest.rule.local_std)] if manifest.rule else []
    _expect("lengths of CEM starts", lengths, [variables] * len(lengths), "one per variable")
    missing = sorted({"action", "goal", "q", "mean", "std"} - set(manifest.outputs))
    _expect("outputs that are missing", missing, [], "export the graph again")
    _check_graphs(manifest)
    return manifest


def _check_graphs(manifest: Manifest) -> None:
    full = GraphForm(FULL_GRAPH, "float32", manifest.cem.iterations, manifest.cem.samples)
    _expect("graphs[0]", manifest.graphs[:1], (full,), "export the graph again")
    keys = [(form.precision, form.budget) for form in manifest.graphs]
    _expect("graphs of the same form", len(keys) - len(set(keys)), 0, "name each form once")
    complete = {form.file for form in manifest.graphs if not form.weights_from}
    donors = {form.weights_from for form in manifest.graphs if form.weights_from}
    _expect("weights_from beyond graphs", sorted(donors - complete), [], "export them again")


def _check_size(iterations: int, samples: int, variables: int = 1) -> None:
    """Raise `ConfigError` for a search whose noise no computer should be asked for."""
    size = iterations * samples
    if min(iterations, samples) < 1 or size > MOST_SAMPLES or variables > MOST_VARIABLES:
        raise ConfigError(
            f"a search has {iterations!r:.40} x {samples!r:.40} samples of {variables} numbers, "
            f"expected 1 to {MOST_SAMPLES} samples of at most {MOST_VARIABLES}"
        )


def _tensors(manifest: Manifest) -> dict[str, Tensor]:
    """Return the inputs that every graph must have, with the shapes that follow from CEM."""
    n = len(manifest.cem.variables)
    image = (spec.IMAGE_HEIGHT_PX, spec.IMAGE_WIDTH_PX, spec.IMAGE_CHANNELS)
    return {
        "image": Tensor("uint8", image),
        "cem_mean0": Tensor("float32", (n,)),
        "cem_std0": Tensor("float32", (n,)),
        "noise": Tensor("float32", manifest.cem.noise_shape),
    }


def _expect(name: str, found: object, expected: object, remedy: str) -> None:
    if found != expected:
        raise BundleError(f"manifest {name} is {found!s:.300}, expected {expected}: {remedy}")
