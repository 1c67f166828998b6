"""What is asked about a run beyond its scores, and in which order."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from classvec import settings
from classvec.analysis.agreement import FEWEST, against, between
from classvec.analysis.depth import concepts_by_depth
from classvec.analysis.genealogy import genealogy
from classvec.analysis.stability import over_seeds, stability
from classvec.artifacts import Analysis, Clusterings, Depth, Evaluation, Float64, Similarity, Stability
from classvec.clustering import Clustering, cluster
from classvec.errors import InputError
from classvec.labelling import ConceptNaming
from classvec.ontology.similarities import corpus_information, similarities
from classvec.ontology.taxonomy import Taxonomy

log = logging.getLogger(__name__)
COMBINED = "combined"
"""What all layers of a run together are called beside the single ones."""


@dataclass(frozen=True, kw_only=True)
class Analyst(settings.Analysis):
    """Compares similarity with WordNet's, layers with each other, halves of the images, and successive clusterings."""

    def wants(self, n_classes: int) -> bool:
        """Returns whether to compare matrices of so many classes; if not, only analyses that need no matrix run."""
        return FEWEST <= n_classes <= self.most_classes

    def __call__(
        self,
        evaluation: Evaluation,
        layers: Mapping[str, Similarity],
        halves: tuple[Similarity, Similarity] | None,
        clustering: Clustering,
        taxonomy: Taxonomy,
    ) -> Analysis:
        """Finds out about one run.

        Args:
            evaluation: What the run found.
            layers: Layer, low to top, to the likeness of the classes over it alone.
            halves: Likeness by each of two halves of the images; None where the store has none.
            clustering: How the run clusters.
            taxonomy: The concepts above the classes.
        """
        classes = evaluation.similarity.classes
        if not self.wants(len(classes)):
            log.warning(
                "no agreement, depth and genealogy of %d classes: they take %d to %d (analysis.most_classes)",
                len(classes), FEWEST, self.most_classes,
            )  # fmt: skip
            return Analysis(stability=Stability(seeds=over_seeds(evaluation.clusterings)))
        fewer = partial(cluster, clustering, seeds=self.seeds)
        references = self._references(taxonomy, classes)
        of_layers = self._clusterings(layers, fewer) if self.depth else {}
        compared = {COMBINED: evaluation.similarity, **(layers if len(layers) > 1 else {})}
        log.info("agreement of %d layers with %s", len(layers), ", ".join(references))
        return Analysis(
            agreement=against({n: s.likeness for n, s in compared.items()}, references, self.permutations, self.seed),
            layers=between(layers, of_layers, self.permutations, self.seed),
            stability=stability(evaluation.clusterings, halves, fewer, self.permutations, self.seed),
            genealogy=genealogy(evaluation.labels, evaluation.similarity, references["path"]),
            depth=self._depth(of_layers, taxonomy) if of_layers else None,
        )

    def _depth(self, of_layers: Mapping[str, Clusterings], taxonomy: Taxonomy) -> Depth:
        naming = ConceptNaming(taxonomy.extents(next(iter(of_layers.values())).classes))
        return concepts_by_depth(naming, of_layers, self.draws, self.seed, self.least)

    def _references(self, taxonomy: Taxonomy, classes: Sequence[str]) -> dict[str, Float64]:
        counts = None if self.information is None else corpus_information(Path(self.information), taxonomy)
        return similarities(taxonomy, classes, counts)

    def _clusterings(
        self, layers: Mapping[str, Similarity], clustering: Callable[[Similarity], Clusterings]
    ) -> dict[str, Clusterings]:
        found = {}
        for name, similarity in layers.items():
            try:
                found[name] = clustering(similarity)
            except InputError as error:
                log.warning("layer %s is left out of the concepts by depth: %s", name, error)
            else:
                log.info("clusters of layer %s alone", name)
        return found
