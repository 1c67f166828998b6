"""Scores of the subsets of layers: F1 on all classes and on halves alone, kept on disk while they are computed.

Chance depends on the sizes of the clusters alone, so that one table serves all subsets.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classvec import settings
from classvec.artifacts import Extents, Float64, Provenance, content_key, load_arrays, save_arrays
from classvec.errors import InputError
from classvec.method.chance import expected_best_f1
from classvec.method.naming import ConceptNaming
from classvec.method.scores import adjusted

log = logging.getLogger(__name__)
SAVE_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class SubsetScores:
    """Every subset of some layers, ranked.

    Attributes:
        layers: Names of the layers, low to top.
        members: Which layers each subset has, of shape (n_subsets, n_layers), bool; best subset first.
        k: Numbers of clusters.
        f1: Mean best F1 over seeds, of shape (n_subsets, n_k).
        adjusted: The same with chance taken off, of shape (n_subsets, n_k); 0 where chance leaves less than
            .01 to gain.
        failed: Number of subsets left out because they could not be clustered.
        chosen: Mean adjusted F1 of the subset that does best on one half of the classes, clustered and named by itself;
            mean over splits of the classes into two halves, each once the one to choose on.
        held_out: That of the same subset on the other half, clustered and named by itself.
        typical: That of the middle subset on the other half.
        groups: Name of a layer group to its place, from 0.
    """

    layers: tuple[str, ...]
    members: NDArray[np.bool_]
    k: tuple[int, ...]
    f1: Float64
    adjusted: Float64
    failed: int
    chosen: float
    held_out: float
    typical: float
    groups: Mapping[str, int]

    @property
    def mean(self) -> Float64:
        """Mean adjusted F1 over k, by which the subsets are ranked, of shape (n_subsets,)."""
        mean: Float64 = self.adjusted.mean(axis=1)
        return mean

    def name(self, row: int) -> str:
        """Returns the layers of one subset in words."""
        return "+".join(name for name, has in zip(self.layers, self.members[row], strict=True) if has)


@dataclass(frozen=True)
class Judge:
    """Mean best F1 and its adjusted form, on all classes and on each half; every part has a naming of its own.

    Attributes:
        ranking: How to rank.
        parts: Which classes each part has; the first has all, then two halves for each split.
        namings: The concepts over each part.
        chance: For each part, the best F1 to expect of a random cluster of every size from 0, of shape (n_part + 1,).
    """

    ranking: settings.Subsets
    parts: list[NDArray[np.intp]]
    namings: list[ConceptNaming]
    chance: list[Float64]

    @classmethod
    def of(cls, extents: Extents, ranking: settings.Subsets) -> "Judge":
        """Splits the classes, and prepares a naming and a chance level for each part."""
        rng = np.random.default_rng(ranking.seed)
        n = len(extents.classes)
        parts = [np.arange(n)]
        for _ in range(ranking.splits):
            order = rng.permutation(n)
            parts += [np.sort(order[: n // 2]), np.sort(order[n // 2 :])]
        namings = [ConceptNaming(extents.of_classes(part)) for part in parts]
        chance = [expected_best_f1(naming, ranking.draws, ranking.seed) for naming in namings]
        return cls(ranking, parts, namings, chance)

    @property
    def width(self) -> int:
        """Number of values for each subset: F1 and adjusted F1 for each k, then the adjusted mean for each half."""
        return 2 * len(self.ranking.k) + len(self.parts) - 1

    def __call__(self, labels: Sequence[NDArray[np.int64]]) -> Float64:
        """Scores one subset, from labels for each part, of shape (n_k, n_seeds, n_part); returns shape (width,)."""
        (f1, over), *halves = [self._score(part, found) for part, found in enumerate(labels)]
        return np.concatenate([f1, over, [over.mean() for _, over in halves]])

    def _score(self, part: int, labels: NDArray[np.int64]) -> tuple[Float64, Float64]:
        """Returns mean best F1 and adjusted F1 for every k, from labels of shape (n_k, n_seeds, n_part)."""
        found = self.namings[part].best_and_sizes(labels)
        n_seeds = labels.shape[1]
        f1 = np.array([best.mean() for best, _ in found]).reshape(-1, n_seeds).mean(axis=1)
        chance = np.array([self.chance[part][sizes].mean() for _, sizes in found]).reshape(-1, n_seeds).mean(axis=1)
        over = np.array([adjusted(one, level) for one, level in zip(f1, chance, strict=True)])
        return f1, np.nan_to_num(over, nan=0.0)  # where chance leaves nothing to gain, nothing was gained

    def ranked(
        self, members: NDArray[np.bool_], values: Float64, layers: Sequence[str], groups: Mapping[str, Sequence[str]]
    ) -> SubsetScores:
        """Ranks the subsets.

        Args:
            members: Which layers each subset has, of shape (n_subsets, n_layers).
            values: Their scores, of shape (n_subsets, width).
            layers: Names of the layers.
            groups: Name of a layer group to its layers.
        """
        n_k = len(self.ranking.k)
        f1, over, halves = values[:, :n_k], values[:, n_k : 2 * n_k], values[:, 2 * n_k :]
        order = np.argsort(-over.mean(axis=1), kind="stable")
        members = members[order]
        place = {row.tobytes(): i for i, row in enumerate(members)}
        whole = {name: of_group for name, of_group in groups.items() if set(of_group) <= set(layers)}
        as_rows = {name: np.array([layer in of_group for layer in layers]) for name, of_group in whole.items()}
        first, second = halves[:, 0::2], halves[:, 1::2]
        seen, unseen = np.hstack([first, second]), np.hstack([second, first])  # each half is once the one looked at
        best = seen.argmax(axis=0)
        columns = np.arange(seen.shape[1])
        return SubsetScores(
            layers=tuple(layers),
            members=members,
            k=tuple(self.ranking.k),
            f1=f1[order],
            adjusted=over[order],
            failed=2 ** len(layers) - 1 - len(members),
            chosen=float(seen[best, columns].mean()),
            held_out=float(unseen[best, columns].mean()),
            typical=float(np.median(unseen, axis=0).mean()),
            groups={name: place[row.tobytes()] for name, row in as_rows.items() if row.tobytes() in place},
        )


class Kept:
    """What was measured so far, on disk every few seconds: 0 for still to do, 1 for done, -1 for left out."""

    def __init__(self, folders: Sequence[Path], content: Provenance, shape: tuple[int, int]) -> None:
        paths = [folder / "subsets" / f"{content_key(content)}.npz" for folder in folders]
        self._path, self._content = paths[-1], content
        self.state, self.values = np.zeros(shape[0], dtype=np.int8), np.full(shape, np.nan)
        for path in filter(Path.exists, paths):
            try:
                arrays, _ = load_arrays(path, ("state", "values"))
                self.state, self.values = arrays["state"].copy(), arrays["values"].copy()
            except InputError:
                log.warning("%s is damaged; ranking the subsets again", path)
        self._saved = time.monotonic()

    def put(self, row: int, values: Float64) -> None:
        """Keeps the scores of one subset."""
        self.values[row], self.state[row] = values, 1
        if time.monotonic() - self._saved > SAVE_SECONDS:
            self.save()

    def leave_out(self, row: int) -> None:
        """Marks one subset as skipped; the next ranking tries it again."""
        self.state[row] = -1

    def save(self) -> None:
        """Writes the scores to disk."""
        done = np.maximum(self.state, 0)  # what was left out is tried again
        save_arrays(self._path, {"state": done, "values": self.values}, self._content)
        self._saved = time.monotonic()
