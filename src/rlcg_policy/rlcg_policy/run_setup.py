# SPDX-License-Identifier: Apache-2.0
"""Begins a run, or goes on with one that was cut off."""

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path

from rlcg_core import protocol
from rlcg_core.errors import ConfigError
from rlcg_core.outcome_sources import parse_sources
from rlcg_core.protocol import Protocol
from rlcg_policy import journal
from rlcg_policy.evaluate_parameters import EvaluateParameters
from rlcg_policy.journal import Journal, Past, RunIdentity
from rlcg_policy.provenance import source_commit
from rlcg_policy.report.folder import RunFolder
from rlcg_policy.report.record import GraspRecord
from rlcg_policy.report.report import Report
from rlcg_policy.run_book import RunBook


def wanted_protocol(settings: EvaluateParameters) -> Protocol:
    """Return the protocol that the parameters ask for; raises `ConfigError`."""
    grasps = settings.grasps
    found = protocol.find(settings.protocol, grasps, settings.replacement)
    parse_sources(settings.outcome_sources)
    if len(set(settings.robots)) != len(settings.robots) or not settings.robots:
        raise ConfigError(
            f"robots is {list(settings.robots)}, expected one namespace per robot, each once"
        )
    if settings.backend == "robot" and settings.outcome_sources[0] == "simulator":
        raise ConfigError(
            "outcome_sources begins with simulator, but backend robot has none: name "
            "gripper_opening, image_difference or operator first"
        )
    return found


def open_book(
    settings: EvaluateParameters,
    models: Sequence[tuple[str, str]],
    on_record: Callable[[GraspRecord], None],
) -> tuple[RunBook, RunFolder]:
    """Return the book of a new run, or of the one to go on with, and its folder.

    ``models``: name and digest of what each robot's policy serves. Raises `ConfigError` when they
    differ, and when the run to go on with is another one.
    """
    wanted = wanted_protocol(settings)
    identity = _identity(settings, wanted, models)
    folder, past = _folder(settings, identity)
    log = Journal(folder.path / journal.FILE)
    book = RunBook(wanted, _report(past, wanted), folder, log, on_record)
    if settings.resume:
        log.cut_tail()
        book.go_on(past)
    else:
        log.head(identity, past.started, past.commit)
    return book, folder


def _folder(settings: EvaluateParameters, identity: RunIdentity) -> tuple[RunFolder, Past]:
    """Return the run's folder, new or found, and what its journal tells so far."""
    runs = Path(settings.run_directory).expanduser()
    if settings.resume:
        folder = RunFolder.resume(runs, settings.resume)
        past = journal.read(folder.path / journal.FILE)
        identity.check_same(past.identity)
        return folder, past
    folder = RunFolder.begin(runs, settings.backend, datetime.now())
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return folder, Past(identity, now, source_commit())


def _identity(
    settings: EvaluateParameters, wanted: Protocol, models: Sequence[tuple[str, str]]
) -> RunIdentity:
    if len(set(models)) != 1:
        told = ", ".join(f"{name} {digest}" for name, digest in models)
        raise ConfigError(
            f"the robots serve different models ({told}), expected one: a rate is of one model"
        )
    name, digest = models[0]
    return RunIdentity(
        protocol=wanted.name,
        grasps=wanted.grasps_per_round,
        objects_in_bin=wanted.objects_in_bin,
        replacement=wanted.replacement.value,
        robots=settings.robots,
        sources=settings.outcome_sources,
        objects=settings.objects,
        seed=settings.seed,
        backend=settings.backend,
        model=name,
        model_digest=digest,
        robot=settings.robot,
    )


def _report(past: Past, wanted: Protocol) -> Report:
    run = past.identity
    return Report(
        model=run.model,
        objects=run.objects,
        seed=run.seed,
        wanted=len(protocol.plan(wanted, len(run.robots), run.seed)),
        commit=past.commit,
        backend=run.backend,
        started=past.started,
        protocol=run.protocol,
        replacement=run.replacement,
        robots=run.robots,
        sources=run.sources,
        model_digest=run.model_digest,
        robot=run.robot,
    )
