"""The command line of evaluate.py and train.py: Hydra around a task, and errors that a person can use.

Nothing heavy is imported here, so that ``--help``, a typo and tab completion are answered at once.
"""

import difflib
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import make_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from classvec import settings
from classvec.errors import InputError
from classvec.instantiate import instantiate, plain, targets
from classvec.multirun import JobNotes

if TYPE_CHECKING:
    from classvec.sweep import Summary

PACKAGE = Path(__file__).parent
CHECKOUT = PACKAGE.parents[1]
CONF = CHECKOUT / "conf" if PACKAGE == CHECKOUT / "src" / "classvec" else PACKAGE / "conf"
"""A checkout reads its own conf/, an installed package the copy that its wheel brought."""
PATH, NAME, DIR = ("--config-path", "-cp"), ("--config-name", "-cn"), ("--config-dir", "-cd")
WITH_VALUE = (*PATH, *NAME, *DIR, "--package", "-p", "--cfg", "-c", "--info", "-i", "--experimental-rerun")
"""Options of Hydra's whose value is the next word, unless that is an override."""


def register() -> None:
    """Makes the settings known to Hydra, as ``schema_NAME``."""
    for name, kind in settings.SCHEMAS.items():
        ConfigStore.instance().store(name=f"schema_{name}", node=_schema(kind))


def _schema(kind: type[settings.Settings]) -> DictConfig:
    """Returns a settings class as a schema: it also takes a target, and can be written to."""
    if kind not in (settings.Run, settings.Layers):
        kind = make_dataclass(kind.__name__, [("_target_", str, MISSING)], bases=(kind,), frozen=True, kw_only=True)
    node: DictConfig = OmegaConf.structured(kind)
    for part in (node, *(node[name] for name in ("chance", "report") if name in node)):
        OmegaConf.set_readonly(part, False)
    return node


def main(task: Callable[[DictConfig], None]) -> Callable[[], None]:
    """Makes a command of a function of a configuration.

    A mistake of the user ends in one message and exit code 1; a mistake of ours in a stack trace.
    """

    def command() -> None:
        os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # Hydra then passes errors on, for us to print
        tune()
        try:
            config_dir = option(sys.argv[1:], *DIR)
            import_beside(config_dir)
            sys.argv[1:] = saved_run(options_first(sys.argv[1:] + _of_several(sys.argv[1:])), config_dir)
            try:
                hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(
                    _checked(task, config_dir)
                )()
            finally:
                if (folder := JobNotes.sweep) is not None:  # also where jobs failed, as far as the sweep came
                    JobNotes.sweep = None
                    print(summarise(folder, config_dir).text)  # noqa: T201
        except (HydraException, OmegaConfBaseException) as error:
            sys.exit(f"error: {explain(error, sys.argv[1:])}")
        except (InputError, OSError) as error:
            sys.exit(f"error: {error}")

    return command


def _checked(task: Callable[[DictConfig], None], config_dir: str | None) -> Callable[[DictConfig], None]:
    """Returns a task that runs a saved configuration only if it names known code."""
    is_saved = option(sys.argv[1:], *PATH) is not None

    @wraps(task)  # Hydra names the job after the task's module
    def checked(cfg: DictConfig) -> None:
        if is_saved:
            trust(cfg, config_dir)
        task(cfg)

    return checked


def tune() -> None:
    """Sets how PyTorch's threads wait, where the user has not; only before PyTorch is imported."""
    # Threads that spin on and on while they wait take the cores from the workers, or from other people: six times
    # slower. Those that sleep at once take long to wake: a fifth of GoogLeNet's time. So GNU's spin for some hundred
    # microseconds, mostly until the next layer, and then sleep; those of other libraries sleep.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "4000")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def option(arguments: Sequence[str], *names: str) -> str | None:
    """Returns the value of an option of Hydra's on a command line; None if it is not there."""
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in names:
            return value if equals else next(iter(arguments[position + 1 :]), None)
    return None


