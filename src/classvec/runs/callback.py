"""Hydra's callback: the status of each job, where the summary of a sweep reads it."""

import logging
import multiprocessing
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from classvec.errors import InputError
from classvec.readers import outlive_readers
from classvec.settings import check_no_password, check_path
from classvec.signals import ignore_interrupts

if TYPE_CHECKING:
    from classvec.runs.before import Before

log = logging.getLogger(__name__)
OF_A_SWEEP = ("multirun.yaml", "sweep.json")
"""Files in the folder of a sweep before its first job."""


class JobNotes(Callback):
    """Writes the status of each job into its folder, and remembers the folder of the sweep.

    Hydra skips its own `on_multirun_end` when a job fails, and a parallel launcher runs the jobs in other processes: so
    the summary is made from these files, by `app.main`, in the process that started the sweep.

    A job of a sweep keeps its folder, for the summary. A single run keeps it unless it ends in an error before its work
    began, or was done already elsewhere: then the place is as it was before. So is that of a sweep without any job.

    Attributes:
        sweep: Folder of the sweep that this process started, with its configuration, if it started one.
        before: What lay in the folder of the run, or sweep, that this process started.
    """

    sweep: ClassVar[tuple[Path, DictConfig] | None] = None
    before: ClassVar["Before | None"] = None

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Prepares the folder of outputs, and looks at the place of the run, before Hydra writes anything."""
        from classvec.runs import folder

        _prepare(config)
        JobNotes.sweep = None  # of one that was stopped before, in the same process
        subdir = config.hydra.output_subdir  # none: the job is to leave no trace
        notes = [f"{subdir}/{name}.yaml" for name in ("config", "hydra", "overrides")] + [folder.JOB, folder.ERROR]
        _look(Path(config.hydra.run.dir), [] if subdir is None else notes)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Remembers the folder of the sweep, and clears it of the marks of an earlier one."""
        from classvec.runs import folder

        _prepare(config)
        if "joblib" in str(config.hydra.launcher.get("_target_")):
            _interrupts_ignored()
        _look(Path(config.hydra.sweep.dir), OF_A_SWEEP)
        JobNotes.sweep = Path(config.hydra.sweep.dir), config
        folder.begin_sweep(Path(config.hydra.sweep.dir), config.get("title") or "")

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Writes what the job was asked for."""
        from classvec.runs import folder

        _usual_processes()
        logging.raiseExceptions = False  # in a process of a launcher, as in the one that has started it
        outlive_readers()
        if config.hydra.output_subdir is not None:  # else the job is to leave no trace
            folder.begin(_folder(), list(config.hydra.overrides.task), config.hydra.job.name)

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Writes that the job is finished, or why it failed; says so where the disk is full."""
        try:
            self._end(config, job_return)
            if config.hydra.mode == RunMode.RUN and JobNotes.before and not self._has_results(job_return):
                JobNotes.before.restore()
        except OSError as error:  # Hydra would make a warning of it
            log.error("the status of the job cannot be written: %s", error)

    @staticmethod
    def _has_results(job_return: JobReturn) -> bool:
        """Returns whether a single run leaves something: results, or an error in the middle of its work."""
        from classvec.runs import folder

        if job_return.status == JobStatus.FAILED:
            return folder.has_begun(_folder())
        return not folder.is_finished(_folder()) or folder.status(_folder()).results == _folder()

    @classmethod
    def end_sweep(cls) -> tuple[Path, DictConfig] | None:
        """Returns the sweep that this process started, once, if it has jobs; of one without nothing is left."""
        started, cls.sweep = cls.sweep, None
        if started and cls.before and {path.name for path in started[0].iterdir()} <= set(OF_A_SWEEP):
            cls.before.restore()
            return None
        return started

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
    """Refuses what Hydra must not write or make, and removes what killed processes left half written."""
    from classvec.artifacts import remove_partial

    try:
        for text in (*config.hydra.overrides.task, str(config.tracking.get("uri", ""))):
            check_no_password(text)
        for name in ("outputs", "store"):  # Hydra makes the first, and would make one in the root of the disk
            check_path(name, str(config[name]))
    except InputError as error:
        sys.exit(f"error: {error}")  # Hydra makes a warning of whatever else a callback raises
    for folder in {Path(config.outputs), Path(config.store)}:
        remove_partial(folder)


def _interrupts_ignored() -> None:
    """Leaves Ctrl-C to this process: those of joblib's launcher would print stack traces, and are ended anyway."""
    from joblib import register_parallel_backend
    from joblib.parallel import LokyBackend

    register_parallel_backend("loky", partial(LokyBackend, initializer=ignore_interrupts))


def _look(folder: Path, notes: Sequence[str]) -> None:
    """Remembers what lies where a run, or a sweep, is to write; a folder that cannot be read is left to Hydra."""
    from classvec.runs.before import Before

    JobNotes.before = None
    with suppress(OSError):
        JobNotes.before = Before.seen(folder, notes)


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
