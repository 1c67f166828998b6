"""What a finished job leaves: plain files, pictures, a page, words on the terminal, and a tracked run."""

from pathlib import Path

from classvec import findings, report
from classvec.artifacts import Analysis, Cost, Evaluation, Reconstructions, RunCard
from classvec.data.labelled_images import LabelledImages
from classvec.page import run_page
from classvec.tracking import Record, Tracking


def publish(
    evaluation: Evaluation,
    analysis: Analysis,
    reconstructions: Reconstructions | None,
    *,
    card: RunCard,
    cost: Cost,
    folder: Path,
    tracking: Tracking,
    page: bool,
    thumbnails: LabelledImages | None,
) -> str:
    """Writes and logs all that a job found out.

    Args:
        evaluation: Clusters, names and scores.
        analysis: What was found beyond them.
        reconstructions: Images made from class vectors; None for none.
        card: How the run is known.
        cost: What the run took.
        folder: Where to write.
        tracking: Where to log.
        page: Whether to make the page of the run.
        thumbnails: Images to show on it; None for none.

    Returns:
        Words for the terminal.
    """
    pictures = {
        **report.write(evaluation, card, folder, cost),
        **findings.write(analysis, evaluation, card, folder),
    }
    series = report.write_reconstructions(reconstructions, card, folder) if reconstructions else {}
    if page:
        run_page.write(folder, thumbnails)
    record = Record(
        evaluation=evaluation,
        card=card,
        metrics=[*report.metrics(evaluation), *findings.metrics(analysis)],
        pictures=pictures,
        files=report.plain_files(folder),
        series=series,
    )
    words = [
        report.summary(evaluation, card, folder),
        findings.summary(analysis),
        report.scorecard(reconstructions) if reconstructions else "",
        tracking.log(record) or "",
    ]
    return "\n".join(text for text in words if text)
