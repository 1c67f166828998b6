"""The page of one run, made from the files in its folder and therefore at any time."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from classvec.artifacts import (
    ConceptLabels,
    Similarity,
    adjusted_cell,
    p_words,
    write_text,
)
from classvec.class_map import positions, trustworthiness
from classvec.data.labelled_images import LabelledImages
from classvec.page.curves import curve_section
from classvec.page.document import Markup, document, fold, picture, section, table, text
from classvec.page.run_data import run_data
from classvec.page.thumbnails import write_thumbnails
from classvec.runs.files import THUMBNAILS, RunFiles, checked, read, read_rows

NAME = "report.html"
MOST_ROWS = 200
"""Rows up to which the page shows a table of an analysis; it names the file of a longer one."""


def path(folder: Path) -> Path:
    """Returns the file of a run's page."""
    return folder / NAME


def write(folder: Path, images: LabelledImages | None = None) -> Path:
    """Writes ``report.html`` into a run's folder; the same files give the same bytes.

    Args:
        folder: Output folder of a run.
        images: Its labelled images, for a sheet of thumbnails beside the page; None to use the one of the run.

    Returns:
        The page.

    Raises:
        InputError: If the folder holds no run, or a file in it is truncated.
    """
    if images is not None:
        write_thumbnails(images, folder / THUMBNAILS)
    files = read(folder)
    places = positions(files.similarity)
    parts = [
        _head(files),
        curve_section(files.scores),
        _clusters(files.labels),
        _matrix(files.similarity),
        _map(trustworthiness(files.similarity, places)),
        _one_class(files),
        _splits() if len(files.labels.clusters) > 1 else "",
        _reconstructions(files),
        *(_analysis(files.folder, content) for content in files.analyses),
        _card(files),
    ]
    page = document(files.card["name"], "\n".join(parts), run_data(files, places), ("charts.js", "run.js"))
    write_text(folder / NAME, page)
    return folder / NAME


def _head(files: RunFiles) -> str:
    scores, labels = files.scores, files.labels
    top = scores.best()
    figures: list[tuple[str, str]] = []
    if top is not None:
        p = p_words(scores.curve_p, scores.n_draws)
        figures += [
            (adjusted_cell(top.f1_adjusted), f"best adjusted F1, at k = {top.k}; {p}"),
            (f"{top.f1_mean:.3f}", f"mean F1 there; chance {top.f1_chance:.3f}"),
            (adjusted_cell(scores.mean_adjusted), f"adjusted F1, mean over k {scores.mean_interval}".rstrip()),
            (f"{top.seeds_ari:.2f}", f"adjusted Rand index of {len(files.seeds)} seeds there"),
        ]
    figures.append((f"{labels.n_standing_out} of {labels.n_labels}", "labels stand out from chance"))
    figures.append((f"{len(labels.classes):,}", f"classes of {files.card['choices'].get('data', 'the data')}"))
    if isinstance(images := files.card.get("images"), int):
        figures.append((f"{images:,}", "images"))
    tiles = "".join(f"<div><dd>{text(value)}</dd><dt>{text(words)}</dt></div>" for value, words in figures)
    caveat = files.scores.caveat()
    warning = f'<p class="warning">{text(caveat)}</p>' if caveat else ""
    return f'<header><h1>{text(files.card["name"])}</h1>\n<dl class="figures">{tiles}</dl>{warning}</header>' + (
        '<nav class="bar" aria-label="Number of clusters"><label for="k">clusters: k = <output id="k-shown"></output>'
        '</label><input type="range" id="k" min="0" step="1"></nav>'
    )


def _clusters(labels: ConceptLabels) -> str:
    return section(
        "clusters",
        "Clusters and their names",
        '<div class="wide" id="cluster-table"></div>',
        f"<p>Chance is the F1 to expect of as many random classes, p the share of {labels.n_draws:,} random draws that "
        f"reach the F1, q the same adjusted for all {labels.n_labels} labels of this run (Benjamini and Hochberg). "
        f"{text(labels.brackets())} The labels of a k are those of one clustering; mean F1 above is over all "
        "seeds.</p>",
    )


def _matrix(similarity: Similarity) -> str:
    return section(
        "matrix",
        "Similarity, sorted by cluster",
        '<div class="matrix"><div id="matrix-names" aria-hidden="true"></div><canvas id="matrix-canvas" tabindex="0" '
        'role="img" aria-label="Similarity matrix of the classes; move with the arrow keys"></canvas></div>',
        '<p id="matrix-words" aria-live="polite">Point at the matrix, or use the arrow keys, to read who is compared '
        "with whom.</p>",
        f"<p>{text(similarity.metric)} ({text(similarity.kind)}) over {text(', '.join(similarity.layers))}. Within a "
        "cluster the most typical classes come first.</p>",
    )


