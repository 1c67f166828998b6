"""From a composed configuration to the objects of a run, checked before the work begins."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from omegaconf import DictConfig, OmegaConf

from classvec import settings
from classvec.errors import InputError
from classvec.instantiate import instantiate, require, targets
from classvec.keys import keys_with_effect, run_settings
from classvec.layer_choice import LayerChoice, choose_layers, group_name

if TYPE_CHECKING:
    from classvec.analyses.standard import Analyses
    from classvec.artifacts import RunCard, Sweep
    from classvec.data.labelled_images import LabelledImages
    from classvec.extraction.extractor import Extractor
    from classvec.fitting.fitter import Fitter
    from classvec.method.method import Method
    from classvec.networks.network import Architecture
    from classvec.ontology.taxonomy import Ontology
    from classvec.reconstruction.reconstructor import Reconstructor
    from classvec.report.tracking import Tracking
    from classvec.runs.identity import Job

T = TypeVar("T")


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
    run = run_settings(cfg)
    tracking = instantiate(cfg.tracking)
    tracking.reach()
    from classvec.data.choice import named_classes
    from classvec.data.labelled_images import LabelledImages, own_names
    from classvec.ontology.taxonomy import Ontology

    network = architecture(cfg)
    chosen = choose_layers(cfg, network)
    ontology = require(instantiate(cfg.ontology), Ontology, "ontology")
    images = require(instantiate(cfg.data, ontology=ontology), LabelledImages, "data")
    method = _method(cfg, run, chosen, len(images.classes))
    classes = dict(zip(images.classes, images.classes, strict=True))
    named = named_classes("image_vectors", run.image_vectors, classes, own_names(images), ontology.resolve)
    extractor = instantiate(cfg.trainer)
    extractor.check(len(images.classes))
    is_main, force = _process(cfg, run)
    output, sweep = job_folder()
    return Experiment(
        architecture=network,
        extract=tuple(dict.fromkeys([*network.named_layers, *method.layers])),
        images=images,
        extractor=extractor,
        fitter=instantiate(cfg.fit),
        ontology=ontology,
        method=method,
        analyses=_analyses(cfg, chosen, len(images.classes)),
        reconstructor=instantiate(cfg.reconstruction),
        tracking=tracking,
        card=_card(cfg, network, chosen, images.name, method, sweep),
        image_vectors=tuple(dict.fromkeys(named)),
        report=run.report,
        output=output,
        job=_job(cfg, method, output, force),
        is_main_process=is_main,
    )


def architecture(cfg: DictConfig) -> "Architecture":
    """Builds the architecture alone; it loads no weights yet."""
    from classvec.networks.network import Architecture

    return _instance(cfg.architecture, Architecture, "architecture")


def _instance(node: DictConfig, kind: type[T], what: str) -> T:
    """Builds a node, which must make an instance of a class of ours."""
    built = instantiate(node)
    if not isinstance(built, kind):
        raise InputError(f"{what}: expected a {kind.__module__}.{kind.__name__}, got {type(built).__name__}")
    return built


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
    if hasattr(method.clustering, "check"):
        method.clustering.check(method.metric.name, method.metric.kind)
    return method


def _analyses(cfg: DictConfig, chosen: LayerChoice, n_classes: int) -> "Analyses":
    """Returns the analyses of the configuration; layers=subsets adds the ranking of all subsets."""
    from classvec.analyses.standard import Analyses
    from classvec.runs import card
    from classvec.runs.files import SIMILARITY

    built = _instance(cfg.analysis, Analyses, "analysis")
    if chosen.ranking and "subsets" in built.more:
        raise InputError("layers=subsets and analysis.more.subsets rank the same subsets: expected one of them")
    if chosen.ranking:
        built = replace(built, more={**built.more, "subsets": chosen.ranking})
    built.check(chosen.names, n_classes)
    for run in built.partial_out:
        if (run / SIMILARITY).is_file():  # a folder without one is refused where it is read
            card.check(run, SIMILARITY)
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

    keys = keys_with_effect(cfg)
    keys["layers"]["names"] = list(method.layers)  # of a group: they may follow from the network
    sources = sources_of(targets(keys))
    return Job(settings=keys, output=output, index=Path(cfg.outputs) / "finished", sources=sources, force=force)


def _card(
    cfg: DictConfig, network: "Architecture", chosen: LayerChoice, data: str, method: "Method", sweep: "Sweep"
) -> "RunCard":
    from classvec.artifacts import RunCard

    path = Path(network.weights or "none")
    weights = path.parent.name if path.name == "weights.safetensors" else path.name  # fitted ones are named by folder
    group = group_name(network, chosen)
    affinity = [str(chose)] if (chose := getattr(method.clustering, "affinity", None)) else []
    name = f"{network.name} {group}".rstrip() + (f" ({weights})" if weights == "random" else "")
    return RunCard(
        name=", ".join([name, *affinity]),
        sweep=sweep,
        choices={
            "architecture": network.name,
            "weights": weights,
            "layers": group,
            "data": data,
            "metric": method.metric.name,
            "clustering": " ".join([method.clustering.name, *affinity]),
        },
        data=data,
        data_source=str(cfg.data.get("root") or cfg.data._target_),
        config=OmegaConf.to_yaml(cfg, resolve=True),
        control=network.is_untrained,
    )


def job_folder() -> tuple[Path, "Sweep"]:
    """Returns the output folder of this job, and the command that it belongs to."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from classvec.runs import folder

    hydra = HydraConfig.get()
    output = Path(hydra.runtime.output_dir)
    in_sweep = hydra.mode == RunMode.MULTIRUN
    return output, folder.sweep_of(Path(hydra.sweep.dir))[0] if in_sweep else folder.new_sweep(output)
