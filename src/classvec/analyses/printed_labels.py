"""How many of the labels that a paper prints for its clusters come out here?

A label is hit if a cluster of the same k has it as its best concept, or as one with the same classes. Each cluster
counts once, so a label that is printed twice needs two clusters. Second-best labels are not asked for.
"""

import difflib
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from classvec.analyses.analysis import AnalysisInput, Result
from classvec.artifacts import ClusterLabel
from classvec.errors import InputError

log = logging.getLogger(__name__)


class PrintedLabels:
    """Compares the names of the clusters with those that a paper prints.

    Args:
        printed: k to the labels printed for it, each the words of a concept; upper and lower case are the same.

    Raises:
        InputError: If there are none, or more than k for one k.
    """

    def __init__(self, printed: Mapping[int, Sequence[str]]) -> None:
        self.printed = {int(k): tuple(map(str, labels)) for k, labels in printed.items()}
        if not any(self.printed.values()):
            raise InputError("printed: expected k to the labels that the paper prints for k clusters, found none")
        for k, labels in self.printed.items():
            if len(labels) > k:
                raise InputError(f"printed.{k}: {len(labels)} labels for {k} clusters: expected at most {k}")

    def __call__(self, run: AnalysisInput) -> Result:
        """Counts the printed labels that are names of clusters."""
        clusters = run.evaluation.labels.clusters
        rows = [row for k, labels in self.printed.items() if k in clusters for row in _rows(k, labels, clusters[k])]
        hits, absent = sum(row["hit"] for row in rows), [k for k in self.printed if k not in clusters]
        each = [(k, [row["hit"] for row in rows if row["k"] == k]) for k in self.printed if k in clusters]
        lines = [f"{hits} of the paper's {len(rows)} labels are the best concept of a cluster of the same k."]
        if len(each) > 1:
            lines.append("; ".join(f"k = {k}: {sum(found)} of {len(found)}" for k, found in each))
        if absent:
            lines.append(f"Not counted, since they were not clustered: k = {', '.join(map(str, absent))}.")
        lines += self._strange(run)
        return Result(
            name="printed_labels",
            title="The labels that the paper prints",
            tables={"printed_labels": rows},
            metrics=[("summary/printed_labels", float(hits), 0)],
            lines=lines,
            summary={"printed labels": f"{hits} of {len(rows)}"},
        )

    def _strange(self, run: AnalysisInput) -> list[str]:
        """Returns a line for each printed label that no concept above the classes has, and warns of it.

        It is no error: a run over other classes than the paper's may lack a concept, and is worth finishing.
        """
        known = {concept.name.lower(): concept.name for concept in run.taxonomy.concepts.values()}
        lines = []
        for label in dict.fromkeys(label for labels in self.printed.values() for label in labels):
            if label.lower() not in known:
                near = [known[name] for name in difflib.get_close_matches(label.lower(), known, n=3, cutoff=0.7)]
                hint = f" (did you mean {' or '.join(near)}?)" if near else ""
                lines.append(f"No concept above these classes is called {label!r}{hint}: it cannot be hit.")
                log.warning("printed labels: %s", lines[-1])
        return lines


def _rows(k: int, printed: Sequence[str], clusters: Sequence[ClusterLabel]) -> list[dict[str, Any]]:
    """Returns a row for each label printed for k, with the cluster that has it, and its best concept."""
    free = list(clusters)
    rows = []
    for label in printed:
        found = next((cluster for cluster in free if label.lower() in _names(cluster)), None)
        if found is not None:
            free.remove(found)
        cluster, concept = ("", "") if found is None else (found.cluster, found.best.name)
        rows.append({"k": k, "printed": label, "hit": found is not None, "cluster": cluster, "concept": concept})
    return rows


def _names(cluster: ClusterLabel) -> set[str]:
    """Returns the words of a cluster's best concept and of those that hold exactly the same classes."""
    return {name.lower() for name in (cluster.best.name, *cluster.best.same_extent)}
