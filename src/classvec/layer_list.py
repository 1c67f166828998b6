"""The layers of a network as a table, for people who choose some; computes nothing but shapes."""

from collections.abc import Sequence

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from classvec import app, build
from classvec.compose import compose
from classvec.errors import InputError
from classvec.explain import check, explain
from classvec.layer_choice import choose_layers


def layer_list(overrides: Sequence[str], config_dir: str | None, modules: bool) -> str:
    """Returns a network's layers with their shapes and feature counts.

    Args:
        overrides: As for evaluate.py.
        config_dir: The user's own configuration folder, if there is one.
        modules: Whether to list every module that can be named as a layer.

    Raises:
        InputError: If the configuration cannot be composed, or names an unknown layer.
    """
    app.import_beside(config_dir)
    check(overrides)
    try:
        cfg = compose(overrides, config_dir)
        architecture = build.architecture(cfg)
        names = choose_layers(cfg, architecture).names
    except (HydraException, OmegaConfBaseException) as error:
        raise InputError(explain(error, overrides, config_dir)) from error
    from classvec.extraction.layer_shapes import layer_shapes, module_shapes
    from classvec.report.text import layer_table

    network = architecture.outline()
    shapes = module_shapes(network) if modules else layer_shapes(network, names)
    rows = [(shape.name, shape.path, "x".join(map(str, shape.shape)), shape.n_features) for shape in shapes]
    return layer_table(architecture.name, str(network.transform), rows, total=not modules)
