# SPDX-License-Identifier: Apache-2.0
"""How a run of training ends, and what its folder says of it afterwards."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from rlcg_core.errors import DataError


class DivergedError(DataError):
    """A loss or a weight is no number any more; the last good checkpoint is kept."""


class Notes(Protocol):
    """What is told how a run ended: `rlcg_train.run_folder.RunFolder`."""

    def end(self, state: str, note: str = "") -> None:
        """Take the state and the reason."""


def run_to_its_end(learn: Callable[[], bool], notes: Notes, folder: Path) -> str:
    """Learn, and note how it ended: finished, interrupted or diverged, which is returned.

    Args:
        learn: Learns until all is done (True) or it was asked to stop (False).
        notes: Told how it ended, however that is.
        folder: The run's, for messages.

    Raises:
        DataError: The folder cannot be written.
    """
    try:
        ended = "finished" if learn() else "interrupted"
    except DivergedError as error:
        notes.end("diverged", str(error))
        return "diverged"
    except OSError as error:
        notes.end("interrupted", str(error))
        raise DataError(
            f"{folder} cannot be written ({error}): the last checkpoint is kept; "
            "mend that and start again"
        ) from error
    except BaseException as error:
        notes.end("interrupted", f"{type(error).__name__}: {error}")
        raise
    notes.end(ended)
    return ended
