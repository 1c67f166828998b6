"""What travels between the rooms: frozen dataclasses, each with its provenance, each saved whole or not at all."""

import csv
import json
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from classvec.errors import InputError

Provenance = Mapping[str, Any]
"""Where an artifact comes from: plain JSON values."""

Float64 = NDArray[np.float64]


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Opens a file that appears under its name only once it is complete.

    Args:
        path: The file; its folder is made if it is missing.

    Yields:
        A binary file to write to. If the block raises, nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Holds a folder for writing; waits while another process does, and says so.

    Args:
        folder: The folder; its lock is a file beside it.
    """
    from filelock import FileLock, Timeout

    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{folder}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logging.getLogger(__name__).info("another process is writing %s: waiting for it", folder)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def write_text(path: Path, text: str) -> None:
    """Writes a text file atomically, in UTF-8."""
    with atomic_write(path) as file:
        file.write(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file atomically, with sorted keys so that equal values are equal bytes."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], provenance: Provenance) -> None:
    """Writes arrays and their provenance as one ``.npz`` file, without pickle."""
    with atomic_write(path) as file:
        np.savez(file, allow_pickle=False, provenance=np.array(json.dumps(dict(provenance), sort_keys=True)), **arrays)


def load_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], Provenance]:
    """Reads what `save_arrays` wrote.

    Raises:
        InputError: If the file is truncated or not one of ours.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return arrays, json.loads(str(arrays.pop("provenance")))
    except (ValueError, KeyError, EOFError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise InputError(
            f"{path} is truncated or was not written by classvec ({error}): delete it to make it anew"
        ) from error
    except Exception as error:
        from zipfile import BadZipFile

        if not isinstance(error, BadZipFile):
            raise
        raise InputError(f"{path} is truncated ({error}): delete it to make it anew") from error


def read_array(path: Path) -> NDArray[Any]:
    """Opens a ``.npy`` file as a memory map, without pickle.

    Raises:
        InputError: If the file is missing, truncated or no array.
    """
    try:
        values: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except PermissionError:
        raise
    except Exception as error:  # of a damaged header NumPy's parser raises nearly anything
        raise InputError(f"{path} is truncated or foreign ({error}): delete it to make it anew") from error
    return values


@dataclass(frozen=True, kw_only=True)
class LayerBlock:
    """One layer's part of every class vector.

    Attributes:
        name: Name of the layer.
        path: Path of the module whose output it is.
        unit: Class means divided by their own L2 norm, of shape (n_classes, n_features), float32, memory-mapped.
        norms: L2 norms of the class means, of shape (n_classes,), float64.
        sums: Sums of each class mean's features, of shape (n_classes,), float64.
        halves: Unit means of two random halves of each class's images, of shape (2, n_classes, n_features), float32;
            None unless the store was made with halves. Zeros for a class of one image.
        half_norms: Their norms, of shape (2, n_classes), float64.
    """

    name: str
    path: str
    unit: NDArray[np.float32]
    norms: Float64
    sums: Float64
    halves: NDArray[np.float32] | None = None
    half_norms: Float64 | None = None

    @property
    def n_features(self) -> int:
        """Number of features of the layer."""
        return int(self.unit.shape[1])


@dataclass(frozen=True, kw_only=True)
class ClassVectors:
    """The mean activations of every class, layer by layer (paper, section 3.2).

    Attributes:
        classes: Synset ids, of shape (n_classes,).
        n_images: Number of images behind each class, of shape (n_classes,).
        layers: Layer name to block, low to top.
        provenance: Network, weights hash, transform, image list hash, batch size, versions.
        path: Folder of the store they were read from.
    """

    classes: tuple[str, ...]
    n_images: NDArray[np.int64]
    layers: Mapping[str, LayerBlock]
    provenance: Provenance
    path: Path

    @property
    def n_features(self) -> int:
        """Number of features of a whole class vector."""
        return sum(block.n_features for block in self.layers.values())


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """How alike, or how far apart, every two classes are.

    Attributes:
        values: Of shape (n_classes, n_classes), float64, symmetric; on the diagonal 1, or 0 for distances.
        classes: Synset ids, of shape (n_classes,).
        metric: Name of the metric, such as ``cosine``.
        kind: ``similarity`` (larger is more alike), ``centred`` (a similarity whose negative values mean unlike), or
            ``distance``.
        layers: Names of the layers behind it.
        provenance: That of the class vectors, with metric and layers.
    """

    values: Float64
    classes: tuple[str, ...]
    metric: str
    layers: tuple[str, ...]
    provenance: Provenance
    kind: str = "similarity"

    @property
    def likeness(self) -> Float64:
        """Values that grow with likeness, whatever the kind: a distance counts negative."""
        return -self.values if self.kind == "distance" else self.values

    @property
    def distances(self) -> Float64:
        """Values that grow with unlikeness: a similarity s becomes 1 - s."""
        return self.values if self.kind == "distance" else 1.0 - self.values

    def save(self, path: Path) -> None:
        """Writes one ``.npz`` file atomically."""
        arrays = {"values": self.values, "classes": np.array(self.classes), "layers": np.array(self.layers)}
        save_arrays(path, arrays, {**self.provenance, "metric": self.metric, "kind": self.kind})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            InputError: If the file is truncated or foreign.
        """
        arrays, provenance = load_arrays(path)
        return cls(
            values=arrays["values"],
            classes=tuple(map(str, arrays["classes"])),
            metric=str(provenance["metric"]),
            kind=str(provenance["kind"]),
            layers=tuple(map(str, arrays["layers"])),
            provenance=provenance,
        )


@dataclass(frozen=True, kw_only=True)
class Clusterings:
    """The cluster of every class, for every k and seed.

    Attributes:
        labels: Cluster numbers, of shape (n_k, n_seeds, n_classes), int64.
        k: Numbers of clusters, of shape (n_k,).
        seeds: Seeds of the k-means starts, of shape (n_seeds,).
        classes: Synset ids, of shape (n_classes,).
        agreement: Adjusted Rand index between every two seeds, of shape (n_k, n_seeds, n_seeds), float64.
        provenance: That of the similarity, with method and affinity.
    """

    labels: NDArray[np.int64]
    k: tuple[int, ...]
    seeds: tuple[int, ...]
    classes: tuple[str, ...]
    agreement: Float64
    provenance: Provenance

    def medoid(self, k: int) -> int:
        """Returns the position of the seed whose clustering agrees best with those of the other seeds."""
        return int(self.agreement[self.k.index(k)].mean(axis=1).argmax())

    def save(self, path: Path) -> None:
        """Writes one ``.npz`` file atomically."""
        save_arrays(
            path,
            {
                "labels": self.labels,
                "k": np.array(self.k),
                "seeds": np.array(self.seeds),
                "classes": np.array(self.classes),
                "agreement": self.agreement,
            },
            self.provenance,
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            InputError: If the file is truncated or foreign.
        """
        arrays, provenance = load_arrays(path)
        return cls(
            labels=arrays["labels"],
            k=tuple(int(k) for k in arrays["k"]),
            seeds=tuple(int(s) for s in arrays["seeds"]),
            classes=tuple(map(str, arrays["classes"])),
            agreement=arrays["agreement"],
            provenance=provenance,
        )


@dataclass(frozen=True, kw_only=True)
class Extents:
    """Which classes lie under which concept.

    Attributes:
        matrix: Of shape (n_concepts, n_classes), bool, the most general concept first.
        concepts: Ids of the concepts, of shape (n_concepts,).
        synsets: Their synset names, such as ``dog.n.01``.
        names: Their words, such as ``dog``.
        classes: Synset ids of the classes, of shape (n_classes,).
        class_names: Their words; not unique (WordNet has two cranes among the ILSVRC classes).
        source: The ontology and its version.
    """

    matrix: NDArray[np.bool_]
    concepts: tuple[str, ...]
    synsets: tuple[str, ...]
    names: tuple[str, ...]
    classes: tuple[str, ...]
    class_names: tuple[str, ...]
    source: str


@dataclass(frozen=True, kw_only=True)
class ConceptMatch:
    """How well one concept describes one cluster (paper, section 4.2).

    Attributes:
        concept: Id of the concept.
        synset: Its synset name.
        name: Its words.
        f1: Harmonic mean of precision and recall.
        precision: Share of the cluster's classes that lie under the concept.
        recall: Share of the concept's classes that lie in the cluster.
        n_concept: Number of classes under the concept.
        n_both: Number of classes under the concept and in the cluster.
        same_extent: Words of the concepts that hold exactly the same classes and therefore have the same F1.
    """

    concept: str
    synset: str
    name: str
    f1: float
    precision: float
    recall: float
    n_concept: int
    n_both: int
    same_extent: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ClusterLabel:
    """A cluster and the concepts that describe it.

    Attributes:
        cluster: Number of the cluster within its clustering.
        members: Indices of its classes, ascending.
        matches: Concepts by falling F1; the first is the cluster's name, the others are the runners-up.
    """

    cluster: int
    members: tuple[int, ...]
    matches: tuple[ConceptMatch, ...]

    @property
    def best(self) -> ConceptMatch:
        """The concept with the best F1."""
        return self.matches[0]


@dataclass(frozen=True, kw_only=True)
class ConceptLabels:
    """Names for the clusters, for every k; of several seeds the one that agrees best with the others is named.

    Attributes:
        clusters: k to the labels of its clusters, largest cluster first.
        seeds: k to the seed of its clustering.
        classes: Synset ids of the classes.
        class_names: Their words.
        provenance: That of the clusterings, with the ontology.
    """

    clusters: Mapping[int, tuple[ClusterLabel, ...]]
    seeds: Mapping[int, int]
    classes: tuple[str, ...]
    class_names: tuple[str, ...]
    provenance: Provenance

    def rows(self) -> list[dict[str, Any]]:
        """Returns one row per k, cluster and concept: rank 1 is the label, the rest are runners-up."""
        return [
            {"k": k, "cluster": label.cluster, "size": len(label.members), "rank": rank, **asdict(match)}
            for k, labels in self.clusters.items()
            for label in labels
            for rank, match in enumerate(label.matches, start=1)
        ]

    def save(self, path: Path) -> None:
        """Writes one JSON file atomically."""
        clusters = {
            str(k): [{**asdict(label), "classes": [self.classes[i] for i in label.members]} for label in labels]
            for k, labels in self.clusters.items()
        }
        seeds = {str(k): seed for k, seed in self.seeds.items()}
        value = {"clusters": clusters, "seeds": seeds, "classes": self.classes, "class_names": self.class_names}
        write_json(path, {**value, "provenance": dict(self.provenance)})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            InputError: If the file is truncated or foreign.
        """
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            clusters = {
                int(k): tuple(
                    ClusterLabel(
                        cluster=label["cluster"],
                        members=tuple(label["members"]),
                        matches=tuple(
                            ConceptMatch(**{**match, "same_extent": tuple(match["same_extent"])})
                            for match in label["matches"]
                        ),
                    )
                    for label in labels
                )
                for k, labels in value["clusters"].items()
            }
            return cls(
                clusters=dict(sorted(clusters.items())),
                seeds={int(k): seed for k, seed in value["seeds"].items()},
                classes=tuple(value["classes"]),
                class_names=tuple(value["class_names"]),
                provenance=value["provenance"],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} is no file of concept labels ({error})") from error


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
        agreement: Mean adjusted Rand index between seeds.
        agreement_min: Smallest adjusted Rand index between two seeds.
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
    agreement: float
    agreement_min: float


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


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Writes a CSV file atomically, with a header."""
    import io

    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Each class's most similar other classes, most similar first.

    Attributes:
        index: Indices of the neighbours, of shape (n_classes, n_neighbours).
        values: Their similarities, of shape (n_classes, n_neighbours).
    """

    index: NDArray[np.int64]
    values: Float64


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """All that one run finds out about one network and one choice of layers.

    Attributes:
        vectors: The class vectors.
        similarity: Similarities of the classes over the chosen layers.
        neighbours: Nearest classes of each class.
        clusterings: Clusters for every k and seed.
        labels: Names of the clusters.
        scores: F1 against chance, for every k.
    """

    vectors: ClassVectors
    similarity: Similarity
    neighbours: Neighbours
    clusterings: Clusterings
    labels: ConceptLabels
    scores: Scores


@dataclass(frozen=True, kw_only=True)
class RunCard:
    """How a run is known to people and to the tracking store.

    Attributes:
        name: Name that tells it apart from the other runs of a sweep.
        sweep_id: The same for all runs of one command.
        choices: The few choices that matter, as they are compared in tables.
        data: Name of the data set.
        data_source: Where it lies.
        config: The whole configuration, as YAML.
    """

    name: str
    sweep_id: str
    choices: Mapping[str, str]
    data: str
    data_source: str
    config: str
