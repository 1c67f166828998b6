"""Commands beside the two scripts: `python -m classvec layers ...`, `... sketches --out FILE.png` and `... ui`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from classvec.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m classvec", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    layers = commands.add_parser("layers", help="list a network's layers, shapes and feature counts; computes nothing")
    layers.add_argument("overrides", nargs="*", help="as for evaluate.py: architecture=vgg19 layers=top")
    layers.add_argument("--modules", action="store_true", help="list every module that can be named in layers.names")
    sketches = commands.add_parser("sketches", help="draw a contact sheet of the embedded data set")
    sketches.add_argument("--out", type=Path, required=True, help="PNG file to write")
    sketches.add_argument("--samples", type=int, default=2, help="images of each class (default: %(default)s)")
    sketches.add_argument("--seed", type=int, default=0, help="another seed gives other images")
    sketches.add_argument("--size", type=int, default=96, help="side of an image, pixels (default: %(default)s)")
    ui = commands.add_parser("ui", help="open MLflow's page on 127.0.0.1")
    ui.add_argument("--store", default="sqlite:///outputs/mlflow.db", help="tracking URI (default: %(default)s)")
    ui.add_argument("--port", type=int, default=5000)
    options = parser.parse_args(arguments)
    try:
        if options.command == "ui":
            return _ui(options.store, options.port)
        return _sketches(options) if options.command == "sketches" else _layers(options)
    except (InputError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _layers(options: argparse.Namespace) -> int:
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from classvec import config
    from classvec.report import layer_table

    try:
        cfg = config.compose(options.overrides)
        architecture = config.architecture(cfg)
    except (HydraException, OmegaConfBaseException) as error:
        raise InputError(config.explain(error, options.overrides)) from error
    from classvec.extraction import layer_shapes, module_shapes

    network = architecture.outline()
    shapes = module_shapes(network) if options.modules else layer_shapes(network, list(cfg.layers.names))
    rows = [(shape.name, shape.path, "x".join(map(str, shape.shape)), shape.n_features) for shape in shapes]
    print(layer_table(architecture.name, str(network.transform), rows, total=not options.modules))
    return 0


def _sketches(options: argparse.Namespace) -> int:
    from classvec.data.sketches.contact_sheet import save_contact_sheet

    save_contact_sheet(options.out, samples=options.samples, seed=options.seed, size=options.size)
    print(options.out)
    return 0


def _ui(store: str, port: int) -> int:
    from classvec.tracking import serve

    return serve(store, port)


if __name__ == "__main__":
    sys.exit(main())
