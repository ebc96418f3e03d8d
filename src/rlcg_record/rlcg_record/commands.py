# SPDX-License-Identifier: Apache-2.0
"""The commands that this package adds to `rlcg`. What is heavy is imported when one runs."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rlcg_core.errors import RlcgError

Run = Callable[[argparse.Namespace], int]


def recover(words: Sequence[str]) -> int:
    """Make a complete bag out of one that was cut short."""
    parser = _parser("recover", recover)
    parser.add_argument("bag", type=Path, help="the bag: its folder or its MCAP file")
    parser.add_argument("--out", type=Path, help="folder of the new bag (default: BAG_recovered)")
    return _run(parser, words, _recover)


def replay(words: Sequence[str]) -> int:
    """Repeat every decision of a bag; report the first that differs by a bit."""
    parser = _parser("replay", replay)
    parser.add_argument("bag", type=Path, help="the bag: its folder or its MCAP file")
    parser.add_argument("--model", default="", help="compare with this model: a name or a bundle")
    parser.add_argument("--plan", default="", help="compare with this plan, as cpu-int8")
    parser.add_argument("--threads", type=int, default=0, help="of ONNX Runtime (default: 0, auto)")
    return _run(parser, words, _replay)


def dataset(words: Sequence[str]) -> int:
    """Turn bags or RLDS files into episodes for training, checked; or export those."""
    parser = _parser("dataset", dataset)
    parser.add_argument(
        "sources", type=Path, nargs="+", help="bags, folders of bags, or TFRecord files of RLDS"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the data set")
    parser.add_argument(
        "--format",
        choices=("episodes", "lerobot"),
        default="episodes",
        help="episodes: what training reads; lerobot: LeRobot's data set format v3.0",
    )
    parser.add_argument(
        "--fps", type=int, default=3, help="decisions per second, for LeRobot (default: 3)"
    )
    parser.add_argument(
        "--no-rewards",
        action="store_true",
        help="LeRobot: leave out rewards, and so take episodes too that nobody judged",
    )
    return _run(parser, words, _dataset)


def _recover(options: argparse.Namespace) -> int:
    from rlcg_record.reader import find_file
    from rlcg_record.recovery import recover as save

    folder = options.bag if options.bag.is_dir() else find_file(options.bag).parent
    done = save(options.bag, options.out or folder.with_name(f"{folder.name}_recovered"))
    state = "was cut short" if done.truncated else "was complete"
    print(f"{options.bag} {state}: {sum(done.counts.values())} messages are in {done.folder}")
    for topic, count in sorted(done.counts.items()):
        print(f"  {count:>7} {topic}")
    return 0


def _replay(options: argparse.Namespace) -> int:
    from rlcg_record.replay_command import replay_bag

    return replay_bag(options.bag, options.model, options.plan, options.threads)


def _dataset(options: argparse.Namespace) -> int:
    from rlcg_record.dataset_command import make_dataset

    return make_dataset(
        options.sources, options.out, options.format, options.fps, not options.no_rewards
    )


def _parser(name: str, command: Callable[..., int]) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"rlcg {name}", description=command.__doc__)


def _run(parser: argparse.ArgumentParser, words: Sequence[str], run: Run) -> int:
    """Run a command: 0 it is so, 1 it is not or something can be mended, 2 wrong words."""
    options = parser.parse_args(list(words))
    try:
        return run(options)
    except (RlcgError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
