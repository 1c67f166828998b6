"""What a job leaves, written and logged as it comes: plain files, pictures, a page, and a tracked run."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from classvec import settings
from classvec.analyses.analysis import Result
from classvec.artifacts import Cost, Evaluation, Reconstructions, RunCard, write_text
from classvec.data.labelled_images import LabelledImages
from classvec.page import run_page
from classvec.report import evaluation as evaluations
from classvec.report import record, results
from classvec.report.text import scorecard, summary
from classvec.report.tracking import Content, RunLog
from classvec.runs import card as cards
from classvec.runs import files

KEPT_IN_THE_FOLDER = (".npz", ".jpg")
"""Endings of files that a tracking store does not get: they are large, or on the page already."""


class Publication:
    """The files of one run, and its log. What is logged is what was written now, never what lay there before.

    ``run.json`` lists the files from the first stage on, so that those of a run that was killed can be told as well.

    Args:
        card: How the run is known.
        output: Folder of the run.
        log: Its log in a tracking store.
        report: Whether to make the page of the run, and with images.
        images: The labelled images, for the page.
    """

    def __init__(
        self, card: RunCard, output: Path, log: RunLog, report: settings.Report, images: LabelledImages
    ) -> None:
        self._card, self._output, self._log, self._report, self._images = card, output, log, report, images
        self._files: dict[Path, str | None] = {}
        self._content = Content()
        self._text: list[str] = []
        self._n_images = len(images.labels)

    def evaluation(self, evaluation: Evaluation) -> None:
        """Writes clusters, names and scores."""
        texts, pictures = evaluations.write(evaluation, self._card.name, self._output)
        plain = [*files.write(evaluation, self._card.config, self._output), *texts]
        shown = {name: [path] for name, path in pictures.items()}
        logged = self._written([*plain, *pictures.values()])
        self._add(evaluations.content(evaluation, self._card, logged, shown))
        self._text.append(summary(evaluation, self._card))

    def results(self, found: Sequence[Result]) -> None:
        """Writes what the analyses yielded."""
        tables, charts = results.write(found, self._output)
        shown = {name: [path] for name, path in charts.items()}
        points = [point for result in found for point in result.metrics]
        self._add(Content(metrics=points, files=self._written([*tables, *charts.values()]), images=shown))
        self._text += ["\n".join(["", *result.lines]) for result in found if result.lines]

    def reconstructions(self, made: Reconstructions | None) -> None:
        """Writes images made from class vectors; None for none."""
        if made is None:
            return
        singles, series = results.write_reconstructions(made, self._card.name, self._output)
        of_series = [path for paths in series.values() for path in paths]
        self._add(Content(files=self._written([*singles, *of_series]), images=series))
        self._text.append(scorecard(made))

    def finish(self, cost: Cost) -> str:
        """Writes the page, what is printed, and the record of what is logged; then the folder is whole.

        Args:
            cost: What the run took.

        Returns:
            Words for the terminal.
        """
        shown = self._images if self._report.page and self._report.thumbnails else None
        page = [run_page.path(self._output)] if self._report.page else []
        sheet = [self._output / files.THUMBNAILS] if shown else []
        if page:
            self._files |= dict.fromkeys([*page, *sheet])
            self._listed(cost)  # the page shows what the run took, and its pictures
            run_page.write(self._output, shown)
        logged = self._written([*page, *sheet], cost)
        self._add(Content(files=logged))
        text = "\n".join(part for part in self._text if part)
        write_text(self._output / files.SUMMARY, text + "\n")
        tracked = record.save(self._card, self._content, self._output)
        self._written([self._output / files.SUMMARY, tracked], cost)
        return text

    def _written(self, paths: Sequence[Path], cost: Cost | None = None) -> list[Path]:
        """Lists files that were just written in ``run.json``; returns those that a tracking store gets."""
        self._files |= {path: cards.kept(path) for path in paths}
        self._listed(cost)
        return [path for path in paths if path.parent == self._output and path.suffix not in KEPT_IN_THE_FOLDER]

    def _listed(self, cost: Cost | None) -> None:
        cards.write_card(self._output, self._card, self._n_images, cost, self._files)

    def _add(self, content: Content) -> None:
        self._content += content
        self._log.add(content)


def printed(folder: Path) -> str:
    """Returns what a run has printed, from its folder; empty for one of an earlier version, which did not keep it."""
    kept = folder / files.SUMMARY
    return kept.read_text(encoding="utf-8").rstrip("\n") if files.SUMMARY in cards.read_card(folder)["files"] else ""


def places(folder: Path) -> str:
    """Returns where the page and the files of a run lie."""
    page = run_page.path(folder)
    return "\n".join([*([f"Page: {page}"] if page.exists() else []), f"Files: {folder}"])


def words(log: RunLog, output: Path, store: str | None = None) -> str:
    """Returns where to see a run in its tracking store, or what to do if it is not there.

    Args:
        log: The log of the run.
        output: Folder of the run.
        store: The store, if it is not the one that the run names.
    """
    if log.problem:
        again = ["python", "-m", "classvec", "log", str(output), *(["--store", store] if store else [])]
        return f"Not logged ({log.problem})\nTo log it later: {shlex.join(again)}"
    return log.where
