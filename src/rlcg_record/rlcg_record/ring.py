# SPDX-License-Identifier: Apache-2.0
"""The last seconds of everything, in memory, for what only turns out later to matter."""

from collections import deque
from dataclasses import replace

from rlcg_record.sample import Sample


class Ring:
    """Keeps samples for ``max_age_s`` of monotonic time and up to ``max_bytes``.

    The newest message of a channel that is ``kept`` stays however old it is.
    """

    def __init__(self, max_age_s: float, max_bytes: int) -> None:
        self._max_age_s, self._max_bytes = max_age_s, max_bytes
        self._samples: deque[Sample] = deque()
        self._bytes = 0
        self._kept: dict[str, Sample] = {}

    def add(self, sample: Sample) -> None:
        """Take a sample, let go of what is too old or too much."""
        self._samples.append(sample)
        self._bytes += len(sample.data)
        if sample.channel.kept:
            self._kept[sample.channel.topic] = sample
        oldest_s = sample.arrival_s - self._max_age_s
        while self._samples[0].arrival_s < oldest_s or (
            self._bytes > self._max_bytes and len(self._samples) > 1
        ):
            self._bytes -= len(self._samples.popleft().data)

    def since(self, arrival_s: float, image_stamp_ns: int = 0) -> list[Sample]:
        """Return what arrived since then, or since the image with this stamp if that is older.

        Kept messages from before come first, logged at the time of the first sample.
        """
        first_s = arrival_s
        for sample in self._samples:
            if image_stamp_ns and sample.stamp_ns == image_stamp_ns:
                first_s = min(first_s, sample.arrival_s)
                break
        kept = [sample for sample in self._samples if sample.arrival_s >= first_s]
        if not kept:
            return []
        there = {sample.channel.topic for sample in kept}
        begin_ns = min(sample.log_ns for sample in kept)
        older = [s for topic, s in self._kept.items() if topic not in there]
        return [*(replace(sample, log_ns=begin_ns) for sample in older), *kept]
