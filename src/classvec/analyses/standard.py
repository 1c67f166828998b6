"""The analyses of a run, in their order: those that come with the package, then the user's own."""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from classvec import settings
from classvec.analyses.analysis import Analysis, AnalysisInput, Result
from classvec.analyses.cluster_tree import cluster_tree
from classvec.analyses.depth import depth
from classvec.analyses.genealogy import genealogy
from classvec.analyses.layer_similarity import layer_similarity
from classvec.analyses.ontology_correlation import ontology_correlation
from classvec.analyses.own_matrices import controls, matrix_file, references
from classvec.analyses.permutation import FEWEST_CLASSES
from classvec.analyses.stability import stability
from classvec.artifacts import INTERVAL
from classvec.errors import InputError
from classvec.ontology.taxonomy import Taxonomy

log = logging.getLogger(__name__)
NAME = re.compile(r"\w[\w.-]*")
RESERVED = {
    "analyses", "clusterings", "config", "error", "f1", "finished", "half_samples", "job", "labels", "matrix",
    "neighbours", "provenance", "reconstructions", "report", "run", "scores", "similarity", "table3", "thumbnails",
}  # fmt: skip
"""Names of the files that every run writes."""
COLUMNS = {"run", "best adjusted F1", "at k", "p", "mean over k", INTERVAL, "state", "results"}
"""Columns that the summary of every sweep has."""
STANDARD: Sequence[Analysis] = (ontology_correlation, layer_similarity, stability, genealogy, cluster_tree)


@dataclass(frozen=True, kw_only=True)
class Analyses(settings.Analysis):
    """Similarity against the ontology's, layers against layers, stability of clusters, how they split; and more."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, analysis in self.more.items():
            if not callable(analysis):
                raise InputError(f"analysis.more.{name}: expected a _target_ whose result can be called with a run")

    def check(self, layers: Sequence[str], n_classes: int) -> None:
        """Refuses a run before the work begins; so may those of the user's analyses that have a method ``check``.

        Args:
            layers: The layers of the run.
            n_classes: Its number of classes.

        Raises:
            InputError: If it cannot be analysed as asked.
        """
        if (self.reference or self.partial_out) and not FEWEST_CLASSES <= n_classes <= self.most_classes:
            raise InputError(
                f"analysis.reference and partial_out compare matrices, which takes {FEWEST_CLASSES} to "
                f"{self.most_classes:,} classes (analysis.most_classes), and there are {n_classes:,}"
            )
        for analysis in self.more.values():
            if hasattr(analysis, "check"):
                analysis.check(layers, n_classes)

    def check_matrices(self, taxonomy: Taxonomy, classes: Sequence[str]) -> None:
        """Reads the user's own matrices, so that one that does not fit is known before the work begins.

        Args:
            taxonomy: Has the names of the classes.
            classes: Ids of the classes, in their order.

        Raises:
            InputError: If one does not fit.
        """
        references(self.reference, taxonomy, classes)
        controls(self.partial_out, taxonomy, classes)

    @property
    def matrix_files(self) -> list[tuple[str, Path]]:
        """Name and file of each of the user's own matrices, and of each that is taken out."""
        return [(path.stem, matrix_file(path)) for path in (*self.reference, *self.partial_out)]

    @property
    def chosen(self) -> list[Analysis]:
        """The analyses to run."""
        ours = [*STANDARD, *([depth] if self.depth else [])] if self.standard else []
        return [*ours, *self.more.values()]

    def __call__(self, run: AnalysisInput) -> Iterator[Result]:
        """Runs them one after the other.

        Args:
            run: The run.

        Yields:
            What each yields, if it applies to the run.

        Raises:
            InputError: If two yield results of the same name, or one something else than a result, or a name that is
                taken or cannot be that of a file.
        """
        if self.standard and not run.compares_matrices:
            log.warning(
                "%d classes: only analyses that need no matrix run; the others take %d to %d (analysis.most_classes)",
                len(run.classes), FEWEST_CLASSES, self.most_classes,
            )  # fmt: skip
        seen, columns = set[str](), COLUMNS
        for result in filter(None, (analysis(run) for analysis in self.chosen)):
            if not isinstance(result, Result):
                raise InputError(
                    f"an analysis returned a {type(result).__name__}: expected a {Result.__module__}.Result"
                )
            files = {result.name, *result.tables, *result.charts}
            for name in sorted(files):
                if not NAME.fullmatch(name) or name in RESERVED:
                    raise InputError(
                        f"an analysis yields {name!r}: expected letters and digits, and no file of the run's"
                    )
            if twice := (seen & files) | (columns & set(result.summary)):
                raise InputError(f"two analyses yield {min(twice)!r}: expected names that are unique within a run")
            seen, columns = seen | files, columns | set(result.summary)
            yield result
