"""What a fit leaves in a tracking store, epoch after epoch."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from classvec.artifacts import RunCard, content_key
from classvec.fitting.fitted import EpochDone, FittedWeights, UnfinishedFit
from classvec.fitting.recipe import Epoch, best_epoch
from classvec.report.tracking import Content, TrackedData, TrackedRun, Tracking

log = logging.getLogger(__name__)


def tied(fitted: FittedWeights, tracking: Tracking, card: RunCard) -> None:
    """Ties the run of a fit that was done before to this sweep as well; one that its store lacks is logged again."""
    fit = UnfinishedFit(key=content_key(fitted.content), content=fitted.content, path=fitted.path)
    if tracking.tie(_started(fit, card)) is None:
        with tracked(fit, tracking, card) as epoch_done:
            for measured in fitted.history:
                epoch_done(measured)


def _started(unfinished: UnfinishedFit, card: RunCard) -> TrackedRun:
    """Returns what is known of a fit when it starts."""
    content = unfinished.content
    params = {f"fit.{name}": str(value) for name, value in content["settings"].items()}
    return TrackedRun(
        name=f"fit {card.choices['architecture']}",
        job=unfinished.key,
        sweep=card.sweep,
        owner=card.owner,
        tags={"weights.path": str(unfinished.path)},
        params={**{name: card.choices[name] for name in ("architecture", "data")}, **params},
    )


@contextmanager
def tracked(unfinished: UnfinishedFit, tracking: Tracking, card: RunCard) -> Iterator[EpochDone]:
    """Logs a fit while it goes on: curves with the epoch as step, and at the end the figures of the best epoch."""
    content, history = unfinished.content, list[Epoch]()
    with tracking.start(_started(unfinished, card)) as entry:
        entry.add(Content(data=TrackedData(name=card.data, digest=content["image_list_hash"], source=card.data_source)))

        def epoch_done(measured: Epoch) -> None:
            entry.add(Content(metrics=[(name, value, len(history)) for name, value in measured.items()]))
            history.append(measured)

        yield epoch_done
        best = history[best_epoch(history)]
        entry.add(Content(metrics=[(f"summary/{name.replace('/', '_')}", value, 0) for name, value in best.items()]))
    if entry.where:
        log.info("curves of the fit: %s", entry.where)
