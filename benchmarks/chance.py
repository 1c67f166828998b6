"""What chance costs on ILSVRC's thousand classes: curves of all k and seeds, and labels."""

from argparse import Namespace

import numpy as np

from benchmarks.measure import Row, fastest
from classvec.data.class_ids import ilsvrc_classes
from classvec.method.chance import best_f1_of_size, chance_draws
from classvec.method.naming import ConceptNaming
from classvec.ontology import wordnet

K = range(2, 20)
SEEDS = 10
DRAWS, LABEL_DRAWS = 1000, 10_000
LOOPED = 5
"""Draws of the plain loop, whose time is given for `DRAWS`."""
LIMIT = 5.0


def rows(options: Namespace) -> list[Row]:
    """Measures the draws of curves against a plain loop over clusterings and against their limit, and those of labels.

    No two of the clusterings share a cluster, which is the slowest case: equal clusters are drawn once.
    """
    classes = ilsvrc_classes()[: options.classes]
    naming = ConceptNaming(wordnet.load(classes).extents(classes))
    k = [value for value in K if value < len(classes)]
    rng = np.random.default_rng(0)
    labels = np.array([[rng.permutation(np.arange(len(classes)) % value) for _ in range(SEEDS)] for value in k])
    sizes = sorted({int(size) for size in rng.integers(1, len(classes), sum(k))})

    def loop() -> None:
        for _ in range(LOOPED):
            order = rng.permutation(len(classes))
            for seeds in labels:
                np.mean([naming.best_f1(seed[order]).mean() for seed in seeds])

    seconds = fastest(
        {
            "curves": lambda: chance_draws(naming, labels, DRAWS, 0),
            "labels": lambda: best_f1_of_size(naming, sizes, LABEL_DRAWS, 0),
            "loop": loop,
        },
        options.repeats,
    )
    looped = seconds["loop"] * DRAWS / LOOPED
    name = f"{DRAWS:,} chance draws, {len(classes):,} classes, k = {k[0]}..{k[-1]}, {SEEDS} seeds"
    return [
        Row(name=name, ours=seconds["curves"], other=LIMIT, against="its limit", ratio=seconds["curves"] / LIMIT,
            target="<= 1"),
        Row(name=name, ours=seconds["curves"], other=looped, ratio=looped / seconds["curves"],
            against=f"a plain loop over the clusterings, from {LOOPED} draws"),
        Row(name=f"{LABEL_DRAWS:,} draws of random clusters of {len(sizes)} sizes, {len(classes):,} classes",
            ours=seconds["labels"], other=seconds["curves"], ratio=seconds["labels"] / seconds["curves"],
            against="the chance draws above"),
    ]  # fmt: skip
