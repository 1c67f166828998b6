"""From a composed configuration to the objects of a run, checked before the work begins."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from classvec import settings
from classvec.errors import InputError, unknown
from classvec.instantiate import instantiate, plain, require, targets

if TYPE_CHECKING:
    from classvec.analyses.standard import Analyses
    from classvec.analyses.subsets import SubsetRanking
    from classvec.artifacts import RunCard
    from classvec.data.labelled_images import LabelledImages
    from classvec.extraction.extractor import Extractor
    from classvec.fitting.fitter import Fitter
    from classvec.method.method import Method
    from classvec.networks.network import Architecture
    from classvec.ontology.taxonomy import Ontology
    from classvec.reconstruction.reconstructor import Reconstructor
    from classvec.report.tracking import Tracking
    from classvec.runs.identity import Job

GROUPS = [entry.name for entry in fields(settings.Run) if settings.meaning(settings.Run, entry.name) == settings.GROUP]
"""Groups of the configuration."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """What a configuration stands for, built.

    Attributes:
        architecture: The architecture, which builds the network on demand.
        extract: Layers to extract, low to top: all of the architecture's, and what else was asked for.
        images: The labelled images.
        extractor: Builds class vectors.
        fitter: Fits a network that has no weights.
        ontology: Names classes and the concepts above them.
        method: How class vectors are compared, clustered, named and scored.
        analyses: What is asked beyond the scores.
        reconstructor: Makes images of class vectors; None for none.
        tracking: Where runs are logged.
        card: How the run is known.
        image_vectors: Classes whose image vectors are to be written too.
        report: Whether to make the page of the run, and with which images.
        output: Hydra's output folder of this job.
        job: Finds the results of the same job, if it was done before.
        is_main_process: Whether this is the main process (rank 0), which continues after extraction.
    """

    architecture: "Architecture"
    extract: tuple[str, ...]
    images: "LabelledImages"
    extractor: "Extractor"
    fitter: "Fitter"
    ontology: "Ontology"
    method: "Method"
    analyses: "Analyses"
    reconstructor: "Reconstructor | None"
    tracking: "Tracking"
    card: "RunCard"
    image_vectors: tuple[str, ...]
    report: settings.Report
    output: Path
    job: "Job"
    is_main_process: bool


def build(cfg: DictConfig) -> Experiment:
    """Builds everything that a configuration names, and checks what can be checked before the work begins.

    Raises:
        InputError: If something does not fit, or is missing; the message says what to do.
        FileNotFoundError: If a file or folder is missing.
    """
    from classvec.data.labelled_images import LabelledImages
    from classvec.ontology.taxonomy import Ontology

    run = run_settings(cfg)
    network = architecture(cfg)
    chosen = layers(cfg, network)
    ontology = require(instantiate(cfg.ontology), Ontology, "ontology")
    images = require(instantiate(cfg.data, ontology=ontology), LabelledImages, "data")
    method = _method(cfg, run, chosen, len(images.classes))
    if strange := set(run.image_vectors) - set(images.classes):
        raise unknown("class in image_vectors", min(strange), images.classes)
    is_main, force = _process(cfg, run)
    output, sweep_id = job_folder()
    return Experiment(
        architecture=network,
        extract=tuple(dict.fromkeys([*network.named_layers, *method.layers])),
        images=images,
        extractor=instantiate(cfg.trainer),
        fitter=instantiate(cfg.fit),
        ontology=ontology,
        method=method,
        analyses=_analyses(cfg, chosen, len(images.classes)),
        reconstructor=instantiate(cfg.reconstruction),
        tracking=instantiate(cfg.tracking),
        card=_card(cfg, network, chosen, images.name, method, sweep_id),
        image_vectors=tuple(run.image_vectors),
        report=run.report,
        output=output,
        job=_job(cfg, method, output, force),
        is_main_process=is_main,
    )


def check(cfg: DictConfig) -> None:
    """Checks all values that have a schema, without importing anything heavy.

    Raises:
        InputError: If a value is missing, out of range or not finite; the message names the key.
    """
    run_settings(cfg)
    nodes = [cfg[group] for group in GROUPS]
    for node in [*nodes, cfg.layers.get("subsets"), cfg.reconstruction.get("judge")]:
        kind = OmegaConf.get_type(node) if isinstance(node, DictConfig) else None
        if isinstance(kind, type) and issubclass(kind, settings.Settings):
            kind(**plain(node))
    if cfg.reconstruction.get("judge") and not cfg.reconstruction.get("_target_"):
        raise InputError("a judge of reconstructions, but no reconstructions: add reconstruction=spectrum")


def run_settings(cfg: DictConfig) -> settings.Run:
    """Returns the keys at the top of a configuration, checked."""
    keys = plain(cfg)
    keys["chance"] = settings.Chance(**keys.get("chance", {}))
    keys["report"] = settings.Report(**keys.get("report", {}))
    return settings.Run(**{entry.name: keys[entry.name] for entry in fields(settings.Run) if entry.name in keys})


def architecture(cfg: DictConfig) -> "Architecture":
    """Builds the architecture alone; it loads no weights yet."""
    from classvec.networks.network import Architecture

    built = instantiate(cfg.architecture)
    if not isinstance(built, Architecture):
        raise InputError(f"architecture: expected a {Architecture.__module__}.Architecture, got {type(built).__name__}")
    return built


@dataclass(frozen=True, kw_only=True)
class LayerChoice:
    """The layers to compare classes by.

    Attributes:
        group: Name of the group that was asked for.
        names: The layers, low to top.
        weights: Layer to weight; None for equal weights.
        ranking: Ranks all subsets of these layers; None for none.
    """

    group: str
    names: list[str]
    weights: dict[str, float] | None
    ranking: "SubsetRanking | None"


def layers(cfg: DictConfig, network: "Architecture") -> LayerChoice:
    """Returns the layers to compare classes by, with the names that a group stands for.

    Raises:
        InputError: If no layer is named, one is named twice, there is no such group, or weights do not fit the layers.
    """
    chosen, groups = settings.Layers(**plain(cfg.layers)), network.layer_groups
    if chosen.names is None and chosen.name not in groups:
        raise unknown(f"group of layers of {network.name} in layers.name", chosen.name, groups)
    names = list(groups[chosen.name] if chosen.names is None else chosen.names)
    if not names or len(set(names)) != len(names):
        raise InputError(f"layers.names={names}: expected one or more layers, each once")
    weights = _layer_weights(chosen.weights, names)
    ranking = instantiate(cfg.layers.get("subsets"))
    if ranking and weights and min(weights.values()) == 0.0:
        raise InputError("layers.weights of 0 with layers=subsets: omit the layer with layers.names=[...]")
    return LayerChoice(group=chosen.name, names=names, weights=weights, ranking=ranking)


def _layer_weights(weights: Any, names: list[str]) -> dict[str, float] | None:
    if not weights:
        return None
    if not (isinstance(weights, dict) and all(isinstance(value, int | float) for value in weights.values())):
        raise InputError(
            f"layers.weights={weights}: expected a number for each layer, like 'layers.weights={{conv5_4:2}}'"
        )
    if strange := [name for name in weights if name not in names]:
        raise unknown("layer in layers.weights", strange[0], names)
    return {str(name): float(value) for name, value in weights.items()}


def _method(cfg: DictConfig, run: settings.Run, chosen: LayerChoice, n_classes: int) -> "Method":
    from classvec.artifacts import check_kind
    from classvec.method.clustering import Clustering, numbers_of_clusters
    from classvec.method.method import Method
    from classvec.method.similarity import Metric

    method = Method(
        layers=tuple(chosen.names),
        layer_weights=chosen.weights,
        metric=require(instantiate(cfg.metric), Metric, "metric"),
        clustering=require(instantiate(cfg.clustering), Clustering, "clustering"),
        chance=run.chance,
        runners_up=run.runners_up,
        neighbours=run.neighbours,
    )
    numbers_of_clusters(method.clustering.k, n_classes)  # what does not fit is reported before the work begins
    check_kind(method.metric.name, method.metric.kind, method.metric.power)
    return method


def _analyses(cfg: DictConfig, chosen: LayerChoice, n_classes: int) -> "Analyses":
    """Returns the analyses of the configuration; layers=subsets adds the ranking of all subsets."""
    from classvec.analyses.standard import Analyses

    built = instantiate(cfg.analysis)
    if not isinstance(built, Analyses):
        raise InputError(f"analysis: expected a {Analyses.__module__}.Analyses, got {type(built).__name__}")
    if chosen.ranking:
        built = replace(built, more={**built.more, "subsets": chosen.ranking})
    built.check(chosen.names, n_classes)
    return built


def _process(cfg: DictConfig, run: settings.Run) -> tuple[bool, bool]:
    """Returns whether this is the main process, and whether the job is computed even if it was done before.

    Of several processes that torchrun or SLURM started, the main one must not find its job done. They do not fit a
    network, which is the work of one process.
    """
    from classvec.extraction.processes import launched

    process = launched()
    several = process is not None and cfg.trainer.get("processes", 1) != 1
    if process is not None and several and cfg.architecture.get("weights") == "fit":
        raise InputError(
            f"architecture.weights=fit in {process.size} processes: fitting is the work of one; run train.py without "
            "torchrun or srun first, then give the weights it names with architecture.weights=FILE"
        )
    return not several or (process is not None and process.rank == 0), run.force or process is not None


def _job(cfg: DictConfig, method: "Method", output: Path, force: bool) -> "Job":
    from classvec.runs.identity import Job
    from classvec.sources import sources_of

    keys = _keys_with_effect(cfg)
    keys["layers"]["names"] = list(method.layers)  # of a group: they may follow from the network
    index = Path(cfg.outputs) / "finished"
    return Job(settings=keys, output=output, index=index, sources=sources_of(targets(keys)), force=force)


def _keys_with_effect(cfg: DictConfig) -> dict[str, Any]:
    """Returns the configuration without keys that cannot change what a job computes."""
    keys = {key: value for key, value in plain(cfg).items() if key not in settings.without_effect(settings.Run)}
    for kind in settings.SCHEMAS.values():
        if isinstance(node := keys.get(kind.group), dict):
            for name in settings.without_effect(kind):
                node.pop(name, None)
    if isinstance(judge := keys["reconstruction"].get("judge"), dict):
        judge.pop("weights", None)
    return keys


def _card(
    cfg: DictConfig, network: "Architecture", chosen: LayerChoice, data: str, method: "Method", sweep_id: str
) -> "RunCard":
    from classvec.artifacts import RunCard

    path = Path(network.weights or "none")
    weights = path.parent.name if path.name == "weights.safetensors" else path.name  # fitted ones are named by folder
    group = _group_name(network, chosen)
    return RunCard(
        name=f"{network.name} {group}".rstrip() + (f" ({weights})" if weights == "random" else ""),
        sweep_id=sweep_id,
        choices={
            "architecture": network.name,
            "weights": weights,
            "layers": group,
            "data": data,
            "metric": method.metric.name,
            "clustering": method.clustering.name,
        },
        data=data,
        data_source=str(cfg.data.get("root") or cfg.data._target_),
        config=OmegaConf.to_yaml(cfg, resolve=True),
        control=network.is_untrained,
    )


def _group_name(network: "Architecture", chosen: LayerChoice) -> str:
    """Returns what tables call the layers; nothing for a network of one layer."""
    if len(network.named_layers) == 1:
        return ""
    group = chosen.group if chosen.names == list(network.layer_groups.get(chosen.group, ())) else "+".join(chosen.names)
    group = f"subsets of {group}" if chosen.ranking else group
    return f"{group} {chosen.weights}" if chosen.weights else group


def job_folder() -> tuple[Path, str]:
    """Returns the output folder of this job, and an id that all jobs of one command share."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    hydra = HydraConfig.get()
    output = Path(hydra.runtime.output_dir)
    return output, output.parent.name if hydra.mode == RunMode.MULTIRUN else output.name
