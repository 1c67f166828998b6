"""What Hydra tells us about its jobs, written down where a sweep's summary finds it."""

import logging
import multiprocessing
import traceback
from pathlib import Path
from typing import Any, ClassVar

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from classvec.errors import InputError

log = logging.getLogger(__name__)


class JobNotes(Callback):
    """Leaves in each job's folder what was asked and why it failed; remembers the folder of the sweep.

    Hydra skips its own `on_multirun_end` when a job fails, and a parallel launcher runs the jobs in other processes: so
    the summary is made from these files, by `app.main`, in the process that started the sweep.

    Attributes:
        sweep: Folder of the sweep that this process started, if it started one.
    """

    sweep: ClassVar[Path | None] = None

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Remembers the folder of the sweep."""
        JobNotes.sweep = Path(config.hydra.sweep.dir)

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Writes down what the job was asked for."""
        from classvec import jobs

        _usual_processes()
        if config.hydra.output_subdir is not None:  # else the job is to leave no trace
            jobs.begin(_folder(), list(config.hydra.overrides.task))

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Writes down that the job came to its end, or why it failed."""
        from classvec import jobs

        if config.hydra.output_subdir is None:
            return None
        if job_return.status != JobStatus.FAILED:
            return jobs.end(_folder())
        error = job_return._return_value  # the property would raise it
        if config.hydra.mode == RunMode.MULTIRUN:  # Hydra goes on with the next job and does not say a word
            log.error("failed: %s", error)
        short = " ".join(str(error).split()) or type(error).__name__
        known = isinstance(error, InputError | OSError)
        jobs.fail(_folder(), short if known else f"{type(error).__name__}: {short}\n\n{_trace(error)}")
        return None


def _usual_processes() -> None:
    """Gives a process of joblib's launcher the platform's way of starting processes back, which loaders of images need.

    Joblib's own, left as the default there, starts none but its own.
    """
    usual = multiprocessing.get_all_start_methods()
    if multiprocessing.get_start_method(allow_none=True) not in (None, *usual):
        multiprocessing.set_start_method(usual[0], force=True)


def _folder() -> Path:
    return Path(HydraConfig.get().runtime.output_dir)


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
