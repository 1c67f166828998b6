"""A local store of MLflow's: made whole or not at all, in any folder, and with its files where the project moves."""

import glob
import logging
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from classvec.errors import InputError

log = logging.getLogger(__name__)
SQLITE = "sqlite:///"
SEEDED = ("alembic_version", "experiments", "workspaces")
"""Tables of which MLflow itself fills in rows while it makes a store."""

UNFINISHED = ("already exists", "no such table", "out-of-date", "duplicate column")
"""What MLflow says of a store whose making was interrupted."""


def database(uri: str) -> Path | None:
    """Returns the file of a local store; None for a server or another database."""
    return Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) else None


def address(uri: str) -> str:
    """Returns the URI as MLflow needs it: a local file by its absolute path, with odd characters escaped.

    MLflow keeps stores open by their URI, whatever the working directory.
    """
    file = database(uri)
    return uri if file is None else _sqlite(str(file.resolve()))


def _sqlite(path: str) -> str:
    from sqlalchemy.engine import URL

    return URL.create("sqlite", database=path).render_as_string()


def make_whole(file: Path, artifacts: Path) -> None:
    """Makes the database if it is missing; one whose making was interrupted is moved aside, if it holds no run."""
    from mlflow import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    if file.exists() and file.stat().st_size:
        tables = _tables(file)
        if tables and "experiments" not in tables:
            raise InputError(
                f"{file} is no MLflow store (it has the tables {', '.join(sorted(tables))}): give another tracking.uri"
            )
        problem = "" if tables.get("alembic_version") else "it has no version"
        try:
            if not problem:
                _open(file, artifacts)
        except (MlflowException, SQLAlchemyError) as error:
            problem = short(error)
            if not any(words in problem for words in UNFINISHED):
                raise
        if not problem:
            return
        if tables.get("experiments", 0) > 1 or any(n for name, n in tables.items() if name not in SEEDED):
            raise InputError(
                f"the MLflow store {file} cannot be opened ({problem}): it may be of another version of MLflow; make "
                f"a copy of it, then run 'mlflow db upgrade {address(f'{SQLITE}{file}')}', or give another tracking.uri"
            )
        aside = file.with_name(f"{file.name}.unfinished-{time.strftime('%Y%m%d-%H%M%S')}")
        file.replace(aside)
        log.warning("%s was never finished and holds no run: moved to %s", file, aside)
    _make(file, artifacts)


def _make(file: Path, artifacts: Path) -> None:
    """Makes a database under another name, and gives it its own when it is whole; no other process does so now."""
    for left in file.parent.glob(f".{glob.escape(file.name)}.making*"):
        left.unlink()
    made = file.with_name(f".{file.name}.making")
    _open(made, artifacts)
    made.replace(file)


def _open(file: Path, artifacts: Path) -> None:
    """Lets MLflow make the tables of a database, or check them."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    # MLflow keeps what it has opened by its URI: with this one, a store that is then moved aside is not met again
    path = f"{file.resolve().parent}/./{file.name}"
    with no_strange_folder(f"{SQLITE}{file}"):
        SqlAlchemyStore(_sqlite(path), artifacts.resolve().as_uri()).engine.dispose()


@contextmanager
def no_strange_folder(uri: str) -> Iterator[None]:
    """Removes the folder that MLflow makes of the escapes in the URI of a local file."""
    folder = Path(address(uri).removeprefix(SQLITE)).parent
    strange = [path for path in (folder, *folder.parents) if not path.exists()] if database(uri) is not None else []
    try:
        yield
    finally:
        with suppress(OSError):
            for path in strange:
                path.rmdir()


def _tables(file: Path) -> dict[str, int]:
    """Returns the number of rows of each table of a database."""
    with closing(sqlite3.connect(file)) as store:
        names = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: int(store.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]) for name in names}


def follow_move(file: Path, experiment: str, artifacts: str) -> None:
    """Tells a local store where its files lie now: MLflow keeps absolute paths, and a project may be moved or copied.

    Args:
        file: The database.
        experiment: Name of the experiment.
        artifacts: URI of the folder of its files. A run whose files do not lie there keeps its own.
    """
    with closing(sqlite3.connect(file, timeout=30)) as store, store:
        if not store.execute("SELECT 1 FROM sqlite_master WHERE name = 'experiments'").fetchone():
            return
        query = "SELECT experiment_id, artifact_location FROM experiments WHERE name = ?"
        found = store.execute(query, (experiment,)).fetchone()
        if found is None or found[1] == artifacts or not found[1].startswith("file:"):
            return
        folder = _path(artifacts)
        runs = store.execute("SELECT run_uuid FROM runs WHERE experiment_id = ?", (found[0],)).fetchall()
        moved = [run for (run,) in runs if (folder / run).is_dir()]
        if not moved and _path(found[1]).is_dir():
            return  # another folder was named, to which nothing was moved
        store.execute("UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?", (artifacts, found[0]))
        uris = [(f"{artifacts}/{run}/artifacts", run) for run in moved]
        store.executemany("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", uris)
    log.info("files of MLflow's experiment %s lie in %s now, those of runs: %d", experiment, folder, len(moved))


def _path(uri: str) -> Path:
    return Path(url2pathname(urlsplit(uri).path))


def short(error: Exception) -> str:
    """Returns the reason in a message: the system's own words, or the beginning without a database's statement."""
    text = " ".join(str(error).split("\n[")[0].split())
    found = re.search(r"\[Errno -?\d+\] ([^\"')]+)", text)
    return found[1] if found else text[:300]