def _map(trusted: tuple[float, int] | None) -> str:
    words = ""
    if trusted is not None:
        words = (
            f"<p>Trustworthiness {trusted[0]:.2f}: whether the nearest to each class on the map, {trusted[1]} of them, "
            "are also the most similar to it. 1 is best; places drawn at random have about 0.5.</p>"
        )
    return section(
        "map",
        "Map of the classes",
        '<div class="chart tall" id="map-chart" role="img" aria-label="Map of the classes; search for a class below to '
        'read its neighbours"></div>',
        "<p>t-SNE of the distances. Who is near whom means something; the axes, the sizes of groups and the distances "
        "between them do not.</p>",
        words,
    )


def _one_class(files: RunFiles) -> str:
    pairs = zip(files.labels.class_names, files.labels.classes, strict=True)
    options = "".join(f'<option value="{text(f"{name} ({class_id})")}">' for name, class_id in pairs)
    return section(
        "class",
        "One class, its neighbours and its clusters",
        '<p><label for="search">Class </label><input id="search" list="all-classes" type="search" size="40" '
        f'autocomplete="off"><datalist id="all-classes">{options}</datalist></p>',
        '<div id="class-found" aria-live="polite"></div>',
    )


def _splits() -> str:
    return section(
        "splits",
        "How the clusters split",
        '<div class="chart tall" id="splits-chart" role="img" aria-label="Flow of classes from the clusters of one k '
        'to those of the next"></div>',
        "<p>From left to right one more cluster each time, up to the k chosen above, seven steps at most; the width of "
        "a band is its number of classes.</p>",
    )


def _reconstructions(files: RunFiles) -> str:
    if not files.reconstructions:
        return ""
    named = dict(zip(files.labels.classes, files.labels.class_names, strict=True))
    singles = [files.folder / name for name in files.card["files"] if Path(name).parent.as_posix() == "reconstructions"]
    images = [picture(one, f"Reconstruction of {named.get(one.stem, one.stem)}", one.stem) for one in singles]
    table_rows = [list(row.values()) for row in files.reconstructions]
    return section(
        "reconstructions",
        "Images made from class vectors",
        picture(files.folder / "reconstructions.png", "Reconstructed images beside real ones, with their figures"),
        fold("The scorecard", table(list(files.reconstructions[0]), table_rows)),
        fold("Each image", f'<div class="grid">{"".join(images)}</div>'),
    )


def _analysis(folder: Path, content: Mapping[str, Any]) -> str:
    """Returns the section of an analysis: its pictures, its lines of text, its values and its tables."""
    parts = [picture(folder / name, caption, caption) for name, caption in content["pictures"].items()]
    if content["lines"]:
        parts.append(f"<pre>{text(chr(10).join(content['lines']))}</pre>")
    if content["values"]:
        parts.append(fold("Values", f"<pre>{text(json.dumps(content['values'], indent=1))}</pre>"))
    for name in content["tables"]:
        found = checked(folder / name, read_rows)
        if len(found) > MOST_ROWS:
            parts.append(f"<p>{text(name)} in the folder of the run has {len(found):,} rows.</p>")
        elif found:
            parts.append(fold(name, table(list(found[0]), [list(row.values()) for row in found])))
    return section(f"analysis-{content['name']}", content["title"], *parts)


def _card(files: RunFiles) -> str:
    known = files.provenance
    versions = known.get("versions", {})
    rows: dict[str, object] = {
        **files.card["choices"],
        "layers": ", ".join(files.similarity.layers),
        "weights, SHA-256": known.get("weights_hash"),
        "image list, SHA-256": known.get("image_list_hash"),
        "input": known.get("transform"),
        "concepts": known.get("ontology"),
        "affinity": known.get("affinity"),
        "seeds of the clusterings": ", ".join(map(str, files.seeds)),
        "chance": f"{files.scores.n_draws:,} permutations; {files.labels.n_draws:,} random clusters of each size",
        "seed of chance": known.get("chance_seed"),
        "computed on": known.get("device"),
        "versions": ", ".join(f"{name} {value}" for name, value in versions.items()),
        "time": _words(files.card.get("wall_seconds"), "{:,.0f} s, class vectors included where this run made them"),
        "memory": _words(
            files.card.get("process_max_rss_mib"),
            "{:,.0f} MiB resident at most in the main process, memory-mapped files included (ru_maxrss)",
        ),
        "sweep": files.card.get("sweep_id"),
    }
    lines = [(Markup(f"<b>{text(name)}</b>"), value) for name, value in rows.items() if value not in (None, "")]
    everything = [(name, value) for name, value in sorted(known.items())]
    return section(
        "card",
        "Run card",
        table(("what", "value"), lines),
        fold("Provenance", table(("what", "value"), everything)),
        fold("The whole configuration", f"<pre>{text(files.config)}</pre>"),
    )


def _words(value: object, form: str) -> str | None:
    return form.format(value) if isinstance(value, int | float) else None
