"""The command line of evaluate.py and train.py: Hydra around a task, and errors that a person can use.

Nothing heavy is imported here, so that ``--help``, a typo and tab completion are answered at once.
"""

import difflib
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from classvec import keys, saved
from classvec.compose import CONF, choices, compose
from classvec.errors import InputError
from classvec.instantiate import instantiate
from classvec.runs import callback
from classvec.runs.callback import JobNotes
from classvec.settings import SCHEMAS
from classvec.signals import Stopped, outlive_readers, stopping

WITH_VALUE = (*saved.PATH, *saved.NAME, *saved.DIR, "--package", "-p", "--cfg", "-c", "--info", "-i",
              "--experimental-rerun")  # fmt: skip
"""Options of Hydra's whose value is the next word, unless that is an override."""


def main(task: Callable[[DictConfig], None]) -> Callable[[], None]:
    """Makes a command of a function of a configuration.

    A mistake of the user ends in one message and exit code 1; a mistake of ours in a stack trace; a signal in one line
    and the exit code that belongs to it.
    """

    def command() -> None:
        os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # Hydra then passes errors on, for us to print
        logging.raiseExceptions = False  # a log that cannot be written, on a full disk, is no reason for a stack trace
        tune()
        with command_line():
            _run(task)

    return command


@contextmanager
def command_line() -> Iterator[None]:
    """Ends the program in one line, with the usual exit code, if it is asked to end."""
    outlive_readers()
    with stopping(_last_words):
        try:
            yield
        except Stopped as stopped:
            _last_words(str(stopped))
            raise


def _last_words(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201
    callback.stop(line)


def _run(task: Callable[[DictConfig], None]) -> None:
    """Runs a task with the configuration of the command line."""
    config_dir = None
    try:
        arguments = options_first(sys.argv[1:])
        config_dir = saved.option(arguments, saved.DIR)
        import_beside(config_dir)
        sys.argv[1:] = saved.completed(options_first(arguments + _of_several(arguments)), config_dir)
        try:
            hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(_checked(task, config_dir))()
        except Exception:  # the summary is made also where jobs failed, as far as the sweep came
            with suppress(InputError, OSError):  # without a job there is none
                _print_summary()
            raise
        _print_summary()
    except (HydraException, OmegaConfBaseException) as error:
        sys.exit(f"error: {explain(error, sys.argv[1:], config_dir)}")
    except (InputError, OSError) as error:
        sys.exit(f"error: {error}")


def _checked(task: Callable[[DictConfig], None], config_dir: str | None) -> Callable[[DictConfig], None]:
    """Returns a task that checks its configuration first, and runs a saved one only if it names known code."""
    is_saved = saved.option(sys.argv[1:], saved.PATH) is not None

    @wraps(task)  # Hydra names the job after the task's module
    def checked(cfg: DictConfig) -> None:
        if is_saved:
            saved.trust(cfg, config_dir)
        keys.check(cfg)
        try:
            with stopping(callback.stop):  # in a process of a launcher; else we are within such a block
                task(cfg)
        except Stopped as stopped:
            callback.stop(str(stopped))
            raise

    return checked


def tune() -> None:
    """Sets how PyTorch's threads wait, where the user has not; only before PyTorch is imported."""
    # Threads that spin on and on while they wait take the cores from the workers, or from other people: six times
    # slower. Those that sleep at once take long to wake: a fifth of GoogLeNet's time. So GNU's spin for some hundred
    # microseconds, mostly until the next layer, and then sleep; those of other libraries sleep.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "4000")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def options_first(arguments: Sequence[str]) -> list[str]:
    """Puts Hydra's options before the overrides: its parser takes no option between two overrides.

    Raises:
        InputError: If one of the options that name a configuration is abbreviated.
    """
    options: list[str] = []
    overrides: list[str] = []
    expects_value = False
    for word in arguments:
        name = word.partition("=")[0]
        if name.startswith("--conf") and name not in (*saved.PATH, *saved.NAME, *saved.DIR):
            raise InputError(f"{name}: expected --config-dir, --config-path or --config-name, written in full")
        is_value = expects_value and "=" not in word
        (options if word.startswith("-") or is_value else overrides).append(word)
        expects_value = word in WITH_VALUE
    return [*options, *overrides]


def import_beside(config_dir: str | None) -> None:
    """Puts the folder that holds the user's own configuration folder on the import path, also of processes to come.

    Raises:
        InputError: If a file of that folder has the name of one of ours, which would hide it.
    """
    if config_dir is None:
        return
    own = Path(config_dir).absolute()
    files = [path.relative_to(own) for path in own.glob("*/*.yaml")]
    if hidden := sorted(str(path) for path in files if (CONF / path).exists()):
        raise InputError(f"--config-dir={config_dir}: classvec has files named {', '.join(hidden)} too: rename yours")
    folder = str(own.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if folder not in known:
        os.environ["PYTHONPATH"] = os.pathsep.join([folder, *filter(None, known)])


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
    if not (any(word.startswith("trainer=ddp") for word in arguments) or saved.is_shared_by_processes(arguments)):
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


def _print_summary() -> None:
    """Makes and prints the summary of a sweep, if this process started one."""
    if JobNotes.sweep is None:
        return
    from classvec.report import sweep

    (folder, cfg), JobNotes.sweep = JobNotes.sweep, None
    print(sweep.summarise(folder, instantiate(cfg.tracking)).text)  # noqa: T201


def explain(error: Exception, overrides: Sequence[str] = (), config_dir: str | None = None) -> str:
    """Returns Hydra's own message in one line, and the nearest name for a key or a choice that does not exist.

    Args:
        error: Hydra's or OmegaConf's error.
        overrides: The command line; which keys exist depends on the files that it chooses.
        config_dir: The user's own configuration folder, if there is one.
    """
    messages = [" ".join(str(error).split())]
    while (cause := error.__cause__) is not None:
        messages.append(" ".join(str(cause).split()))
        error = cause  # type: ignore[assignment]
    text = ": ".join(part for i, part in enumerate(messages) if not any(part in other for other in messages[:i]))
    text = re.sub(r" To append to your config use \+\S+(?=.*object_type=\w)", "", text)  # a schema takes no other keys
    found = re.search(r"Could not (override|find) '([^'@]+)", text)
    if found is None:
        return text
    try:
        if found[1] == "find":  # a choice such as architecture/vgg91
            group, _, name = found[2].rpartition("/")
            known = choices(group, config_dir)
        else:
            name, known = found[2], list(_keys(compose(_groups(overrides, config_dir), config_dir)))
    except (HydraException, OmegaConfBaseException):
        return text
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    group, _, key = name.partition(".")
    elsewhere = [kind.__name__ for kind in SCHEMAS.values() if kind.group == group and key in vars(kind)]
    hint = f"it is a key of {' and '.join(elsewhere)}" if elsewhere else f"did you mean {near[0]}?" if near else ""
    return f"{text} - {hint}" if hint else text


def _groups(overrides: Sequence[str], config_dir: str | None) -> list[str]:
    """Returns what overrides choose of the groups, of a sweep the first choice."""
    pairs = [(group, chosen.split(",")[0]) for group, _, chosen in (entry.partition("=") for entry in overrides)]
    return [f"{group}={choice}" for group, choice in pairs if choice in choices(group, config_dir)]


def _keys(node: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(node, DictConfig):
        for key in map(str, node):
            yield f"{prefix}{key}"
            if not OmegaConf.is_missing(node, key) and not OmegaConf.is_interpolation(node, key):
                yield from _keys(node[key], f"{prefix}{key}.")
