"""What an analysis found, as plain files, pictures, text for people, and metrics."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from classvec import figures
from classvec.analysis.between_runs import between_runs
from classvec.artifacts import (
    Accord,
    Agreement,
    Analysis,
    Depth,
    Evaluation,
    Genealogy,
    RunCard,
    Stability,
    SubsetScores,
    write_csv,
    write_json,
)
from classvec.errors import InputError
from classvec.report import named_runs

SHOWN_SUBSETS = 5
TRACKED = ("path", "lin")


def write(found: Analysis, evaluation: Evaluation, card: RunCard, folder: Path) -> dict[str, Path]:
    """Writes tables and pictures of what an analysis found.

    ``agreement.csv`` (a row per layer and similarity of WordNet), ``layers.csv`` (a row per two layers),
    ``stability.csv`` (a row per k), ``genealogy.csv`` (a row per two clusters of successive k that share classes),
    ``depth.csv`` (a row per concept, layer and k), ``subsets.csv`` (a row per subset of layers), each where it was
    asked for, and a picture of the same name; ``dendrogram.png``; ``findings.json``, what belongs into no table.

    Args:
        found: The analysis.
        evaluation: What it is about.
        card: The run.
        folder: Where to write.

    Returns:
        Name of each picture to its path.
    """
    pictures = {}
    if found.agreement:
        _table(folder / "agreement.csv", [asdict(row) for row in found.agreement])
        pictures["agreement"] = figures.agreement(found.agreement, f"{card.name}: likeness of classes and WordNet's")
    if found.layers:
        write_accord(found.layers, folder / "layers.csv")
        pictures["layers"] = figures.accord(found.layers, f"{card.name}: layers against layers")
    if found.stability is not None:
        _table(folder / "stability.csv", _stability_rows(found.stability))
        pictures["stability"] = figures.stability(found.stability, f"{card.name}: how stable the clusters are")
    if found.genealogy is not None and found.genealogy.flows:
        _table(folder / "genealogy.csv", _flow_rows(found.genealogy, evaluation))
        pictures["genealogy"] = figures.genealogy(
            found.genealogy, evaluation.labels, f"{card.name}: how the clusters split"
        )
    if found.genealogy is not None and len(found.genealogy.leaves) > 2:
        pictures["dendrogram"] = figures.dendrogram(
            found.genealogy, f"{card.name}: {found.genealogy.k} clusters as a tree"
        )
    if found.depth is not None:
        rows = _depth_rows(found.depth)
        write_csv(folder / "depth.csv", rows, DEPTH_COLUMNS)
        if rows:
            pictures["depth"] = figures.depth(
                found.depth, f"{card.name}: which concept becomes a cluster in which layer"
            )
    if found.subsets is not None:
        _table(folder / "subsets.csv", _subset_rows(found.subsets))
        pictures["subsets"] = figures.subsets(found.subsets, f"{card.name}, ranked")
    if alone := figures_alone(found):
        write_json(folder / "findings.json", alone)
    return {name: figures.save(figure, folder / f"{name}.png") for name, figure in pictures.items()}


def figures_alone(found: Analysis) -> dict[str, Any]:
    """Returns the figures of an analysis that belong into no table, as JSON values."""
    alone: dict[str, Any] = {}
    if found.stability is not None and found.stability.halves is not None:
        halves = {name: value for name, value in asdict(found.stability.halves).items() if name != "ari"}
        reliability = None if math.isnan(found.stability.reliability) else found.stability.reliability
        alone["halves"] = {**halves, "reliability": reliability, "left_out": found.stability.left_out}
    if found.genealogy is not None:
        alone["only_split"] = {str(k): share for k, share in found.genealogy.split.items()}
        alone["trees_spearman"] = None if math.isnan(found.genealogy.spearman) else found.genealogy.spearman
    if found.subsets is not None:
        names = ("chosen", "held_out", "typical", "failed")
        alone["subsets"] = {name: getattr(found.subsets, name) for name in names}
    return alone


def write_accord(rows: Sequence[Accord], path: Path) -> None:
    """Writes comparisons of layers or networks: a row for each two, with a column for each k that both have."""
    k = sorted({k for row in rows for k in row.ari})
    table = [
        {**{n: v for n, v in asdict(row).items() if n != "ari"}, **{f"ari_{i}": row.ari.get(i, "") for i in k}}
        for row in rows
    ]
    _table(path, table)


def _table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    rounded = [{n: round(v, 9) if isinstance(v, float) else v for n, v in row.items()} for row in rows]
    write_csv(path, rounded, list(rounded[0]))


def _stability_rows(found: Stability) -> list[dict[str, Any]]:
    halves = {} if found.halves is None else found.halves.ari
    return [{"k": k, "seeds": seeds, "halves": halves.get(k, "")} for k, seeds in found.seeds.items()]


def _flow_rows(found: Genealogy, evaluation: Evaluation) -> list[dict[str, Any]]:
    names = {(k, label.cluster): label.best.name for k, of_k in evaluation.labels.clusters.items() for label in of_k}
    return [
        {
            "k": flow.k,
            "cluster": flow.cluster,
            "name": names[flow.k, flow.cluster],
            "next_k": flow.next_k,
            "next_cluster": flow.next_cluster,
            "next_name": names[flow.next_k, flow.next_cluster],
            "n_classes": flow.n_classes,
        }
        for flow in found.flows
    ]


DEPTH_COLUMNS = ("concept", "synset", "name", "n_concept", "chance", "first_layer", "layer", "k", "f1")


def _depth_rows(found: Depth) -> list[dict[str, Any]]:
    return [
        {
            "concept": concept.concept,
            "synset": concept.synset,
            "name": concept.name,
            "n_concept": concept.n_concept,
            "chance": round(concept.bar, 6),
            "first_layer": found.layers[found.first_layer(concept)],
            "layer": layer,
            "k": k,
            "f1": round(float(concept.f1[row, column]), 6),
        }
        for concept in found.concepts
        for row, layer in enumerate(found.layers)
        for column, k in enumerate(found.k)
    ]


def _subset_rows(found: SubsetScores) -> list[dict[str, Any]]:
    return [
        {
            "place": row + 1,
            "layers": found.name(row),
            "adjusted": float(found.mean[row]),
            **{f"adjusted_{k}": float(found.adjusted[row, i]) for i, k in enumerate(found.k)},
            **{f"f1_{k}": float(found.f1[row, i]) for i, k in enumerate(found.k)},
        }
        for row in range(len(found.members))
    ]


def summary(found: Analysis) -> str:
    """Returns what an analysis found, for the terminal."""
    lines: list[str] = []
    if found.agreement:
        lines += ["", "Likeness of classes and WordNet's (rank correlation over all pairs; p):"]
        lines += _agreement_lines(found.agreement)
    if found.stability is not None and found.stability.halves is not None:
        halves = found.stability.halves
        out = f", {found.stability.left_out} classes of one image left out" if found.stability.left_out else ""
        lines.append(
            f"Two halves of each class's images: likeness correlates {halves.mantel:.2f} (p = {halves.mantel_p:.2g}), "
            f"whole sets would about {found.stability.reliability:.2f}{out}"
        )
    if found.depth is not None:
        lines += ["", *depth_lines(found.depth)]
    if found.subsets is not None:
        lines += ["", *subset_lines(found.subsets)]
    return "\n".join(lines)


def _agreement_lines(rows: Sequence[Agreement]) -> list[str]:
    names = list(dict.fromkeys(row.similarity for row in rows))
    layers = list(dict.fromkeys(row.layer for row in rows))
    width = max(map(len, layers)) + 2
    lines = [" " * width + "".join(f"{name:>14}" for name in names)]
    for layer in layers:
        cells = [f"{row.spearman:.2f} ({row.p:.3f})" for row in rows if row.layer == layer]
        lines.append(f"{layer:{width}}" + "".join(f"{cell:>14}" for cell in cells))
    return lines


def agree(folders: Sequence[Path], out: Path, n_permutations: int) -> str:
    """Compares runs, writes a table and a picture beside it, and returns the comparison for the terminal.

    Args:
        folders: Output folders of runs, or folders of a sweep's runs.
        out: The CSV file to write.
        n_permutations: Permutations of the classes behind each p.

    Raises:
        InputError: If there are fewer than two runs, two share fewer than four classes, or there are no permutations.
    """
    if out.suffix != ".csv":
        raise InputError(f"--out {out}: wanted a name that ends in .csv; the picture goes beside it")
    if n_permutations < 1:
        raise InputError(f"--permutations {n_permutations}: wanted 1 or more")
    rows = between_runs(named_runs(folders), n_permutations)
    write_accord(rows, out)
    picture = figures.save(figures.accord(rows, "Do these runs find the same classes alike?"), out.with_suffix(".png"))
    return "\n".join([*accord_lines(rows), f"Files: {out}, {picture}"])


def accord_lines(rows: Sequence[Accord]) -> list[str]:
    """Returns comparisons of layers or networks as lines for the terminal."""
    width = max(len(f"{row.one} / {row.other}") for row in rows) + 2
    lines = [f"{'':{width}}{'classes':>8}{'Mantel':>8}{'p':>7}{'CKA':>7}{'p':>7}  clusters (adjusted Rand index)"]
    for row in rows:
        shown = [k for k in (2, 5, 8, 19) if k in row.ari] or sorted(row.ari)[:1]
        ari = ", ".join(f"k={k}: {row.ari[k]:.2f}" for k in shown)
        pair = f"{row.one} / {row.other}"
        numbers = f"{row.n_classes:8d}{row.mantel:8.2f}{row.mantel_p:7.3f}{row.cka:7.2f}{row.cka_p:7.3f}"
        lines.append(f"{pair:{width}}{numbers}  {ari}")
    return lines


def depth_lines(found: Depth) -> list[str]:
    """Returns in words which concept becomes a cluster first in which layer."""
    by_chance = found.n_concepts / (found.n_draws + 1)
    lines = [
        f"Concepts that become a cluster (F1 of {found.least:g} or more, above all {found.n_draws} chance draws): "
        f"{len(found.concepts)} of {found.n_concepts}, at most {by_chance:.0f} by chance"
        + (", by the lowest layer where they do:" if found.concepts else "")
    ]
    for position, layer in enumerate(found.layers):
        names = [f"{c.name} {c.by_layer[position]:.2f}" for c in found.concepts if found.first_layer(c) == position]
        if names:
            more = f", and {len(names) - 8} more" if len(names) > 8 else ""
            lines.append(f"  {layer}: {', '.join(names[:8])}{more}")
    return lines


def subset_lines(found: SubsetScores) -> list[str]:
    """Returns the best subsets of layers, the places of the groups, and what choosing the best of so many is worth."""
    n, mean = len(found.members), found.mean
    lines = [f"Subsets of {len(found.layers)} layers, adjusted F1 (mean over k = {figures.over(found.k)}):"]
    lines += [f"  {i + 1:4d}  {mean[i]:.3f}  {found.name(i)}" for i in range(min(SHOWN_SUBSETS, n))]
    lines += [
        f"  {place + 1:4d}  {mean[place]:.3f}  group {name}"
        for name, place in sorted(found.groups.items(), key=lambda group: group[1])
    ]
    lines.append(
        f"The best of {n} is chosen, and so looks better than it is: the best on one half of the classes has "
        f"{found.chosen:.3f} there and {found.held_out:.3f} on the other half, where the middle subset has "
        f"{found.typical:.3f}."
    )
    if found.failed:
        lines.append(f"{found.failed} subsets could not be clustered and are left out.")
    return lines


def metrics(found: Analysis) -> list[tuple[str, float, int]]:
    """Returns (name, value, step): correlation with WordNet by the layer's place, stability by k, headline figures.

    Of the six similarities one of each kind, so that a page of charts stays readable; all are in ``agreement.csv``.
    """
    layers = list(dict.fromkeys(row.layer for row in found.agreement))[1:]
    points: list[tuple[str, float, int]] = []
    for row in (row for row in found.agreement if row.similarity in TRACKED):
        if row.layer in layers:
            points.append((f"wordnet/{row.similarity}", row.spearman, layers.index(row.layer) + 1))
        else:
            points.append((f"summary/wordnet_{row.similarity}", row.spearman, 0))
    if found.stability is not None and found.stability.halves is not None:
        points += [("clusters/halves", value, k) for k, value in found.stability.halves.ari.items()]
        points.append(("summary/reliability", found.stability.reliability, 0))
    if found.depth is not None:
        points.append(("summary/concepts_found", float(len(found.depth.concepts)), 0))
    if found.subsets is not None:
        points.append(("summary/chosen_subset_held_out", found.subsets.held_out, 0))
    return points
