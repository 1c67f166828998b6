"""Runs to test with: made by hand and written as the package writes them, or made by its commands and read back."""

import runpy
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from classvec.analyses.analysis import Result
from classvec.artifacts import (
    ClassVectors,
    Clusterings,
    ClusterLabel,
    ConceptLabels,
    ConceptMatch,
    Cost,
    Evaluation,
    Neighbours,
    RunCard,
    Score,
    Scores,
    Similarity,
    Sweep,
    checksum,
    read_json,
    write_json,
)
from classvec.method.pairs import nearest_neighbours
from classvec.report import evaluation, results
from classvec.report.tracking import Content, TrackedRun
from classvec.runs import files, folder
from classvec.runs.card import FINISHED, RUN, finish, kept, write_card
from tests.conftest import ROOT

NAMES = ("tench", "goldfish", "crane", "chain saw", "crane", "hatchet")
SPLITS = (((0, 1, 2, 3), (4, 5)), ((0, 1, 2), (4, 5), (3,)))
CHOICES = {"architecture": "tiny", "data": "six things", "layers": "all"}


def make_similarity(n_classes: int) -> Similarity:
    vectors = np.random.default_rng(0).normal(size=(n_classes, 12))
    vectors[: n_classes // 2, 0] += 3.0
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    classes = tuple(f"n{i:08d}" for i in range(n_classes))
    return Similarity(
        values=vectors @ vectors.T, classes=classes, metric="cosine", layers=("low", "top"), provenance={}
    )


def make_score(k: int, f1: float, chance: float = 0.5, p: float = 0.0625) -> Score:
    adjusted = (f1 - chance) / (1 - chance) if chance < 0.99 else float("nan")
    return Score(
        k=k, f1_mean=f1, f1_min=f1 - 0.05, f1_max=f1 + 0.05, f1_weighted=f1, f1_chance=chance,
        f1_chance_low=chance - 0.1, f1_chance_high=chance + 0.1, f1_adjusted=adjusted, p=p, smallest=1,
        seeds_ari=0.5, seeds_ari_min=0.25,
    )  # fmt: skip


def make_evaluation(
    names: Sequence[str] = NAMES,
    splits: Sequence[Sequence[Sequence[int]]] = SPLITS,
    f1: float = 0.8125,
    chance: float = 0.5,
    p: float = 0.0625,
    affinity: str = "graph of 10 nearest neighbours",
) -> Evaluation:
    """Clusters, names and scores made by hand.

    Args:
        names: Names of the classes.
        splits: For each k the members of its clusters.
        f1: Mean F1 of the first k; it falls by 1/16 from each k to the next.
        chance: F1 by chance.
        p: Of every score.
        affinity: That of its clusters, in words.
    """
    similarity = make_similarity(len(names))
    provenance = {"weights_hash": "abc123", "ontology": "WordNet 3.0", "versions": {"torch": "9"}, "affinity": affinity}
    index, values = nearest_neighbours(similarity, 2)
    return Evaluation(
        vectors=ClassVectors(
            classes=similarity.classes,
            n_images=np.arange(1, len(names) + 1),
            layers={},
            provenance={"image_list_hash": "f" * 64},
            path=Path("store"),
        ),
        similarity=similarity,
        neighbours=Neighbours(index=index, values=values),
        clusterings=Clusterings(
            labels=np.zeros((len(splits), 2, len(names)), dtype=np.int64),
            k=tuple(map(len, splits)),
            seeds=(3, 4),
            classes=similarity.classes,
            seeds_ari=np.ones((len(splits), 2, 2)),
            provenance={},
        ),
        labels=ConceptLabels(
            clusters={len(split): tuple(make_label(i, members) for i, members in enumerate(split)) for split in splits},
            seeds={len(split): 3 for split in splits},
            classes=similarity.classes,
            class_names=tuple(names),
            provenance={},
            n_draws=999,
        ),
        scores=Scores(
            rows=tuple(make_score(len(split), f1 - i / 16, chance, p) for i, split in enumerate(splits)),
            n_draws=999,
            curve_p=p,
            provenance=provenance,
        ),
    )


def make_label(cluster: int, members: Sequence[int]) -> ClusterLabel:
    """Returns a label that stands out from chance; that of a single class is untested, as in a run."""
    matches = (make_match(f"concept{cluster}", 0.9), make_match("runner-up", 0.4))
    label = ClusterLabel(cluster=cluster, members=tuple(members), matches=matches)
    return replace(label, f1_chance=0.4, f1_adjusted=5 / 6, p=0.002, q=0.004) if len(members) > 1 else label


def make_match(name: str, f1: float) -> ConceptMatch:
    return ConceptMatch(
        concept=name, synset=f"{name}.n.01", name=name, f1=f1, precision=0.75, recall=0.875, n_concept=4, n_both=3
    )


def make_card(name: str, choices: Mapping[str, str] = CHOICES) -> RunCard:
    sweep = Sweep(name="s1", id="s1-0")
    return RunCard(name=name, sweep=sweep, choices=choices, data="six things", data_source="/six", config="")


def write_run(
    output: Path,
    name: str = "tiny all",
    computed: Evaluation | None = None,
    *,
    choices: Mapping[str, str] = CHOICES,
    config: str = "seed: 0\n",
    found: Sequence[Result] = (),
    more: Sequence[str] = (),
    overrides: Sequence[str] | None = None,
) -> Path:
    """Writes a run as the package does, without its own pictures.

    Args:
        output: Folder of the run.
        name: Its name.
        computed: Its clusters, names and scores; None for those of `make_evaluation`.
        choices: Its choices.
        config: Its configuration.
        found: What its analyses yielded.
        more: Further files in the folder that belong to the run.
        overrides: What the job was asked for, if the run is that of a job.

    Returns:
        The folder.
    """
    computed = computed or make_evaluation()
    if overrides is not None:
        folder.begin(output, overrides)
    tables, charts = results.write(found, output)
    plain = [*files.write(computed, config, output), *tables, *charts.values()]
    n_images, cost = int(computed.vectors.n_images.sum()), Cost(wall_seconds=1234.5, process_max_rss_mib=2345.6)
    paths = [*plain, *(output / file for file in more)]
    (output / FINISHED).unlink(missing_ok=True)
    digests = {path: kept(path) if path.is_file() else None for path in paths}
    write_card(output, make_card(name, choices), n_images, cost, digests)
    finish(output, output.name)
    if overrides is not None:
        folder.end(output, output, output.name)
    return output


def signed(output: Path) -> Path:
    """Gives a run whose files were changed by hand the checksums that it would have if it had written them so."""
    card = read_json(output / RUN)
    files = {name: old and checksum(output / name) for name, old in card["files"].items()}
    write_json(output / RUN, {**card, "files": files})
    (output / FINISHED).unlink()
    finish(output, output.name)
    return output


def make_tracked(name: str, job: str = "", sweep: str = "s1", owner: str = "") -> TrackedRun:
    """Returns what is known of a run made by hand when it starts."""
    of_sweep = Sweep(name=sweep, id=f"{sweep}-0")
    return TrackedRun(name=name, job=job or f"job-{name}", sweep=of_sweep, owner=owner, params=CHOICES)


def make_content(pictures: Path, name: str) -> Content:
    """Returns what a run made by hand leaves in a tracking store, with a picture in a folder."""
    picture = pictures / f"{name}.png"
    Image.new("RGB", (8, 8), "white").save(picture)
    return evaluation.content(make_evaluation(), make_card(name), [picture], {"f1": [picture]})


def call(script: str, *arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a script of the checkout in this process."""
    monkeypatch.setattr(sys, "argv", [script, *arguments])
    runpy.run_path(str(ROOT / script), run_name="__main__")


def runs(database: Path) -> list[dict[str, Any]]:
    """Reads name, status, metrics, params and tags of every run in an MLflow store, in the order of their start."""
    with sqlite3.connect(database) as store:
        found = []
        for run_id, name, status in store.execute("select run_uuid, name, status from runs order by start_time"):
            metrics: dict[str, dict[int, float]] = {}
            for key, step, value in store.execute("select key, step, value from metrics where run_uuid=?", (run_id,)):
                metrics.setdefault(key, {})[step] = value
            params = dict(store.execute("select key, value from params where run_uuid=?", (run_id,)))
            tags = dict(store.execute("select key, value from tags where run_uuid=?", (run_id,)))
            found.append(
                {"name": name, "status": status, "metrics": metrics, "params": params, "tags": tags, "id": run_id}
            )
    store.close()
    return found
