"""A step of a reconstruction against the bare forward and backward pass of the same batch."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.inputs import architecture
from benchmarks.measure import Row, fastest
from classvec.artifacts import Target
from classvec.extraction.activations import Activations
from classvec.reconstruction.methods import Spectral
from classvec.reconstruction.objective import Objective, vectors


def rows(options: Namespace) -> list[Row]:
    """Measures steps of the default way, both passes on the same network, the same layers and the same device."""
    built = architecture("bvlc_googlenet", options.weights.get("bvlc_googlenet"))
    network, layers = built.network(), built.layer_groups["top"]
    device = torch.device("cuda" if options.accelerator == "gpu" else "cpu")
    network.module.to(device)
    size, n = network.transform.crop, options.reconstructions
    n_steps = options.steps * options.repeats
    inputs = torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(0)).to(device)
    with Activations(network.module, network.paths(layers)) as run:
        with torch.no_grad():
            means = {name: values[0].cpu().numpy() for name, values in vectors(network, run, inputs).items()}
        targets = [Target(key=str(i), name="", means=means, index=None) for i in range(n)]
        objective = Objective(network, run, targets, device)
        spectral = Spectral(store=Path(), steps=n_steps + 1)
        sources = [torch.Generator().manual_seed(i) for i in range(n)]
        prior = spectral.prior(sources, size).to(device)
        steps = spectral.solve(prior, lambda seen: objective(seen).mean(dim=0), sources, [spectral.steps])

        def ours() -> None:
            next(steps)

        def bare() -> None:
            leaf = inputs.clone().requires_grad_()
            torch.stack([values.sum() for values in run(leaf).values()]).sum().backward()  # type: ignore[no-untyped-call]
            if device.type == "cuda":
                torch.cuda.synchronize()

        ours()
        bare()
        competitors: dict[str, Callable[[], object]] = {"ours": ours, "bare": bare}
        seconds = fastest(competitors, n_steps)
    return [
        Row(
            name=f"a step of a reconstruction, {n} images, {' + '.join(layers)} of {network.name}",
            ours=seconds["ours"],
            other=seconds["bare"],
            against="bare forward and backward pass",
            ratio=seconds["ours"] / seconds["bare"],
            target="<= 1.25",
        )
    ]
