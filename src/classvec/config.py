"""From the command line to built objects: the schema of conf/, its errors, and the only `instantiate`.

Nothing heavy is imported here, so that ``--help``, a typo and tab completion answer at once.
"""

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from classvec.errors import InputError, unknown
from classvec.multirun import JobNotes
from classvec.schemas import OWN_SCHEMAS, Schema

if TYPE_CHECKING:
    from classvec.analysis.analyst import Analyst
    from classvec.analysis.subsets import SubsetRanking
    from classvec.artifacts import RunCard
    from classvec.data.labelled_images import LabelledImages
    from classvec.extraction import Extractor
    from classvec.fitting.fitter import Fitter
    from classvec.jobs import Job
    from classvec.networks.network import Architecture
    from classvec.ontology.taxonomy import Taxonomy
    from classvec.reconstruction.reconstructor import Reconstructor
    from classvec.sweep import Summary
    from classvec.tracking import Tracking

CONF = Path(__file__).parents[2] / "conf"
WITHOUT_EFFECT = ("outputs", "store", "weights", "tracking", "force", "title", "show", "printed")
"""Keys that cannot change what a job finds out. The weights count by their content, under another name."""

PLACES = {
    "trainer": ("store", "workers", "processes"),
    "fit": ("store", "workers"),
    "reconstruction": ("store",),
    "architecture": ("weights",),
    "data": ("root",),
}
"""Keys inside groups that cannot either, or that count by their content."""

ENDS = ("summary", "table3", "layers")
"""What evaluate.py can show at its end; for ``layers`` it computes nothing else."""


def register() -> None:
    """Makes the schemas known to Hydra, under the names that conf/config.yaml and the files of conf/data ask for."""
    ConfigStore.instance().store(name="schema", node=Schema)
    OmegaConf.register_new_resolver("proposed_layers", _proposed_layers, replace=True, use_cache=True)
    OmegaConf.register_new_resolver("proposed_group", _proposed_group, replace=True, use_cache=True)
    for schemas in OWN_SCHEMAS.values():
        for name, schema in schemas.items():
            ConfigStore.instance().store(name=f"schema_{name}", node=schema)


def _proposed_layers(source: str, name: str) -> dict[str, str]:
    """Resolves ``${proposed_layers:torchvision,resnet18}``: the ends of the stages of a network nobody described."""
    from functools import partial
    from importlib import import_module

    from classvec.networks.proposals import proposed_layers

    networks = import_module(f"classvec.networks.{source}_networks")
    return proposed_layers(partial(networks.module, name), networks.input_transform(name).crop)


def _proposed_group(source: str, name: str, group: str) -> list[str]:
    """Resolves ``${proposed_group:torchvision,resnet18,low}``."""
    from classvec.networks.proposals import proposed_groups

    return proposed_groups(list(_proposed_layers(source, name)))[group]


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """What a configuration stands for, built.

    Attributes:
        architecture: The architecture, which builds the network on demand.
        extract: Layers to extract, low to top: all of the architecture's, and what else was asked for.
        images: The labelled images.
        extractor: Builds class vectors.
        fitter: Fits a network that has no weights.
        taxonomy: Loads the concepts above some classes.
        analyst: Knows what to ask beyond the scores; None for nothing.
        ranking: Ranks all subsets of the layers; None for none.
        reconstructor: Makes images of class vectors; None for none.
        judge: A second network that looks at them; None for none.
        tracking: Where runs are logged.
        stages: What `pipeline.evaluate` and `pipeline.analyse` share: layers, their weights, metric, clustering.
        scoring: Further arguments of `pipeline.evaluate`: chance, runners-up, neighbours.
        card: How the run is known.
        image_vectors: Classes whose image vectors are to be written too.
        page: Whether to make the page of the run.
        thumbnails: Whether it may show images of the classes.
        output: Hydra's output folder of this job.
        job: Tells whether the job was done before.
        leads: Whether this process goes on after extraction; of several that torchrun or SLURM started only the first.
    """

    architecture: "Architecture"
    extract: tuple[str, ...]
    images: "LabelledImages"
    extractor: "Extractor"
    fitter: "Fitter"
    taxonomy: "Callable[[tuple[str, ...]], Taxonomy]"
    analyst: "Analyst | None"
    ranking: "SubsetRanking | None"
    reconstructor: "Reconstructor | None"
    judge: "Architecture | None"
    tracking: "Tracking"
    stages: dict[str, Any]
    scoring: dict[str, Any]
    card: "RunCard"
    image_vectors: tuple[str, ...]
    page: bool
    thumbnails: bool
    output: Path
    job: "Job"
    leads: bool


def architecture(cfg: DictConfig) -> "Architecture":
    """Builds the architecture alone; it loads no weights yet."""
    built: Architecture = _instantiate(cfg.architecture)
    return built


