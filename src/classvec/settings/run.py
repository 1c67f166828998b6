"""Keys of a whole run: those at the top, of the chance level, of the report and of tracking."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from classvec.errors import InputError
from classvec.settings.key import REQUIRED, Settings, check_name, check_path, key, seed_key
from classvec.settings.words import OnUnreachable, Show

_PASSWORD = re.compile(
    r"://[^@\s]*:[^@\s]*@|https?://[^/@\s]+@|[?&](password|passwd|pwd|sslpassword|odbc_connect)=", re.IGNORECASE
)
"""Of a user, of a server in the place of a user (a token), or among the parameters of a database."""
GROUP = "a group of keys of its own"


@dataclass(frozen=True, kw_only=True)
class Chance(Settings):
    """Keys of ``chance``: the draws behind the chance level."""

    group: ClassVar[str] = "chance"
    draws: int = key(
        1000,
        "permutations of the classes behind the chance level of each k and of the curve",
        at_least=1,
        at_most=10**6,
    )
    label_draws: int = key(10_000, "random clusters of each size behind the p of a label", at_least=1, at_most=10**7)
    seed: int = seed_key(0, "seed of these permutations")


@dataclass(frozen=True, kw_only=True)
class Report(Settings):
    """Keys of ``report``: the HTML page of a run."""

    group: ClassVar[str] = "report"
    page: bool = key(True, "whether to write report.html")
    thumbnails: bool = key(True, "whether it shows images of the classes")


@dataclass(frozen=True, kw_only=True)
class MLflow(Settings):
    """Keys of ``tracking=mlflow``."""

    group: ClassVar[str] = "tracking"
    uri: str = key(REQUIRED, "tracking URI: sqlite:///FILE for a local store, or the address of a server")
    experiment: str = key("classvec", "name of MLflow's experiment")
    artifacts: str | Path = key(REQUIRED, "folder for the files of a local store")
    on_error: OnUnreachable = key(
        OnUnreachable.error, "error: a store that does not answer stops the job; later: log with classvec log"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_no_password(self.uri)
        if not self.uri.strip():
            raise InputError("tracking.uri is empty: expected sqlite:///FILE or the address of a server")
        check_name(self, "experiment")


def check_no_password(text: str) -> None:
    """Refuses a URI with a password, which would be written into the files of a run.

    Raises:
        InputError: If there is one; the message does not repeat it.
    """
    if _PASSWORD.search(text):
        raise InputError(
            "tracking.uri holds a password, which would be written into the files of the run: leave it out and set "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or PGPASSWORD for a PostgreSQL database"
        )


@dataclass(frozen=True, kw_only=True)
class Run(Settings):
    """Keys at the top of the configuration; a group takes any keys that its ``_target_`` accepts."""

    architecture: Any = key(REQUIRED, GROUP)
    layers: Any = key(REQUIRED, GROUP)
    data: Any = key(REQUIRED, GROUP)
    metric: Any = key(REQUIRED, GROUP)
    clustering: Any = key(REQUIRED, GROUP)
    ontology: Any = key(REQUIRED, GROUP)
    trainer: Any = key(REQUIRED, GROUP)
    fit: Any = key(REQUIRED, GROUP)
    analysis: Any = key(REQUIRED, GROUP)
    reconstruction: Any = key(REQUIRED, GROUP)
    tracking: Any = key(REQUIRED, GROUP, affects_results=False)
    outputs: str = key(REQUIRED, "folder for everything that a run writes", affects_results=False)
    store: str = key(REQUIRED, "folder of class vectors, kept for later runs", affects_results=False)
    weights: dict[str, Any] = key({}, "weights by architecture, weights.NAME=PATH", affects_results=False)
    chance: Chance = key(Chance(), GROUP)
    report: Report = key(Report(), GROUP)
    runners_up: int = key(4, "concepts to keep beside the best of each cluster", at_least=0)
    neighbours: int = key(10, "most similar classes to list for each class", at_least=1)
    image_vectors: list[str] = key([], "train.py: classes (id, synset name or name) whose image vectors are written")
    force: bool = key(False, "compute the job again even if it was done before", affects_results=False)
    title: str | None = key(None, "title of plots", affects_results=False)
    show: Show = key(Show.summary, "what evaluate.py prints at the end", affects_results=False)
    printed: dict[str, str] = key({}, "layer to its line in the paper, for show=layers", affects_results=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("outputs", "store"):
            check_path(name, getattr(self, name))
