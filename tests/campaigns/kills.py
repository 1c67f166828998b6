"""A job is killed again and again, at a time drawn from a seed, and then comes to its end as if it never had been."""

import json
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.campaigns import equal
from tests.campaigns.forks import Bench
from tests.runs import runs

IN_A_FOLDER = 10
"""Kills after which the job runs to its end, and another folder begins."""


@dataclass
class Kills:
    """What a campaign did.

    Attributes:
        killed: Number of jobs killed.
        early: Number of jobs that were done before they were to be killed.
        ends: Number of folders in which the job then came to its end.
        faults: What went wrong.
    """

    killed: int = 0
    early: int = 0
    ends: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.killed} kills, {self.early} jobs done before theirs, {self.ends} folders run to the end: "
            f"{len(self.faults)} faults"
        )


def campaign(bench: Bench, number: int, seed: int) -> Kills:
    """Kills a job a number of times.

    Args:
        bench: Where.
        number: Number of kills.
        seed: Seed of the times.
    """
    rng, done = random.Random(seed), Kills()
    undisturbed = bench.run([])
    expected, arrays = equal.results(undisturbed.finished), equal.shared_arrays(bench.outputs)
    shutil.rmtree(bench.outputs)
    while done.killed < number:
        for _ in range(min(IN_A_FOLDER, number - done.killed)):
            job = bench.run([], kill_after=rng.uniform(0.0, undisturbed.seconds))
            if job.has_traceback:
                done.faults.append(f"kill {done.killed}: stack trace, {job.reason}")
            if job.code == 0:
                done.early += 1
                break
            if job.code != -9:
                done.faults.append(f"kill {done.killed}: exit code {job.code}, {job.reason}")
            done.killed += 1
        done.faults += [f"after kill {done.killed}: {fault}" for fault in _end(bench, expected)]
        if equal.shared_arrays(bench.outputs) != arrays:
            done.faults.append(f"after kill {done.killed}: class vectors or their matrices differ")
        done.ends += 1
        shutil.rmtree(bench.outputs)
    return done


def _end(bench: Bench, expected: dict[str, bytes]) -> list[str]:
    """Runs the job to its end; returns what is not as it must be then."""
    last = bench.run([])
    if last.code != 0 or last.results is None:
        return [f"exit code {last.code}, {last.reason}"]
    faults = [f"{name} differs" for name in equal.differences(expected, last.results)]
    tracked = runs(bench.outputs / "mlflow.db")
    identity = json.loads((last.results / "finished.json").read_text())["identity"]
    finished = [run for run in tracked if run["status"] == "FINISHED" and run["tags"].get("job") == identity]
    if len(finished) != 1:
        faults.append(f"{len(finished)} finished runs in MLflow")
    if running := [run for run in tracked if run["status"] == "RUNNING"]:
        faults.append(f"{len(running)} runs in MLflow that no job computes")
    if left := [str(path.relative_to(bench.outputs)) for path in left_over(bench.outputs)]:
        faults.append(f"left over: {', '.join(left)}")
    return faults


def left_over(outputs: Path) -> list[Path]:
    """Returns the temporary files, whose names begin with a dot; Hydra's folder has such a name too."""
    return [path for path in outputs.rglob(".*") if path.is_file()]
