"""How well concepts describe clusters, against chance."""

import csv
import json
import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from classvec.artifacts.files import Provenance, write_csv, write_json
from classvec.errors import InputError

HARDLY_ABOVE_CHANCE = 0.1
"""Adjusted F1 below which a clustering is hardly better than chance, however small its p."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """The quality of the clusterings with k clusters; F1 is the mean over clusters of the best F1, then over seeds.

    Attributes:
        k: Number of clusters.
        f1_mean: Mean over the seeds.
        f1_min: Smallest over the seeds.
        f1_max: Largest over the seeds.
        f1_weighted: Like f1_mean, but each cluster counts by its number of classes.
        f1_chance: Mean over draws with the same cluster sizes and the classes permuted.
        f1_chance_low: 2.5th percentile of the draws.
        f1_chance_high: 97.5th percentile of the draws.
        f1_adjusted: (f1_mean - f1_chance) / (1 - f1_chance); NaN where 1 - f1_chance < .01.
        p: Share of draws at least as good, the observed one counted as a draw.
        smallest: Number of classes in the smallest cluster, over all seeds.
        seeds_ari: Mean adjusted Rand index between seeds.
        seeds_ari_min: Smallest adjusted Rand index between two seeds.
    """

    k: int
    f1_mean: float
    f1_min: float
    f1_max: float
    f1_weighted: float
    f1_chance: float
    f1_chance_low: float
    f1_chance_high: float
    f1_adjusted: float
    p: float
    smallest: int
    seeds_ari: float
    seeds_ari_min: float


@dataclass(frozen=True, kw_only=True)
class Scores:
    """One row per k.

    Attributes:
        rows: Ascending in k.
        n_draws: Number of chance draws behind each row.
        provenance: That of the clusterings, with the ontology and the seed of the draws.
    """

    rows: tuple[Score, ...]
    n_draws: int
    provenance: Provenance = field(default_factory=dict)

    def at(self, k: int) -> Score:
        """Returns the row of one k.

        Raises:
            InputError: If there is none.
        """
        for row in self.rows:
            if row.k == k:
                return row
        raise InputError(f"no score for k = {k}: there are scores for {', '.join(str(row.k) for row in self.rows)}")

    def best(self) -> Score | None:
        """Returns the row with the best adjusted F1; None where it is defined for no k."""
        defined = [row for row in self.rows if not math.isnan(row.f1_adjusted)]
        return max(defined, key=lambda row: row.f1_adjusted, default=None)

    def caveat(self) -> str:
        """Returns a sentence where the clusters are hardly better than chance; empty where they are better."""
        best = self.best()
        if best is None:
            return "Adjusted F1 is defined for no k: chance leaves nothing to gain."
        if best.f1_adjusted >= HARDLY_ABOVE_CHANCE:
            return ""
        most = f"at most {best.f1_adjusted:.2f}, at k = {best.k}, p = {best.p:.2g}"
        return f"Adjusted F1 stays below {HARDLY_ABOVE_CHANCE:g} ({most}): hardly better than chance."

    def save(self, path: Path) -> None:
        """Writes ``scores.csv`` (a row per k) atomically, and the rest beside it as JSON."""
        write_csv(path, [asdict(row) for row in self.rows], [f.name for f in fields(Score)])
        write_json(path.with_suffix(".json"), {"n_draws": self.n_draws, "provenance": dict(self.provenance)})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            InputError: If a file is truncated or foreign.
        """
        types: dict[str, Any] = {f.name: f.type for f in fields(Score)}
        try:
            with path.open(newline="", encoding="utf-8") as file:
                table = csv.DictReader(file)
                if table.fieldnames != list(types):
                    raise InputError(f"{path} is no table of scores: its columns are {table.fieldnames}")
                rows = [Score(**{name: types[name](value) for name, value in row.items()}) for row in table]
            beside = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            return cls(rows=tuple(rows), n_draws=beside["n_draws"], provenance=beside["provenance"])
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} is no table of scores ({error})") from error