def options_first(arguments: Sequence[str]) -> list[str]:
    """Puts Hydra's options before the overrides: its parser takes no option between two overrides."""
    options: list[str] = []
    overrides: list[str] = []
    expects_value = False
    for word in arguments:
        is_value = expects_value and "=" not in word
        (options if word.startswith("-") or is_value else overrides).append(word)
        expects_value = word in WITH_VALUE
    return [*options, *overrides]


def import_beside(config_dir: str | None) -> None:
    """Puts the folder that holds the user's own configuration folder on the import path, also of processes to come."""
    if config_dir is None:
        return
    folder = str(Path(config_dir).resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (folder, os.environ.get("PYTHONPATH"))))


def trust(cfg: DictConfig, config_dir: str | None = None) -> None:
    """Refuses a saved configuration that names other code than conf/ and the user's own configuration folder do.

    It may have been written by somebody else, and whatever it names would be called.

    Raises:
        InputError: If it does.
    """
    folders = [CONF, *([Path(config_dir)] if config_dir else [])]
    files = [path for folder in folders for path in folder.rglob("*.yaml")]
    known = {name for path in files for name in targets(OmegaConf.to_container(OmegaConf.load(path)))}
    if strange := sorted(set(targets(OmegaConf.to_container(cfg))) - known):
        raise InputError(
            f"the saved configuration would call {', '.join(strange)}, which conf/ does not: if you trust it, name the "
            "folder of your own configuration with --config-dir"
        )


def saved_run(arguments: Sequence[str], config_dir: str | None = None) -> list[str]:
    """Completes a command line that runs a saved configuration, ``--config-path RUN/.hydra --config-name config``.

    Hydra keeps its own part of a configuration, with folders and callbacks, in another file; and to Hydra, a relative
    path starts from the script.

    Args:
        arguments: The command line, options first.
        config_dir: The user's own configuration folder, if there is one.

    Raises:
        InputError: If the configuration is not one that a run has saved, or names code that conf/ does not.
        FileNotFoundError: If there is none.
    """
    if (path := option(arguments, *PATH)) is None:
        return list(arguments)
    folder, name = Path(path).resolve(), (option(arguments, *NAME) or "config").removesuffix(".yaml")
    saved = OmegaConf.load(folder / f"{name}.yaml")
    if not isinstance(saved, DictConfig) or {"hydra", "defaults"} & set(saved):
        raise InputError(
            f"--config-path={path}: expected the folder .hydra of a run; for files of your own use --config-dir"
        )
    trust(saved, config_dir)
    own: Any = OmegaConf.to_container(OmegaConf.load(CONF / "config.yaml").hydra)
    added = {"hydra.run.dir": own["run"]["dir"], "hydra.sweep.dir": own["sweep"]["dir"]}
    added |= {f"+hydra.callbacks.{name}._target_": node["_target_"] for name, node in own["callbacks"].items()}
    given = {argument.partition("=")[0] for argument in arguments}
    return [
        f"--config-path={folder}",
        *_without(arguments, PATH),
        *(f"{key}={value}" for key, value in added.items() if key not in given),
    ]


def _without(arguments: Sequence[str], names: Sequence[str]) -> list[str]:
    """Returns a command line without an option and its value."""
    kept: list[str] = []
    skip = False
    for word in arguments:
        is_option = word.partition("=")[0] in names
        if not (is_option or skip):
            kept.append(word)
        skip = is_option and "=" not in word
    return kept


