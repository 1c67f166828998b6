"""Writes the resolved configuration of every choice and experiment, as flat keys and values."""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf


def flat(node: Any, prefix: str = "") -> dict[str, Any]:
    """Returns key to value, for all leaves."""
    if isinstance(node, dict) and node:
        return {key: value for name, child in node.items() for key, value in flat(child, f"{prefix}{name}.").items()}
    return {prefix.rstrip("."): node}


def main(path: Path) -> None:
    """Composes each choice beside the defaults of everything else."""
    try:
        module = import_module("classvec.app")
    except ModuleNotFoundError:
        module = import_module("classvec.config")
    compose, conf = module.compose, module.CONF
    choices = sorted(f"{file.parent.name}={file.stem}" for file in conf.glob("*/*.yaml"))
    found = {}
    for choice in ["", *choices]:
        overrides = [choice] if choice else []
        group, _, name = choice.partition("=")
        if group in ("data", "experiment") and name != "sketches":
            overrides.append("data.root=ROOT") if name not in ("table1", "table2") else None
        cfg = compose(overrides)
        found[choice] = flat(OmegaConf.to_container(cfg, resolve=True))
    path.write_text(json.dumps(found, indent=1, default=str), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
