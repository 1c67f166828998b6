"""An evaluation as plain files and as text for people."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from classvec import figures, tables
from classvec.artifacts import (
    HARDLY_ABOVE_CHANCE,
    ClassVectors,
    ClusterLabel,
    ConceptMatch,
    Cost,
    Evaluation,
    Reconstructions,
    RunCard,
    Scores,
    largest_k,
    write_csv,
    write_json,
    write_text,
)
from classvec.errors import InputError
from classvec.jobs import results

log = logging.getLogger(__name__)


def write(evaluation: Evaluation, card: RunCard, folder: Path, cost: Cost | None = None) -> Mapping[str, Path]:
    """Writes an evaluation's plain files.

    ``scores.csv`` (a row per k), ``labels.csv`` (a row per k, cluster and concept), ``labels.json`` (with the classes
    of each cluster), ``labels.txt`` (like the paper's Table 3), ``neighbours.csv``, ``clusterings.npz``,
    ``similarity.npz``, ``provenance.json``, ``config.yaml``, ``run.json``, the pictures ``f1.png``, ``matrix.png``, and
    ``table3.txt``, ``table3.md``, ``table3.png`` for k up to 8.

    Args:
        evaluation: What was found.
        card: The run.
        folder: Where to write; made if missing.
        cost: What the run took, kept in ``run.json``.

    Returns:
        Name of each picture to its path.
    """
    labels = evaluation.labels
    evaluation.scores.save(folder / "scores.csv")
    labels.save(folder / "labels.json")
    rows = [{**row, "same_extent": "; ".join(row["same_extent"])} for row in labels.rows()]
    write_csv(folder / "labels.csv", rows, list(rows[0]))
    write_text(folder / "labels.txt", label_table(evaluation))
    write_csv(folder / "neighbours.csv", *_neighbour_rows(evaluation))
    evaluation.clusterings.save(folder / "clusterings.npz")
    evaluation.similarity.save(folder / "similarity.npz")
    write_json(folder / "provenance.json", dict(evaluation.scores.provenance))
    write_text(folder / "config.yaml", card.config)
    run = {"name": card.name, "sweep_id": card.sweep_id, "choices": dict(card.choices), "control": card.control}
    images = int(evaluation.vectors.n_images.sum())
    write_json(folder / "run.json", {**run, "images": images, **(asdict(cost) if cost else {})})
    k = largest_k(labels.clusters)
    curve = figures.f1_curves({card.name: evaluation.scores}, f"{card.name}: how well concepts describe the clusters")
    matrix = figures.sorted_matrix(evaluation.similarity, labels.clusters[k], f"{card.name}: {k} clusters")
    return {
        "f1": figures.save(curve, folder / "f1.png"),
        "matrix": figures.save(matrix, folder / "matrix.png"),
        **tables.write_table3(labels, evaluation.scores, card.name, folder),
    }


def write_reconstructions(found: Reconstructions, card: RunCard, folder: Path) -> dict[str, Sequence[Path]]:
    """Writes the images of a run and their scorecard.

    ``reconstructions.csv`` (a row per image, and for the real image and the noise beside it), ``reconstructions.png``
    (all of them with their names), ``reconstructions/KEY.png`` and ``reconstructions/KEY/STEP.png``.

    Args:
        found: The images.
        card: The run.
        folder: Where to write.

    Returns:
        Name of each series of pictures to its PNG files, in their order; the grid is a series of one.
    """
    rows = found.rows()
    write_csv(folder / "reconstructions.csv", rows, list(rows[0]))
    write_json(folder / "reconstructions.json", {"judge": found.judge, "provenance": dict(found.provenance)})
    grid = figures.reconstructions(found, f"{card.name}: what its class vectors look like")
    series: dict[str, Sequence[Path]] = {"reconstructions": [figures.save(grid, folder / "reconstructions.png")]}
    for item in found.items:
        key = item.target.key
        path = folder / "reconstructions" / f"{key}.png"
        figures.save_picture(item.picture, path)
        steps = [path.parent / key / f"{step:02d}.png" for step in range(len(item.snapshots))]
        series[f"reconstruction/{key}"] = [
            figures.save_picture(picture, step) for picture, step in zip(item.snapshots, steps, strict=True)
        ]
    return series


def scorecard(found: Reconstructions) -> str:
    """Returns the scorecard of reconstructions for the terminal."""
    names = [
        f"{item.target.name}, {next(iter(item.target.means))}" if found.by_layer else item.target.name
        for item in found.items
    ]
    width = max(len("reconstruction"), *map(len, names)) + 2
    judged = f"  {found.judge}'s place" if found.judge else ""
    lines = ["", f"{'reconstruction':{width}}{'loss':>7}{'cosine':>8}{'rank':>6}{judged}  (beside it)"]
    for name, item in zip(names, found.items, strict=True):
        own, *others = item.appraisals
        beside = "; ".join(f"{seen.kind}: loss {seen.loss:.2f}, cosine {seen.cosine:.2f}" for seen in others)
        rank = "" if own.rank is None else str(own.rank)
        place = f"{own.judge_rank or '':>{len(judged)}}" if found.judge else ""
        lines.append(f"{name:{width}}{own.loss:7.3f}{own.cosine:8.3f}{rank:>6}{place}  ({beside})")
    return "\n".join(lines)


def label_table(evaluation: Evaluation) -> str:
    """Returns the names of the clusters for every k, largest first, each with its second-best concept (Table 3)."""
    lines = ["Clusters, largest first: number of classes, concept with the best F1 (second best in brackets)", ""]
    for k, clusters in evaluation.labels.clusters.items():
        lines.append(f"k = {k}, mean F1 {evaluation.scores.at(k).f1_mean:.3f}")
        lines += [f"  {_cluster_line(label)}" for label in clusters]
    return "\n".join(lines) + "\n"


def _cluster_line(label: ClusterLabel) -> str:
    second = f"  ({_match_words(label.matches[1])})" if len(label.matches) > 1 else ""
    return f"{len(label.members):4d}  {_match_words(label.best)}{second}"


def _match_words(match: ConceptMatch) -> str:
    return f"{match.name} {match.f1:.2f} [P {match.precision:.2f} R {match.recall:.2f}]"


def _neighbour_rows(evaluation: Evaluation) -> tuple[list[dict[str, object]], list[str]]:
    classes, names = evaluation.labels.classes, evaluation.labels.class_names
    columns = ["class", "name", "rank", "neighbour", "neighbour_name", "value"]
    rows: list[dict[str, object]] = []
    for i, (index, values) in enumerate(zip(evaluation.neighbours.index, evaluation.neighbours.values, strict=True)):
        for rank, (j, value) in enumerate(zip(index, values, strict=True), start=1):
            found = (classes[i], names[i], rank, classes[j], names[j], round(float(value), 9))
            rows.append(dict(zip(columns, found, strict=True)))
    return rows, columns


def summary(evaluation: Evaluation, card: RunCard, folder: Path) -> str:
    """Returns a compact table for the terminal: F1 against chance for every k, with the clusters' names."""
    lines = [
        "",
        f"{card.name}: {len(evaluation.vectors.classes)} classes, {int(evaluation.vectors.n_images.sum())} images",
        "  k  mean F1  chance  adjusted  smallest  clusters, largest first",
    ]
    for row in evaluation.scores.rows:
        names = ", ".join(label.best.name for label in evaluation.labels.clusters[row.k])
        names = names if len(names) <= 100 else f"{names[:97]}..."
        lines.append(
            f" {row.k:2d}  {row.f1_mean:7.3f} {row.f1_chance:7.3f} {row.f1_adjusted:9.2f} {row.smallest:9d}  {names}"
        )
    if (best := best_adjusted(evaluation)) < HARDLY_ABOVE_CHANCE:
        lines.append(f"Adjusted F1 stays below .1 (at most {best:.2f}): these clusters are hardly better than chance.")
    lines.append(f"Files: {folder}")
    return "\n".join(lines)


def metrics(evaluation: Evaluation) -> list[tuple[str, float, int]]:
    """Returns (name, value, step): the curves with step = k, then headline figures named ``summary/...``."""
    names = {
        "f1/mean": "f1_mean",
        "f1/chance": "f1_chance",
        "f1/adjusted": "f1_adjusted",
        "f1/weighted": "f1_weighted",
        "clusters/smallest": "smallest",
        "clusters/agreement": "agreement",
    }
    rows = [(row.k, asdict(row)) for row in evaluation.scores.rows]
    curves = [(name, float(row[column]), k) for name, column in names.items() for k, row in rows]
    headlines = {
        "best_f1": max(row.f1_mean for row in evaluation.scores.rows),
        "best_adjusted": best_adjusted(evaluation),
    }
    if errors := evaluation.vectors.provenance.get("cosine_errors"):
        headlines["projection_error"] = max(error["largest"] for error in errors.values())
    return curves + [(f"summary/{name}", value, 0) for name, value in headlines.items()]


def best_adjusted(evaluation: Evaluation) -> float:
    """Returns the best adjusted F1 over k; NaN where it is defined for none."""
    best = evaluation.scores.best()
    return best.f1_adjusted if best else float("nan")


def named_runs(folders: Sequence[Path]) -> dict[str, Path]:
    """Finds the runs in some folders and gives each a name of its own.

    Args:
        folders: Output folders of runs, or folders of a sweep's runs.

    Returns:
        Name of a run to its folder.

    Raises:
        InputError: If no folder holds a run.
    """
    runs: list[Path] = []
    for folder in folders:
        marks = [*folder.glob("run.json"), *folder.glob("*/run.json"), *folder.glob("*/finished.json")]
        found = sorted({results(path) or path.parent for path in marks})  # of a job done before, where it was done
        if not found:
            log.warning("%s holds no run of evaluate.py: left out", folder)
        runs += found
    if not runs:
        raise InputError(f"no run of evaluate.py in {', '.join(map(str, folders))}: wanted run.json and scores.csv")
    return _distinct_names(list(dict.fromkeys(runs)))


def _distinct_names(runs: Sequence[Path]) -> dict[str, Path]:
    """Names runs; those of equal name by the choices in which they differ too, and else by their folder."""
    cards = [json.loads((run / "run.json").read_text(encoding="utf-8")) for run in runs]
    differing = [key for key in cards[0]["choices"] if len({card["choices"].get(key) for card in cards}) > 1]
    names = [card["name"] for card in cards]
    if len(set(names)) < len(names):
        names = [
            ", ".join([name, *(card["choices"][k] for k in differing)]) for name, card in zip(names, cards, strict=True)
        ]
    seen: dict[str, Path] = {}
    for name, run in zip(names, runs, strict=True):
        seen[name if name not in seen else f"{name}, {run.parent.name}/{run.name}"] = run
    return seen


def vector_table(vectors: ClassVectors) -> str:
    """Returns a table of the layers of class vectors for the terminal."""
    lines = ["", f"{'layer':24}{'features':>12}{'mean norm':>12}"]
    for name, block in vectors.layers.items():
        lines.append(f"{name:24}{block.n_features:12,}{float(block.norms.mean()):12.4g}")
    lines.append(f"{'sum':24}{vectors.n_features:12,}")
    for name, error in vectors.provenance.get("cosine_errors", {}).items():
        lines.append(
            f"{name} is projected: cosines off by {error['mean']:.4f} on average, {error['largest']:.4f} at most"
        )
    lines.append(f"{len(vectors.classes)} classes, {int(vectors.n_images.sum())} images")
    lines.append(f"Class vectors: {vectors.path}")
    return "\n".join(lines)


def plain_files(folder: Path) -> list[Path]:
    """Returns the files of a run that a tracking store keeps too; matrices stay in the folder."""
    names = (
        "scores.csv",
        "labels.csv",
        "labels.json",
        "labels.txt",
        "neighbours.csv",
        "config.yaml",
        "provenance.json",
        "reconstructions.csv",
        "findings.json",
        "agreement.csv",
        "layers.csv",
        "stability.csv",
        "genealogy.csv",
        "depth.csv",
        "subsets.csv",
    )
    found = [folder / name for name in names if (folder / name).exists()]
    return found + sorted(folder.glob("*.png")) + sorted(folder.glob("report.html"))


def layer_table(name: str, transform: str, rows: Sequence[tuple[str, str, str, int]], *, total: bool) -> str:
    """Returns a table of a network's layers for the terminal.

    Args:
        name: Name of the network.
        transform: Its input, in words.
        rows: Name, path, shape in words and number of features of each layer.
        total: Whether the features add up to a class vector.
    """
    width = max(len(row[0]) for row in rows) + 2
    path = max(len(row[1]) for row in rows) + 2
    lines = [f"{name}, input: {transform}", f"{'layer':{width}}{'module':{path}}{'shape':>14}{'features':>12}"]
    lines += [f"{layer:{width}}{module:{path}}{shape:>14}{n:12,}" for layer, module, shape, n in rows]
    if total:
        lines.append(f"{'sum':{width + path + 14}}{sum(row[3] for row in rows):12,}")
    return "\n".join(lines)


def curves(folders: Sequence[Path], out: Path) -> Path:
    """Draws the F1 curves of several runs into one picture.

    Args:
        folders: Output folders of runs, or folders of a sweep's runs.
        out: The PNG file to write.

    Raises:
        InputError: If a folder holds no run.
    """
    named = named_runs(folders)
    scores = {name: Scores.load(run / "scores.csv") for name, run in named.items()}
    return figures.save(figures.f1_curves(scores, "How well concepts describe the clusters"), out)