def _judge(cfg: DictConfig) -> "Architecture | None":
    """Builds the architecture that reconstruction.judge names, with the weights that are given for it."""
    name = OmegaConf.select(cfg, "reconstruction.judge")
    if name is None:
        return None
    path = CONF / "architecture" / f"{name}.yaml"
    if not path.is_file():
        raise unknown("architecture in reconstruction.judge", name, sorted(p.stem for p in path.parent.glob("*.yaml")))
    return architecture(OmegaConf.create({"architecture": OmegaConf.load(path), "weights": cfg.weights}))


def build(cfg: DictConfig) -> Experiment:
    """Builds everything that a configuration names, and checks what can be checked before the work begins.

    Raises:
        InputError: If something does not fit, or is missing; the message says what to do.
        FileNotFoundError: If a path leads nowhere.
    """
    from classvec.jobs import Job
    from classvec.processes import launched

    if OmegaConf.is_missing(cfg.data, "root"):
        raise InputError("data.root is not set: give data.root=DIR, a folder with one folder of images for each class")
    network = architecture(cfg)
    names = list(cfg.layers.names)
    if cfg.show not in ENDS:
        raise unknown("value of show", cfg.show, ENDS)
    if not names or len(set(names)) != len(names):
        raise InputError(f"layers.names must name layers, each once; found {names}")
    leads = _leads(cfg)
    anew = cfg.force or launched() is not None  # of several processes the first must not find its job done
    images = _instantiate(cfg.data)
    _check_numbers(cfg)
    clustering = _instantiate(_fitting_k(cfg.clustering, len(images.classes)))
    weights = _layer_weights(cfg.layers.weights)
    for name in weights or {}:
        if name not in names:
            raise unknown("layer in layers.weights", name, names)
    for class_id in cfg.image_vectors:
        if class_id not in images.classes:
            raise unknown("class in image_vectors", class_id, images.classes)
    ranking = _instantiate(cfg.layers.subsets) if cfg.layers.subsets else None
    if ranking is not None:
        ranking.check(names, len(images.classes))
        if weights and min(weights.values()) == 0.0:
            raise InputError("layers.weights of 0 with layers=subsets: leave the layer out with layers.names=[...]")
    output, sweep_id = _job()
    group = cfg.layers.name if names == network.groups.get(cfg.layers.name) else "+".join(names)
    group = f"subsets of {group}" if ranking else group
    group = group if len(network.layers) > 1 else ""
    return Experiment(
        architecture=network,
        extract=tuple(network.layers) + tuple(name for name in names if name not in network.layers),
        images=images,
        extractor=_instantiate(cfg.trainer),
        fitter=_instantiate(cfg.fit),
        taxonomy=_instantiate(cfg.ontology),
        analyst=_instantiate(cfg.analysis) if cfg.analysis._target_ else None,
        ranking=ranking,
        reconstructor=_instantiate(cfg.reconstruction) if cfg.reconstruction._target_ else None,
        judge=_judge(cfg),
        tracking=_instantiate(cfg.tracking),
        stages={
            "layers": names,
            "layer_weights": weights,
            "metric": _instantiate(cfg.metric),
            "clustering": clustering,
        },
        scoring={
            "chance_draws": cfg.chance.draws,
            "chance_seed": cfg.chance.seed,
            "runners_up": cfg.runners_up,
            "neighbours": cfg.neighbours,
        },
        card=_card(cfg, f"{group} {weights}" if weights else group, images.name, sweep_id),
        image_vectors=tuple(cfg.image_vectors),
        page=cfg.report.page,
        thumbnails=cfg.report.thumbnails,
        output=output,
        leads=leads,
        job=Job(settings=_settings(cfg), output=output, index=Path(cfg.outputs) / "finished", anew=anew),
    )


def _settings(cfg: DictConfig) -> dict[str, Any]:
    """Returns the configuration without what cannot change what a job finds out."""
    settings = {key: value for key, value in _plain(cfg).items() if key not in WITHOUT_EFFECT}
    for group, keys in PLACES.items():
        for key in keys:
            settings[group].pop(key, None)
    return settings


def _leads(cfg: DictConfig) -> bool:
    """Returns whether we are alone or the first of several processes; those do not fit, which is one process's work."""
    from classvec.processes import launched

    place = launched() if cfg.trainer.processes != 1 else None
    if place is not None and cfg.architecture.weights == "fit":
        raise InputError(
            f"architecture.weights=fit in {place.size} processes: fitting is the work of one; run train.py without "
            "torchrun or srun first, then give the weights it names with architecture.weights=FILE"
        )
    return place is None or place.rank == 0


