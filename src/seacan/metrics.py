"""What is counted and timed, in Prometheus' text format.

Source: prometheus.io, "Exposition formats", text version 0.0.4.
"""

import threading
import time
from bisect import bisect_left
from collections import Counter as Amounts
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Protocol

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
# Upper ends of a timer's buckets, in seconds. Source: Prometheus' default ones.
_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Family(Protocol):
    def lines(self) -> Iterator[str]:
        """Yield its lines: what it is, then its values."""


def text(families: Iterable[Family]) -> bytes:
    """Return what Prometheus reads."""
    return "".join(f"{line}\n" for family in families for line in family.lines()).encode()


def labels(values: Mapping[str, str]) -> str:
    """Return labels as the format has them: `a="b",c="d"`."""
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in values.items())


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _sample(name: str, among: str, value: float) -> str:
    return f"{name}{{{among}}} {value:.17g}" if among else f"{name} {value:.17g}"


class Counter:
    """Grows; one value for each set of labels."""

    def __init__(self, name: str, what: str, *known: str) -> None:
        """`known` are the sets of labels that are there from the beginning, as of `labels`."""
        self._name, self._what = name, what
        self._guard = threading.Lock()
        self._values: Amounts[str] = Amounts(dict.fromkeys(known, 0))

    def add(self, amount: int = 1, among: str = "") -> None:
        with self._guard:
            self._values[among] += amount

    def lines(self) -> Iterator[str]:
        with self._guard:
            values = sorted(self._values.items())
        yield from _head(self._name, self._what, "counter")
        for among, value in values:
            yield _sample(self._name, among, value)


class Gauge:
    """What is so now."""

    def __init__(
        self, name: str, what: str, values: Mapping[str, float], kind: str = "gauge"
    ) -> None:
        """`values` are by their labels."""
        self._name, self._what, self._kind = name, what, kind
        self._values = values

    def lines(self) -> Iterator[str]:
        yield from _head(self._name, self._what, self._kind)
        for among, value in self._values.items():
            yield _sample(self._name, among, value)


class Timer:
    """How long something took: of each value of one label, how often in which time."""

    def __init__(self, name: str, what: str, label: str, *known: str) -> None:
        """`known` are the label's values that are there from the beginning."""
        self._name, self._what, self._label = name, what, label
        self._guard = threading.Lock()
        self._buckets = {value: [0] * (len(_BUCKETS_S) + 1) for value in known}
        self._sums_s = dict.fromkeys(known, 0.0)

    def took(self, value: str, duration_s: float) -> None:
        with self._guard:
            buckets = self._buckets.setdefault(value, [0] * (len(_BUCKETS_S) + 1))
            buckets[bisect_left(_BUCKETS_S, duration_s)] += 1
            self._sums_s[value] = self._sums_s.get(value, 0.0) + duration_s

    @contextmanager
    def timed(self, value: str) -> Iterator[None]:
        """Time what is done within, unless it fails."""
        began = time.perf_counter()
        yield
        self.took(value, time.perf_counter() - began)

    def lines(self) -> Iterator[str]:
        with self._guard:
            found = [(v, [*b], self._sums_s[v]) for v, b in sorted(self._buckets.items())]
        yield from _head(self._name, self._what, "histogram")
        for value, buckets, sum_s in found:
            among, total = labels({self._label: value}), 0
            for end, count in zip((*map(str, _BUCKETS_S), "+Inf"), buckets, strict=True):
                total += count
                yield _sample(f"{self._name}_bucket", f'{among},le="{end}"', total)
            yield _sample(f"{self._name}_sum", among, sum_s)
            yield _sample(f"{self._name}_count", among, total)


def _head(name: str, what: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {what}"
    yield f"# TYPE {name} {kind}"
