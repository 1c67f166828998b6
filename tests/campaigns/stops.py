"""Jobs of every kind are asked to end by a signal, at a time drawn from a seed: how, how soon, and what is left."""

import json
import random
import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path

from tests.campaigns import kills
from tests.campaigns.forks import Bench, Ended

NETWORK = ("architecture=small_inception", "architecture.weights=random", "trainer.batch_size=2")
JOBS = {
    "extraction": (*NETWORK, "layers=all", "tracking=none"),
    "analyses": ("analysis=full", "report.page=true", "chance.draws=2000", "tracking=none"),
    "tracking": ("report.page=true",),
    "fit": ("architecture=small_inception", "architecture.weights=fit", "fit.epochs=20", "fit.batch_size=2"),
    "reconstruction": (*NETWORK, "layers=all", "reconstruction=spectrum", "reconstruction.steps=60", "tracking=none"),
    "processes": (*NETWORK, "layers=all", "trainer=ddp", "trainer.processes=2", "tracking=none"),
    "sweep": ("-m", "chance.seed=1,2,3,4", "tracking=none"),
    "launcher": ("-m", "chance.seed=1,2,3,4", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "tracking=none"),
}
"""Name of a kind of job to its keys; each spends most of its time in a phase of its own."""
CODES = {signal.SIGTERM: 143, signal.SIGUSR1: 143, signal.SIGINT: 130}
SECONDS = 10.0
"""In which a job must have ended."""


@dataclass
class Stops:
    """What a campaign did.

    Attributes:
        stopped: Name of a kind of job to how often it was stopped.
        early: Number of jobs whose work was done before they were to be stopped.
        longest: Seconds that the slowest took to end.
        faults: What went wrong.
    """

    stopped: dict[str, int] = field(default_factory=dict)
    early: int = 0
    longest: float = 0.0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = ", ".join(f"{name} {number}" for name, number in self.stopped.items())
        return (
            f"{sum(self.stopped.values())} stopped ({counts}), {self.early} done before, the slowest after "
            f"{self.longest:.1f} s: {len(self.faults)} faults"
        )


def campaign(bench: Bench, number: int, seed: int) -> Stops:
    """Stops jobs a number of times, kind after kind; of each kind one then runs to its end.

    Args:
        bench: Where.
        number: Number of signals.
        seed: Seed of the signals and their times.
    """
    rng, done = random.Random(seed), Stops()
    kinds = rng.sample(list(JOBS.items()), min(number, len(JOBS)))
    for place, (name, keys) in enumerate(kinds):
        share = (number + place) // len(kinds)
        seconds = bench.run(keys).seconds
        shutil.rmtree(bench.outputs)
        for _ in range(share):
            sent = rng.choice(list(CODES))
            to_all = sent == signal.SIGINT or (sent == signal.SIGTERM and rng.random() < 0.5)  # Ctrl-C; timeout(1)
            job = bench.run(keys, kill_after=rng.uniform(0.0, seconds), number=sent, to_all=to_all)
            if job.code == 0 or (
                job.code == -sent and "Files: " in job.text
            ):  # its work was done, it was on its way out
                done.early += 1
                shutil.rmtree(bench.outputs)
                continue
            done.stopped[name] = done.stopped.get(name, 0) + 1
            done.longest = max(done.longest, job.ending)
            done.faults += [f"{name}, {sent.name} after {job.seconds - job.ending:.1f} s: {fault}" for fault in
                            _faults(job, sent, bench.outputs)]  # fmt: skip
        last = bench.run(keys)
        if last.code != 0 or last.has_traceback:
            done.faults.append(f"{name}: started again, exit code {last.code}, {last.reason}")
        if left := kills.left_over(bench.outputs):
            done.faults.append(f"{name}: left over: {left}")
        shutil.rmtree(bench.outputs)
    return done


def _faults(job: Ended, sent: signal.Signals, outputs: Path) -> list[str]:
    """Returns what is not as it must be when a job was stopped."""
    faults = []
    if job.code != CODES[sent]:
        faults.append(f"exit code {job.code}, {job.reason}")
    if job.ending > SECONDS:
        faults.append(f"ended after {job.ending:.1f} s")
    if job.has_traceback or "Exception" in job.text:
        faults.append(f"stack trace, {job.reason}")
    if job.text.count("stopped by ") != 1 or not job.last_line.startswith("stopped by "):
        faults.append(f"its last line is {job.last_line!r}")
    if job.orphans:
        faults.append("some of its processes live on")
    states = [json.loads(path.read_text())["status"] for path in outputs.rglob("job.json")]
    if "started" in states:
        faults.append(f"jobs are {states}")
    return faults
