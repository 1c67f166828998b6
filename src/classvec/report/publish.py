"""What a finished job leaves: plain files, pictures, a page, words on the terminal, and a tracked run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from classvec import settings
from classvec.analyses.analysis import Result
from classvec.artifacts import Cost, Evaluation, Reconstructions, RunCard
from classvec.data.labelled_images import LabelledImages
from classvec.page import run_page
from classvec.report import evaluation as evaluations
from classvec.report import results
from classvec.report.text import scorecard, summary
from classvec.report.tracking import Tracking
from classvec.runs import files, folder

KEPT_IN_THE_FOLDER = (".npz", ".jpg")
"""Endings of files that a tracking store does not get: they are large, or on the page already."""


@dataclass(frozen=True)
class Outcome:
    """All that a job computed.

    Attributes:
        card: How the run is known.
        evaluation: Clusters, names and scores.
        results: What each analysis yielded.
        reconstructions: Images made from class vectors; None for none.
        cost: What the run took.
    """

    card: RunCard
    evaluation: Evaluation
    results: Sequence[Result] = ()
    reconstructions: Reconstructions | None = None
    cost: Cost | None = None


def publish(
    outcome: Outcome, output: Path, tracking: Tracking, report: settings.Report, images: LabelledImages | None
) -> str:
    """Writes and logs all that a job computed. What is logged is what was written now, never what lay there before.

    Args:
        outcome: What the job computed.
        output: Folder of the run.
        tracking: Where to log.
        report: Whether to make the page of the run, and with images.
        images: The labelled images, for the page.

    Returns:
        Words for the terminal.
    """
    card, evaluation, made = outcome.card, outcome.evaluation, outcome.reconstructions
    tables, charts = results.write(outcome.results, output)
    texts, pictures = evaluations.write(evaluation, card.name, output)
    pictures |= charts
    plain = [*files.write(evaluation, card.config, output), *texts, *tables]
    singles, series = results.write_reconstructions(made, card.name, output) if made else ([], {})
    of_series = [path for paths in series.values() for path in paths]
    shown = images if report.page and report.thumbnails else None
    page = [run_page.path(output)] if report.page else []
    sheet = [output / files.THUMBNAILS] if shown else []
    n_images = int(evaluation.vectors.n_images.sum())
    everything = [*plain, *pictures.values(), *singles, *of_series, *page, *sheet]
    folder.write_card(output, card, n_images, outcome.cost, everything)
    if report.page:
        run_page.write(output, shown)
    points = [*evaluations.metrics(evaluation), *(point for result in outcome.results for point in result.metrics)]
    logged = [path for path in everything if path.parent == output and path.suffix not in KEPT_IN_THE_FOLDER]
    of_pictures = {**{name: [path] for name, path in pictures.items()}, **series}
    where = tracking.log(evaluations.tracked(evaluation, card, points, logged, of_pictures))
    words = ["\n".join(["", *result.lines]) for result in outcome.results if result.lines]
    parts = [summary(evaluation, card, output), *words, scorecard(made) if made else "", where or ""]
    return "\n".join(part for part in parts if part)
