# SPDX-License-Identifier: Apache-2.0
"""The one exception family: every message says what was found, what was expected, what to do."""


class RlcgError(Exception):
    """Base of all errors that a user can cause or mend."""


class SpecError(RlcgError, ValueError):
    """A value does not fit the action or observation spec (name, shape, dtype, bounds)."""


class InputError(RlcgError, ValueError):
    """Sensor input that must not be acted on (wrong size, encoding, joint name, non-finite)."""


class BundleError(RlcgError):
    """A model bundle that must not be served (missing, tampered, other spec, golden mismatch)."""


class ConfigError(RlcgError, ValueError):
    """A parameter or command-line value out of its range, or a combination that cannot work."""


class KinematicsError(RlcgError):
    """A pose that the arm cannot reach within its limits, or a robot description that misfits."""


class WorldError(RlcgError):
    """The simulated or mocked cell cannot do what was asked (bin never settles, no renderer)."""


class DataError(RlcgError):
    """A stored episode file that is incomplete, of another spec, or from another renderer."""