def _of_several(arguments: Sequence[str]) -> list[str]:
    """Returns what to add to the command line of one of several processes that torchrun or SLURM started.

    All but the first leave no folder, write no log, and print errors alone.

    Raises:
        InputError: If they would all do the same, or sweep.
    """
    from classvec.processes import launched

    place = launched()
    if place is None:
        return []
    if not any(argument.startswith("trainer=ddp") for argument in arguments):
        if "TORCHELASTIC_RUN_ID" in os.environ:
            raise InputError(f"torchrun started {place.size} processes, which would all do the same: add trainer=ddp")
        return []  # tasks of a SLURM job may be jobs of their own
    if {"-m", "--multirun"} & set(arguments):
        raise InputError(
            "a sweep (-m) in processes that torchrun or srun started: start one command for each job, or leave out "
            "torchrun or srun, and trainer=ddp starts processes of its own on this machine for each job"
        )
    quiet = ["hydra.run.dir=.", "hydra.output_subdir=null", "hydra/job_logging=none", "hydra/hydra_logging=none"]
    return quiet if place.rank > 0 else []


def _fitting_k(clustering: DictConfig, n_classes: int) -> DictConfig:
    """Leaves out what the default k has beyond the number of classes, with a word; a k given by hand is kept."""
    from hydra.core.hydra_config import HydraConfig

    given = any(override.startswith("clustering.k=") for override in HydraConfig.get().overrides.task)
    fitting = [k for k in clustering.k if k < n_classes]
    if given or len(fitting) == len(clustering.k) or not fitting:
        return clustering
    logging.getLogger(__name__).info("%d classes: clusters for k = 2..%d only", n_classes, max(fitting))
    return OmegaConf.merge(clustering, {"k": fitting})  # type: ignore[return-value]


def _check_numbers(cfg: DictConfig) -> None:
    for key, least in (("chance.draws", 1), ("runners_up", 0), ("neighbours", 1)):
        if (value := OmegaConf.select(cfg, key)) < least:
            raise InputError(f"{key}={value}: wanted {least} or more")


def _layer_weights(weights: Any) -> dict[str, float] | None:
    if not weights:
        return None
    plain = OmegaConf.to_container(weights) if isinstance(weights, DictConfig) else weights
    if not isinstance(plain, dict) or not all(isinstance(value, int | float) for value in plain.values()):
        raise InputError(
            f"layers.weights={weights}: wanted a number for each layer, like 'layers.weights={{conv5_4:2}}'"
        )
    return {str(name): float(value) for name, value in plain.items()}


def _card(cfg: DictConfig, group: str, data: str, sweep_id: str) -> "RunCard":
    from hydra.core.hydra_config import HydraConfig

    from classvec.artifacts import RunCard

    choices = HydraConfig.get().runtime.choices
    path = Path(str(cfg.architecture.weights))
    weights = path.parent.name if path.name == "weights.safetensors" else path.name  # fitted ones tell by their folder
    return RunCard(
        name=f"{cfg.architecture.name} {group}".rstrip() + (f" ({weights})" if weights == "random" else ""),
        sweep_id=sweep_id,
        choices={
            "architecture": cfg.architecture.name,
            "weights": weights,
            "layers": group,
            "data": data,
            "metric": choices["metric"],
            "clustering": choices["clustering"],
        },
        data=data,
        data_source=str(OmegaConf.select(cfg, "data.root") or cfg.data._target_),
        config=OmegaConf.to_yaml(cfg, resolve=True),
    )


def _instantiate(node: DictConfig) -> Any:
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate

    try:
        return instantiate({key: value for key, value in _plain(node).items() if value is not None})
    except InstantiationException as error:
        cause = error.__cause__
        raise (cause if isinstance(cause, InputError | OSError) else error) from None


