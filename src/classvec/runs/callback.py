"""Hydra's callback: the status of each job, where the summary of a sweep reads it."""

import logging
import multiprocessing
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from classvec.errors import InputError
from classvec.settings import check_no_password

log = logging.getLogger(__name__)


class JobNotes(Callback):
    """Writes the status of each job into its folder, and remembers the folder of the sweep.

    Hydra skips its own `on_multirun_end` when a job fails, and a parallel launcher runs the jobs in other processes: so
    the summary is made from these files, by `app.main`, in the process that started the sweep.

    Attributes:
        sweep: Folder of the sweep that this process started, with its configuration, if it started one.
    """

    sweep: ClassVar[tuple[Path, DictConfig] | None] = None

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Prepares the folder of outputs, before Hydra writes anything."""
        _prepare(config)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Remembers the folder of the sweep, and clears it of the marks of an earlier one."""
        from classvec.runs import folder

        _prepare(config)
        JobNotes.sweep = Path(config.hydra.sweep.dir), config
        folder.begin_sweep(Path(config.hydra.sweep.dir), config.get("title") or "")

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Writes what the job was asked for."""
        from classvec.runs import folder

        _usual_processes()
        if config.hydra.output_subdir is not None:  # else the job is to leave no trace
            folder.begin(_folder(), list(config.hydra.overrides.task))

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Writes that the job is finished, or why it failed; says so where the disk is full."""
        try:
            self._end(config, job_return)
        except OSError as error:  # Hydra would make a warning of it
            log.error("the status of the job cannot be written: %s", error)

    def _end(self, config: DictConfig, job_return: JobReturn) -> None:
        from classvec.runs import folder

        if config.hydra.output_subdir is None:
            return None
        if job_return.status != JobStatus.FAILED:
            return folder.end(_folder(), _folder())
        error = job_return._return_value  # the property would raise it
        if config.hydra.mode == RunMode.MULTIRUN:  # Hydra continues with the next job, and logs nothing
            log.error("failed: %s", error)
        short = " ".join(str(error).split()) or type(error).__name__
        known = isinstance(error, InputError | OSError)
        folder.fail(_folder(), short if known else f"{type(error).__name__}: {short}\n\n{_trace(error)}")
        return None


def stop(words: str) -> None:
    """Writes that the job that runs now was stopped, and those that other processes do for this one's sweep."""
    from classvec.runs import folder

    running = folder.jobs(JobNotes.sweep[0]) if JobNotes.sweep else []
    if HydraConfig.initialized() and HydraConfig.get().output_subdir is not None:
        running = [*running, _folder()]
    for job in running:
        with suppress(InputError, OSError):  # there is no folder yet, or the disk is full
            folder.stop(job, words)


def _prepare(config: DictConfig) -> None:
    """Refuses a password, which Hydra would write to its files, and removes what killed processes left half written."""
    from classvec.artifacts import remove_partial

    try:
        for text in (*config.hydra.overrides.task, str(config.tracking.get("uri", ""))):
            check_no_password(text)
    except InputError as error:
        sys.exit(f"error: {error}")  # Hydra makes a warning of whatever else a callback raises
    for folder in {Path(config.outputs), Path(config.store)}:
        remove_partial(folder)


def _usual_processes() -> None:
    """Restores the platform's start method in a process of joblib's launcher; image loaders need it.

    Joblib leaves its own start method as the default, which starts only its own processes.
    """
    usual = multiprocessing.get_all_start_methods()
    if multiprocessing.get_start_method(allow_none=True) not in (None, *usual):
        multiprocessing.set_start_method(usual[0], force=True)


def _folder() -> Path:
    return Path(HydraConfig.get().runtime.output_dir)


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