def _of_several(arguments: Sequence[str]) -> list[str]:
    """Returns what to add to the command line of one of several processes that torchrun or SLURM started.

    All but the first leave no folder, write no log, and print errors alone.

    Raises:
        InputError: If they would all do the same, or sweep.
    """
    from classvec.extraction.processes import launched

    process = launched()
    if process is None:
        return []
    if not any(argument.startswith("trainer=ddp") for argument in arguments):
        if "TORCHELASTIC_RUN_ID" in os.environ:
            raise InputError(f"torchrun started {process.size} processes, which would all do the same: add trainer=ddp")
        return []  # tasks of a SLURM job may be jobs of their own
    if {"-m", "--multirun"} & set(arguments):
        raise InputError(
            "a sweep (-m) in processes that torchrun or srun started: start one command for each job, or omit "
            "torchrun or srun, and trainer=ddp starts processes of its own on this machine for each job"
        )
    quiet = ["hydra.run.dir=.", "hydra.output_subdir=null", "hydra/job_logging=none", "hydra/hydra_logging=none"]
    return quiet if process.rank > 0 else []


def summarise(folder: Path, config_dir: str | None = None) -> "Summary":
    """Makes the summary of a sweep that was started, whether it came to its end or not.

    Args:
        folder: Hydra's folder of the sweep, ``outputs/sweeps/...``.
        config_dir: The user's own configuration folder, if there is one.

    Raises:
        InputError: If it is no such folder.
    """
    from classvec import sweep

    try:
        cfg = OmegaConf.load(folder / "multirun.yaml")
    except OSError as error:
        raise InputError(
            f"{folder} is no folder of a sweep: expected outputs/sweeps/..., with multirun.yaml"
        ) from error
    assert isinstance(cfg, DictConfig)
    trust(OmegaConf.create({"tracking": plain(cfg.tracking)}), config_dir)
    return sweep.summarise(folder, cfg.title or "", instantiate(cfg.tracking))


def explain(error: Exception, overrides: Sequence[str] = ()) -> str:
    """Returns Hydra's own message in one line, and the nearest name for a key or a choice that does not exist.

    Args:
        error: Hydra's or OmegaConf's error.
        overrides: The command line; which keys exist depends on the files that it chooses.
    """
    messages = [" ".join(str(error).split())]
    while (cause := error.__cause__) is not None:
        messages.append(" ".join(str(cause).split()))
        error = cause  # type: ignore[assignment]
    text = ": ".join(part for i, part in enumerate(messages) if not any(part in other for other in messages[:i]))
    found = re.search(r"Could not (override|find) '([^'@]+)", text)
    if found is None:
        return text
    try:
        known = _choices(found[2]) if found[1] == "find" else list(_keys(compose(_groups(overrides))))
    except (HydraException, OmegaConfBaseException):
        return text
    name = found[2].rpartition("/")[2] if found[1] == "find" else found[2]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return f"{text} - did you mean {near[0]}?" if near else text


def _choices(choice: str) -> list[str]:
    """Returns the files of the group that a choice such as ``architecture/vgg91`` names."""
    group = choice.rpartition("/")[0]
    return [path.stem for path in sorted((CONF / group).glob("*.yaml"))]


def _groups(overrides: Sequence[str]) -> list[str]:
    """Returns what overrides choose of the groups, of a sweep the first choice."""
    pairs = [(group, choices.split(",")[0]) for group, _, choices in (entry.partition("=") for entry in overrides)]
    return [f"{group}={choice}" for group, choice in pairs if (CONF / group / f"{choice}.yaml").is_file()]


def _keys(node: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(node, DictConfig):
        for key in map(str, node):
            yield f"{prefix}{key}"
            if not OmegaConf.is_missing(node, key) and not OmegaConf.is_interpolation(node, key):
                yield from _keys(node[key], f"{prefix}{key}.")


def compose(overrides: Sequence[str], config_dir: str | None = None) -> DictConfig:
    """Composes a configuration without running anything.

    Args:
        overrides: As on the command line.
        config_dir: A further folder of configuration files.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    GlobalHydra.instance().clear()
    beside = [f"hydra.searchpath=[{Path(config_dir).resolve()}]"] if config_dir else []
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        return hydra_compose("config", overrides=[*overrides, *beside])


register()  # when imported, since a parallel launcher's processes import this room and call nothing of it
