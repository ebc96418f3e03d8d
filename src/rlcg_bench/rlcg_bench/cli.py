# SPDX-License-Identifier: Apache-2.0
"""`rlcg-bench`: policy step, simulator, image to command, learning; see --help."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rlcg_bench.section import Section
from rlcg_core.errors import RlcgError

Part = Callable[[argparse.Namespace], Section]
MODELS = Path("models")
MODEL, SMALL_MODEL = "robot1_qt_opt_distilled", "robot1_grasp_success"
OPENVINO_PYTHON = Path(".venv-openvino/bin/python")


def _policy(args: argparse.Namespace) -> Section:
    from rlcg_bench.policy import PolicySettings, measure
    from rlcg_core.bundle import find

    python = args.openvino_python
    if python is None:
        python = str(OPENVINO_PYTHON.absolute()) if OPENVINO_PYTHON.exists() else ""
    return measure(
        PolicySettings(
            find(args.model, MODELS),
            rounds=args.rounds,
            threads=args.threads,
            seed=args.seed,
            openvino_python=python,
        )
    )


def _simulator(args: argparse.Namespace) -> Section:
    from rlcg_bench.sim_speed import measure

    return measure()


def _latency(args: argparse.Namespace) -> Section:
    from rlcg_bench.latency import Setting, measure
    from rlcg_core.bundle import find

    models = dict.fromkeys((args.model, SMALL_MODEL))
    folders = [find(model, MODELS).resolve() for model in models]
    return measure([Setting(str(folder), args.frames) for folder in folders])


def _learning(args: argparse.Namespace) -> Section:
    from rlcg_bench.learning.contestants import Size
    from rlcg_bench.learning.throughput import measure

    if args.network == "paper":
        return measure(Size("paper", stored=4, episodes=1, batch=2), args.turns, args.seed)
    return measure(Size(), args.turns, args.seed)


PARTS: dict[str, tuple[Part, ...]] = {
    "policy": (_policy,),
    "sim": (_simulator,),
    "latency": (_latency,),
    "learning": (_learning,),
    "all": (_policy, _simulator, _latency, _learning),
}


def _measure(args: argparse.Namespace) -> int:
    """Measure, tell and write; return the exit code. What comes before a failure is kept."""
    from rlcg_bench import show
    from rlcg_bench.results import Results

    results = Results(sys.argv[1:])
    print(show.machine(results.machine, results.load_before))
    try:
        complete = _run_parts(args, results.sections)
    finally:
        if results.sections:
            print("\n".join(["", *map(str, results.write(args.run_directory))]))
    return 0 if complete else 130


def _run_parts(args: argparse.Namespace, sections: list[Section]) -> bool:
    """Add and print a section per part, to the first that was interrupted; return if none was."""
    from rlcg_bench import show

    for part in PARTS[args.part]:
        sections.append(part(args))
        print(f"\n{show.text(sections[-1])}", flush=True)
        if not sections[-1].complete:
            return False
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rlcg-bench", description=__doc__)
    parser.add_argument("part", choices=PARTS, nargs="?", default="all", help="default: all")
    parser.add_argument("--run-directory", type=Path, default=Path("runs"), help="default: runs")
    parser.add_argument("--model", default=MODEL, help=f"name or folder of a bundle ({MODEL})")
    parser.add_argument("--rounds", type=_positive, default=50, help="each a new frame (50)")
    parser.add_argument("--frames", type=_positive, default=1000, help="of latency (1000)")
    parser.add_argument("--turns", type=_positive, default=11, help="of each learner (11)")
    text = "that learns: small, or paper, which takes long (small)"
    parser.add_argument("--network", choices=("small", "paper"), default="small", help=text)
    parser.add_argument("--threads", type=_positive, default=1, help="of every variant (1)")
    parser.add_argument("--seed", type=int, default=1, help="of the order in the rounds (1)")
    parser.add_argument(
        "--openvino-python",
        help=f"interpreter with onnxruntime-openvino ({OPENVINO_PYTHON} if there; '' for none)",
    )
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}, expected a whole number of 1 or more")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; a user's mistake gives one line and exit code 1."""
    try:
        return _measure(_parser().parse_args(arguments))
    except RlcgError as error:
        print(f"rlcg-bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("rlcg-bench: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
