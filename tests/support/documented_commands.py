# SPDX-License-Identifier: Apache-2.0
"""The command lines in a Markdown page: every one that names a program of ours or of ROS 2."""

import re
import shlex
from collections.abc import Iterator

PROGRAMS = ("ros2", "rlcg", "rlcg-train", "rlcg-bench", "make", "pytest", "python", "python3")
# What may stand before a program without being checked.
BEFORE = {"chrt": 2, "env": 0, "timeout": 1, "nice": 0}

Words = list[str]


def command_lines(page: str) -> Iterator[tuple[int, Words]]:
    """Yield number of the line and words of each command; comments and substitutions are gone."""
    fenced = False
    held, begun = "", 0
    for number, line in enumerate(page.splitlines(), start=1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced:
            begun = begun if held else number
            held += line
            if held.endswith("\\"):
                held = held[:-1] + " "
                continue
            yield from ((begun, words) for words in commands_of(held))
            held = ""
        else:
            for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", line):
                yield from ((number, words) for words in commands_of(span))


def commands_of(line: str) -> Iterator[Words]:
    """Yield the commands of a line that a shell would carry out one after the other."""
    plain = re.sub(r"\$\([^)]*\)", "SUBSTITUTED", line)
    for part in re.split(r"&&|;|\|\|?", _outside_quotes(plain)):
        try:
            words = shlex.split(part.replace("\0", ";"), comments=True)
        except ValueError:  # prose with an apostrophe
            continue
        words = _without_prefix(words)
        if len(words) > 1 and words[0] in PROGRAMS:
            yield words


def _outside_quotes(line: str) -> str:
    """Return the line with the semicolons inside quotes out of the way."""
    return re.sub(r"'[^']*'|\"[^\"]*\"", lambda found: found[0].replace(";", "\0"), line)


def _without_prefix(words: Words) -> Words:
    while words and (words[0] in BEFORE or re.fullmatch(r"[A-Z_]+=.*", words[0])):
        left = words[1 + BEFORE.get(words[0], 0) :]
        words = [word for word in left[:1] if not word.startswith("-")] + left[1:]
    return words
