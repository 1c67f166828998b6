"""The command line of evaluate.py and train.py: Hydra around a task, and errors that a person can use.

Nothing heavy is imported here, so that ``--help``, a typo and tab completion are answered at once.
"""

import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from io import TextIOWrapper
from pathlib import Path

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from classvec import keys, saved
from classvec.compose import CONF
from classvec.errors import InputError
from classvec.explain import check, explain
from classvec.instantiate import instantiate
from classvec.runs.callback import JobNotes
from classvec.runs.callback import stop as stop_job
from classvec.signals import Stopped, keeping, stopping

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
        with stopping(stop_job):
            _run(task)

    return command


def _run(task: Callable[[DictConfig], None]) -> None:
    """Runs a task with the configuration of the command line."""
    config_dir = None
    composed: list[DictConfig] = []
    try:
        arguments = options_first(sys.argv[1:])
        config_dir = saved.option(arguments, saved.DIR)
        import_beside(config_dir)
        sys.argv[1:] = saved.completed(options_first(arguments + _of_several(arguments)), config_dir)
        check(overrides_of(arguments))
        try:
            hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(
                _checked(task, config_dir, composed)
            )()
        except Exception:  # the summary is made also where jobs failed, as far as the sweep came
            with suppress(InputError, OSError):  # without a job there is none
                _print_summary()
            raise
        _print_summary()
    except Stopped as stopped:
        if JobNotes.sweep:
            done = f"what other jobs have finished (for their summary: python -m classvec sweep {JobNotes.sweep[0]})"
            stopped.kept = f"{stopped.kept}, and {done}" if stopped.kept else done
        raise
    except (HydraException, OmegaConfBaseException) as error:
        sys.exit(f"error: {explain(error, sys.argv[1:], config_dir)}")
    except (InputError, OSError) as error:
        sys.exit(f"error: {error}")
    except Exception as error:  # any kind comes of composing, such as AssertionError about a key below a list
        if composed:
            raise
        sys.exit(f"error: {explain(error, sys.argv[1:], config_dir)}")


def _checked(
    task: Callable[[DictConfig], None], config_dir: str | None, composed: list[DictConfig]
) -> Callable[[DictConfig], None]:
    """Returns a task that checks its configuration first, and runs a saved one only if it names known code.

    Args:
        task: The task.
        config_dir: The user's own configuration folder, if there is one.
        composed: Gets what the task is called with: an error without any is one of composing it.
    """
    is_saved = saved.option(sys.argv[1:], saved.PATH) is not None

    @wraps(task)  # Hydra names the job after the task's module
    def checked(cfg: DictConfig) -> None:
        composed.append(cfg)
        if is_saved:
            saved.trust(cfg, config_dir)
        keys.check(cfg)
        take_any_name()
        # where a launcher has started this process, the other one says it
        with stopping(stop_job, silent=True), keeping(lambda: "whatever was finished"):
            task(cfg)

    return checked


def take_any_name() -> None:
    """Lets the terminal and the log take names of files that are not UTF-8, which they would refuse."""
    logs = [handler.stream for handler in logging.getLogger().handlers if isinstance(handler, logging.StreamHandler)]
    for stream in (sys.stdout, *logs):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


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
    options, overrides = _parted(arguments)
    return [*options, *overrides]


def overrides_of(arguments: Sequence[str]) -> list[str]:
    """Returns the words of a command line that are neither options nor their values."""
    return _parted(arguments)[1]


def _parted(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
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
    return options, overrides


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
    if (started := JobNotes.end_sweep()) is None:
        return
    from classvec.report import sweep

    folder, cfg = started
    print(sweep.summarise(folder, instantiate(cfg.tracking)).text)  # noqa: T201
