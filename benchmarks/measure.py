"""Measuring side by side: repetitions of all competitors take turns, so that a busy minute hits each of them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        name: What was measured.
        ours: Seconds (or GB) of classvec.
        other: The same of what it is compared with; NaN where there is no such thing.
        against: What it is compared with, in words.
        ratio: The number that the target is about.
        target: Words such as ``>= 0.92``; empty where there is none.
        unit: Unit of ``ours`` and ``other``.
        details: Everything else that was measured, as JSON values.
    """

    name: str
    ours: float
    other: float
    against: str
    ratio: float
    target: str = ""
    unit: str = "s"
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the ratio meets the target; None where there is none."""
        if not self.target:
            return None
        sign, bound = self.target.split()
        return self.ratio >= float(bound) if sign == ">=" else self.ratio <= float(bound)


def fastest(competitors: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Times functions in turns.

    Args:
        competitors: Name to function; one that returns a float has measured itself, in seconds.
        repeats: How often each of them runs.

    Returns:
        Name to the least seconds: what else the machine does only ever adds.
    """
    seconds: dict[str, list[float]] = {name: [] for name in competitors}
    for _ in range(repeats):
        for name, run in competitors.items():
            start = time.perf_counter()
            measured = run()
            elapsed = time.perf_counter() - start
            seconds[name].append(measured if isinstance(measured, float) else elapsed)
    return {name: min(values) for name, values in seconds.items()}


def table(rows: Sequence[Row], skipped: Mapping[str, str]) -> str:
    """Returns a Markdown table, and a line for each row that could not be measured."""
    lines = ["| what | classvec | compared with | | ratio | target | |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        verdict = {True: "met", False: "missed", None: ""}[row.met]
        other = "" if row.other != row.other else f"{row.other:.3g} {row.unit}"
        lines.append(
            f"| {row.name} | {row.ours:.3g} {row.unit} | {row.against} | {other} | {row.ratio:.3g} | {row.target} "
            f"| {verdict} |"
        )
    return "\n".join(lines + [f"\nNot measured: {name}: {why}" for name, why in skipped.items()])
