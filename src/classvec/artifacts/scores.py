"""How well concepts describe clusters, against chance."""

import csv
import json
import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from classvec.artifacts.files import Provenance, json_number, write_csv, write_json
from classvec.artifacts.p_values import SIGNIFICANT, p_cell, p_value, p_words, rounded
from classvec.errors import InputError
from classvec.settings import CLASSES_PER_CLUSTER, Analysis

BANDS = "Coloured bands are 95% intervals"
"""How pictures and pages show intervals."""
INTERVAL = "95% interval"
"""Name of a column of intervals over classes."""
HARDLY_ABOVE_CHANCE = 0.1
"""Adjusted F1 below which a clustering is hardly better than chance, however small its p."""


def adjusted_cell(adjusted: float) -> str:
    """Returns an adjusted F1 for a table: two decimals, or as many as tell it from the limit; empty for NaN."""
    return "" if math.isnan(adjusted) else rounded(adjusted, HARDLY_ABOVE_CHANCE, "z.2f", "z.3f", "z.6f")


def interval_cell(low: float, high: float) -> str:
    """Returns a 95% interval for a table, such as ``[0.84, 0.91]``; empty for NaN."""
    return "" if math.isnan(low) else f"[{low:z.2f}, {high:z.2f}]"


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
        p: Share of draws at least as good, the observed one counted as a draw; of this k alone, see `Scores.curve_p`.
        smallest: Number of classes in the smallest cluster, over all seeds.
        seeds_ari: Mean adjusted Rand index between seeds.
        seeds_ari_min: Smallest adjusted Rand index between two seeds.
        f1_low: Lower end of the 95% interval of f1_mean over classes; NaN without half-samples.
        f1_high: Upper end.
        f1_adjusted_low: Lower end of the interval of f1_adjusted.
        f1_adjusted_high: Upper end.
        f1_ontology: f1_mean of the clusters that the ontology's own path similarity gives; NaN if it was not clustered.
        f1_ontology_adjusted: Their f1_adjusted.
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
    f1_low: float = math.nan
    f1_high: float = math.nan
    f1_adjusted_low: float = math.nan
    f1_adjusted_high: float = math.nan
    f1_ontology: float = math.nan
    f1_ontology_adjusted: float = math.nan