def _plain(node: DictConfig) -> dict[str, Any]:
    plain = OmegaConf.to_container(node, resolve=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def output() -> Path:
    """Returns Hydra's output folder of this job."""
    return _job()[0]


def _job() -> tuple[Path, str]:
    """Returns the output folder of this job, and an id that all jobs of one command share."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    settings = HydraConfig.get()
    output = Path(settings.runtime.output_dir)
    return output, output.parent.name if settings.mode == RunMode.MULTIRUN else output.name


def main(task: Callable[[DictConfig], None]) -> Callable[[], None]:
    """Makes a command of a function of a configuration: Hydra around it, and errors that a person can use.

    A mistake of the user ends in one message and exit code 1; a mistake of ours in a stack trace.
    """

    def command() -> None:
        os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # Hydra then passes errors on, for us to print
        tune()
        try:
            sys.argv += _of_several(sys.argv[1:])
            try:
                hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(task)()
            finally:
                if (folder := JobNotes.sweep) is not None:  # also where jobs failed, as far as the sweep came
                    JobNotes.sweep = None
                    print(summarise(folder).text)  # noqa: T201
        except (HydraException, OmegaConfBaseException) as error:
            sys.exit(f"error: {explain(error, sys.argv[1:])}")
        except (InputError, OSError) as error:
            sys.exit(f"error: {error}")

    return command


def tune() -> None:
    """Sets how PyTorch's threads wait, where the user has not; only before PyTorch is imported."""
    # Threads that spin on and on while they wait take the cores from the workers, or from other people: six times
    # slower. Those that sleep at once take long to wake: a fifth of GoogLeNet's time. So GNU's spin for some hundred
    # microseconds, mostly until the next layer, and then sleep; those of other libraries sleep.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "4000")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def summarise(folder: Path) -> "Summary":
    """Makes the summary of a sweep that was started, whether it came to its end or not.

    Args:
        folder: Hydra's folder of the sweep, ``outputs/sweeps/...``.

    Raises:
        InputError: If it is no such folder.
    """
    from classvec import sweep

    try:
        cfg = OmegaConf.load(folder / "multirun.yaml")
    except OSError as error:
        raise InputError(f"{folder} is no folder of a sweep: wanted outputs/sweeps/..., with multirun.yaml") from error
    return sweep.summarise(folder, cfg.title or "", _instantiate(cfg.tracking))


def explain(error: Exception, overrides: Sequence[str] = ()) -> str:
    """Turns Hydra's and OmegaConf's errors into one message, with the nearest name for a key that does not exist.

    Args:
        error: The error.
        overrides: The command line; which keys exist depends on the files it chooses, such as ``data=sketches``.
    """
    chain: list[BaseException] = [error]
    while chain[-1].__cause__ is not None:
        chain.append(chain[-1].__cause__)
    text = " ".join(line.strip() for line in str(error).splitlines() if line.strip())
    if match := re.search(r"Could not override '([^']+)'", text):
        key = match[1].split("@")[0]
        known = list(_keys(compose(_choices(overrides))))
        if key not in known and (owners := _owners(key)):
            group = key.partition(".")[0]
            owned = ", ".join(f"{group}={owner}" for owner in owners)
            return f"{group}={_chosen(group, overrides)} has no key {key!r}: it belongs to {owned}"
        if key not in known:
            return str(unknown("configuration key", key, sorted(known)))
    if match := re.search(r"Could not find 'hydra/launcher/([^'/]+)'", text):
        ours = ", ".join(path.stem for path in sorted((CONF / "hydra" / "launcher").glob("*.yaml")))
        return f"no launcher {match[1]!r}: known: {ours}; their plugins need pip install 'classvec[launchers]'"
    if match := re.search(r"Could not find '([^']+)/([^'/]+)'", text):
        return str(unknown(match[1], match[2], sorted(path.stem for path in (CONF / match[1]).glob("*.yaml"))))
    details = " ".join(line.strip() for line in str(chain[-1]).splitlines() if line.strip())
    return text if details in text else f"{text}: {details}"


def _owners(key: str) -> list[str]:
    """Returns the files of a group, other than the one chosen, that have a key of theirs such as ``data.root``."""
    group, _, name = key.partition(".")
    schemas = [f"/schema_{own}@" for own, schema in OWN_SCHEMAS.get(group, {}).items() if name in _fields(schema)]
    files = sorted((CONF / group).glob("*.yaml"))
    return [path.stem for path in files if any(schema in path.read_text(encoding="utf-8") for schema in schemas)]


def _fields(schema: type) -> set[str]:
    return {field.name for field in fields(schema)}


def _chosen(group: str, overrides: Sequence[str]) -> str:
    chosen = [choice.removeprefix(f"{group}=") for choice in _choices(overrides) if choice.startswith(f"{group}=")]
    defaults: dict[str, str] = {
        str(name): choice
        for entry in OmegaConf.load(CONF / "config.yaml").defaults
        if isinstance(entry, DictConfig)
        for name, choice in entry.items()
    }
    return chosen[-1] if chosen else defaults[group]


def _choices(overrides: Sequence[str]) -> list[str]:
    """Returns what overrides choose of the groups (of a sweep the first), since the keys depend on it."""
    pairs = [override.partition("=") for override in overrides]
    first = [(group, choices.split(",")[0]) for group, _, choices in pairs]
    return [f"{group}={choice}" for group, choice in first if (CONF / group / f"{choice}.yaml").is_file()]


def compose(overrides: list[str]) -> DictConfig:
    """Composes a configuration without running anything, for commands that need a part of it.

    Args:
        overrides: As on the command line.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    GlobalHydra.instance().clear()
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        return hydra_compose("config", overrides=overrides)


def _keys(node: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(node, DictConfig):
        for key in map(str, node):
            yield f"{prefix}{key}"
            if not OmegaConf.is_missing(node, key) and not OmegaConf.is_interpolation(node, key):
                yield from _keys(node[key], f"{prefix}{key}.")


register()  # when imported, since a parallel launcher's processes import this room and call nothing of it
