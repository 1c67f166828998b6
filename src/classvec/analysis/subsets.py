"""All subsets of some layers, ranked by how well concepts describe their clusters.

No layer is looked at twice: the similarity over a subset follows from one matrix per layer. Chance depends on the sizes
of the clusters alone, so that one table serves all subsets. The best of hundreds is better than it would be on other
classes: how much is told by choosing it on one half of the classes and measuring it on the other. (The clusters are
those of all classes; halves of them are named and scored.)
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classvec import settings
from classvec.artifacts import (
    Clusterings,
    Extents,
    Float64,
    Provenance,
    Similarity,
    SubsetScores,
    load_arrays,
    save_arrays,
)
from classvec.errors import InputError
from classvec.labelling import ConceptNaming, adjusted
from classvec.progress import ImageBar
from classvec.sources import package_hash

log = logging.getLogger(__name__)
MOST_LAYERS = 12
SAVE_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class SubsetRanking(settings.Subsets):
    """Ranks all subsets of some layers."""

    def check(self, layers: Sequence[str], n_classes: int) -> None:
        """Refuses what cannot be ranked, before anything is computed.

        Raises:
            InputError: If there are too many layers, or a k does not fit the number of classes.
        """
        if len(layers) > MOST_LAYERS:
            raise InputError(
                f"layers=subsets with {len(layers)} layers means {2 ** len(layers) - 1:,} subsets: wanted at most "
                f"{MOST_LAYERS} layers; name fewer with layers.names=[...]"
            )
        if 2 * max(self.k) > n_classes:
            raise InputError(
                f"layers.subsets.k={list(self.k)}: expected numbers from 2 to half of the {n_classes} classes"
            )

    def __call__(
        self,
        combine: Callable[[Sequence[str]], Similarity],
        cluster: Callable[[Similarity], Clusterings],
        layers: Sequence[str],
        groups: Mapping[str, Sequence[str]],
        extents: Extents,
        provenance: Provenance,
        folder: Path,
    ) -> SubsetScores:
        """Ranks all subsets; what was measured is kept in the folder, so that a ranking that was killed goes on.

        Args:
            combine: Layers to the likeness of the classes over them.
            cluster: Clusters a matrix, for this ranking's k and seeds.
            layers: The layers, low to top.
            groups: Name of a group to its layers.
            extents: The concepts over the classes.
            provenance: Everything else that the scores depend on, as JSON values.
            folder: Where to keep what was measured.

        Raises:
            InputError: If no subset can be clustered.
        """
        judge = _Judge.of(extents, self)
        members = np.array([[name in chosen for name in layers] for chosen in _subsets(layers)])
        content = {
            **provenance,
            "subsets of": list(layers),
            "k": list(self.k),
            "seeds": list(self.seeds),
            "draws": [self.draws, self.splits, self.seed],
            "classes": list(extents.classes),
            "concepts": _hash(extents),
            "code": package_hash(),
        }
        kept = _Kept(folder, content, (len(members), judge.width))
        with ImageBar(f"all subsets of {len(layers)} layers", len(members), "subsets") as bar:
            bar.advance(int((kept.state != 0).sum()))
            for row in np.flatnonzero(kept.state == 0):
                names = [name for name, has in zip(layers, members[row], strict=True) if has]
                try:
                    kept.put(int(row), judge(cluster(combine(names)).labels))
                except InputError as error:
                    log.warning("%s left out: %s", "+".join(names), error)
                    kept.leave_out(int(row))
                bar.advance(1, "+".join(names))
        kept.save()
        if not (kept.state > 0).any():
            raise InputError("no subset of the layers can be clustered: try metric=centred")
        return judge.ranked(members[kept.state > 0], kept.values[kept.state > 0], layers, groups)


def _hash(extents: Extents) -> str:
    """Returns a hash of the concepts and of the classes under each."""
    content = [extents.concepts, extents.names, [under.tolist() for under in extents.under]]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _subsets(layers: Sequence[str]) -> list[tuple[str, ...]]:
    return [chosen for size in range(1, len(layers) + 1) for chosen in combinations(layers, size)]


@dataclass(frozen=True)
class _Judge:
    """Mean best F1 and its adjusted form, on all classes and on halves of them; every part has a naming of its own.

    Attributes:
        ranking: How to rank.
        parts: Which classes each part has; the first has all, then two halves for each split.
        namings: The concepts over each part.
        chance: For each part, the best F1 to expect of a random cluster of every size from 0, of shape (n_part + 1,).
    """

    ranking: SubsetRanking
    parts: list[NDArray[np.intp]]
    namings: list[ConceptNaming]
    chance: list[Float64]

    @classmethod
    def of(cls, extents: Extents, ranking: SubsetRanking) -> "_Judge":
        rng = np.random.default_rng(ranking.seed)
        n = len(extents.classes)
        parts = [np.arange(n)]
        for _ in range(ranking.splits):
            order = rng.permutation(n)
            parts += [np.sort(order[: n // 2]), np.sort(order[n // 2 :])]
        namings = [ConceptNaming(extents.of_classes(part)) for part in parts]
        chance = [naming.expected_best_f1(ranking.draws, ranking.seed) for naming in namings]
        return cls(ranking, parts, namings, chance)

    @property
    def width(self) -> int:
        """Number of values for each subset: F1 and adjusted F1 for each k, then the adjusted mean for each half."""
        return 2 * len(self.ranking.k) + len(self.parts) - 1

    def __call__(self, labels: NDArray[np.int64]) -> Float64:
        f1, over = self._score(0, labels)
        halves = [self._score(part, labels)[1].mean() for part in range(1, len(self.parts))]
        return np.concatenate([f1, over, halves])

    def _score(self, part: int, labels: NDArray[np.int64]) -> tuple[Float64, Float64]:
        """Returns mean best F1 and adjusted F1 for every k, from labels of shape (n_k, n_seeds, n_classes)."""
        found = self.namings[part].best_and_sizes(labels[:, :, self.parts[part]])
        n_seeds = labels.shape[1]
        f1 = np.array([best.mean() for best, _ in found]).reshape(-1, n_seeds).mean(axis=1)
        chance = np.array([self.chance[part][sizes].mean() for _, sizes in found]).reshape(-1, n_seeds).mean(axis=1)
        over = np.array([adjusted(one, level) for one, level in zip(f1, chance, strict=True)])
        return f1, np.nan_to_num(over, nan=0.0)  # where chance leaves nothing to gain, nothing was gained

    def ranked(
        self, members: NDArray[np.bool_], values: Float64, layers: Sequence[str], groups: Mapping[str, Sequence[str]]
    ) -> SubsetScores:
        n_k = len(self.ranking.k)
        f1, over, halves = values[:, :n_k], values[:, n_k : 2 * n_k], values[:, 2 * n_k :]
        order = np.argsort(-over.mean(axis=1), kind="stable")
        members = members[order]
        place = {row.tobytes(): i for i, row in enumerate(members)}
        whole = {name: of_group for name, of_group in groups.items() if set(of_group) <= set(layers)}
        wanted = {name: np.array([layer in of_group for layer in layers]) for name, of_group in whole.items()}
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
            groups={name: place[row.tobytes()] for name, row in wanted.items() if row.tobytes() in place},
        )


class _Kept:
    """What was measured so far, on disk every few seconds: 0 for still to do, 1 for done, -1 for left out."""

    def __init__(self, folder: Path, content: Provenance, shape: tuple[int, int]) -> None:
        key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
        self._path, self._content = folder / f"{key}.npz", content
        self.state, self.values = np.zeros(shape[0], dtype=np.int8), np.full(shape, np.nan)
        if self._path.exists():
            try:
                arrays, _ = load_arrays(self._path)
                self.state, self.values = arrays["state"].copy(), arrays["values"].copy()
            except (InputError, KeyError):
                log.warning("%s is truncated; ranking the subsets anew", self._path)
        self._saved = time.monotonic()

    def put(self, row: int, values: Float64) -> None:
        self.values[row], self.state[row] = values, 1
        if time.monotonic() - self._saved > SAVE_SECONDS:
            self.save()

    def leave_out(self, row: int) -> None:
        self.state[row] = -1

    def save(self) -> None:
        done = np.maximum(self.state, 0)  # what was left out is tried again
        save_arrays(self._path, {"state": done, "values": self.values}, self._content)
        self._saved = time.monotonic()