@dataclass(frozen=True, kw_only=True)
class Scores:
    """One row per k.

    Attributes:
        rows: Ascending in k.
        n_draws: Number of chance draws behind each row.
        curve_p: Share of draws whose largest adjusted F1 over k is at least as large, the observed curve counted as a
            draw; NaN where adjusted F1 is defined for no k.
        n_half_samples: Number of half-samples of the classes behind the intervals; 0 if there are none.
        mean_margin: Half the width of the 95% interval of `mean_adjusted`; NaN without half-samples.
        provenance: That of the clusterings, with the ontology and the seed of the draws.
    """

    rows: tuple[Score, ...]
    n_draws: int
    curve_p: float = math.nan
    n_half_samples: int = 0
    mean_margin: float = math.nan
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

    def cells(self, k: int) -> list[tuple[str, str]]:
        """Returns name and cell of each column of one k for a table; intervals and the ontology's level if known."""
        row = self.at(k)
        has_ontology = any(not math.isnan(known.f1_ontology) for known in self.rows)
        columns = [
            ("mean F1", f"{row.f1_mean:.3f}", True),
            (INTERVAL, interval_cell(row.f1_low, row.f1_high), self.n_half_samples > 0),
            ("chance", f"{row.f1_chance:.3f}", True),
            ("ontology", f"{row.f1_ontology:.3f}", has_ontology),
            ("adjusted", adjusted_cell(row.f1_adjusted), True),
            (INTERVAL, interval_cell(row.f1_adjusted_low, row.f1_adjusted_high), self.n_half_samples > 0),
            ("p", p_cell(row.p, self.n_draws), True),
        ]
        return [(name, cell) for name, cell, is_known in columns if is_known]

    @property
    def mean_adjusted(self) -> float:
        """Mean of adjusted F1 over the k where it is defined; NaN where there is none."""
        defined = [row.f1_adjusted for row in self.rows if not math.isnan(row.f1_adjusted)]
        return sum(defined) / len(defined) if defined else math.nan

    @property
    def mean_interval(self) -> str:
        """The 95% interval of `mean_adjusted` as it is printed; empty without half-samples."""
        return interval_cell(self.mean_adjusted - self.mean_margin, self.mean_adjusted + self.mean_margin)

    def intervals(self, shown: str = "95% intervals") -> str:
        """Returns what the intervals are, or how to get some, in a sentence.

        Args:
            shown: How they are shown.
        """
        if not self.n_half_samples:
            fits = f"{2 * CLASSES_PER_CLUSTER} to {Analysis.most_classes:,} classes"
            return f"No 95% intervals over classes: analysis.half_samples=50 adds them to runs of {fits}."
        samples = f"{self.n_half_samples} half-samples of the classes"
        known = [row.k for row in self.rows if not math.isnan(row.f1_low)]
        if len(known) < len(self.rows):
            samples += (
                f"; for k up to {max(known, default=0)}, with {CLASSES_PER_CLUSTER} classes or more for each cluster"
            )
        return f"{shown} over the choice of classes: what other classes of this kind give on average ({samples})."

    def headline(self) -> str:
        """Returns a sentence with the best adjusted F1, its p and the mean over k; empty where it is undefined."""
        best = self.best()
        if best is None:
            return ""
        if len(self.rows) == 1:
            return f"Adjusted F1 {adjusted_cell(best.f1_adjusted)}, {p_words(self.curve_p, self.n_draws)}."
        found = f"Best adjusted F1 {adjusted_cell(best.f1_adjusted)} at k = {best.k}"
        tested = f"{p_words(self.curve_p, self.n_draws)} (of the largest over all k)"
        mean = f"mean over k {adjusted_cell(self.mean_adjusted)} {self.mean_interval}".rstrip()
        return f"{found}, {tested}; {mean}."

    def caveat(self) -> str:
        """Returns what a reader should know first where the clusters are hardly better than chance, or may be chance.

        Returns:
            One or two sentences; empty where there is nothing to say.
        """
        best = self.best()
        if best is None:
            return "Adjusted F1 is defined for no k: chance leaves nothing to gain."
        said = []
        if p_value(0, self.n_draws) > SIGNIFICANT:
            few = f"{self.n_draws} draws are too few to tell the curve from chance"
            said.append(f"{few}: set chance.draws to {round(1 / SIGNIFICANT) - 1} or more.")
        elif self.curve_p > SIGNIFICANT:
            said.append(
                f"Permuted classes reach the best adjusted F1 of this curve too: {p_words(self.curve_p, self.n_draws)}."
            )
        elif not_sure := [str(row.k) for row in self.rows if row.p > SIGNIFICANT]:
            said.append(f"At k = {', '.join(not_sure)} F1 cannot be told from chance (p > {SIGNIFICANT:g}).")
        if best.f1_adjusted < HARDLY_ABOVE_CHANCE:
            most = f"at most {adjusted_cell(best.f1_adjusted)}, at k = {best.k}"
            said.append(f"Adjusted F1 stays below {HARDLY_ABOVE_CHANCE:g} ({most}): hardly better than chance.")
        return " ".join(said)

    def save(self, path: Path) -> None:
        """Writes ``scores.csv`` (a row per k) atomically, and the rest beside it as JSON."""
        write_csv(path, [asdict(row) for row in self.rows], [f.name for f in fields(Score)])
        beside = {
            "n_draws": self.n_draws,
            "curve_p": json_number(self.curve_p),
            "n_half_samples": self.n_half_samples,
            "mean_margin": json_number(self.mean_margin),
            "provenance": dict(self.provenance),
        }
        write_json(path.with_suffix(".json"), beside)

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
                if set(table.fieldnames or ()) < set(types):
                    raise InputError(f"{path} was written by an earlier version: run evaluate.py again")
                if table.fieldnames != list(types):
                    raise InputError(f"{path} is no table of scores: its columns are {table.fieldnames}")
                rows = [Score(**{name: types[name](value) for name, value in row.items()}) for row in table]
            beside = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            return cls(
                rows=tuple(rows),
                n_draws=beside["n_draws"],
                curve_p=_number(beside["curve_p"]),
                n_half_samples=beside["n_half_samples"],
                mean_margin=_number(beside["mean_margin"]),
                provenance=beside["provenance"],
            )
        except KeyError as error:
            raise InputError(f"{path} lacks {error}, as those of an earlier version: run evaluate.py again") from error
        except (ValueError, TypeError) as error:
            raise InputError(f"{path} is no table of scores ({error})") from error


def _number(value: float | None) -> float:
    """Reads what `json_number` wrote: null stands for NaN."""
    return math.nan if value is None else float(value)
