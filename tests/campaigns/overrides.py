"""Overrides drawn from a seed, any key with any value: a job does its work, or refuses in one message."""

import contextlib
import io
import logging
import os
import random
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from classvec import settings
from tests.campaigns.forks import Bench
from tests.jobs import SMALL

JOBS = (
    (),
    ("analysis=standard", "chance.draws=20", "clustering=kmeans"),
    ("architecture=small_inception", "architecture.weights=random", "layers=top", "trainer.batch_size=4"),
    ("architecture=small_inception", "architecture.weights=fit", "fit.epochs=1", "fit.batch_size=2", "layers=top"),
    ("architecture=small_inception", "architecture.weights=random", "reconstruction=spectrum", "reconstruction.steps=2",
     "reconstruction.clusters=2", "layers=top"),
)  # fmt: skip
"""Jobs that are changed: together they read most keys."""
NUMBERS = ("-1", "0", "1", "2", "3", "0.5", "1.5", "-0.1", "1e308", "-1e308", "nan", "inf", "-inf", "1e-320", "0x10",
           "99999999999999999999", "4294967296", "9223372036854775808", "true", "null")  # fmt: skip
WORDS = ("", "''", "word", "../up", "/", "/nowhere/at/all", "~", "a/b", "images", "none", "''", "' '", "ünï", "a.b",
         "'a=b'", "'[x]'", "'a#b'", "'$x'", "'${x}'", "'%s{}'", "'a\\nb'", "x" * 300, "all", "cpu", "auto", "gpu",
         "???", "fit", "random", "imagenet", "'\\0'")  # fmt: skip
LISTS = ("[]", "[0]", "[-1]", "[2]", "[3,2]", "[2,2]", "[2,a]", "[nan]", "[[2]]", "[1e308]", "[null]", "[2.5]", "[99]",
         "{}", "{a:1}", "{a:{b:1}}", "{a:nan}", "{a:1e308,b:1e308}", "[x,y]", "[n02084071]", "['']", "5,6")  # fmt: skip
SYNTAX = ("{key}", "{key}=a=b", "={value}", "{key}=[", "{key}={{", "{key}='", "+{key}={value}", "~{key}",
          "++{key}={value}", "{key}s={value}", "{key}.x={value}", "x{key}={value}", "{key}:{value}")  # fmt: skip
SLOW = {"epochs", "steps", "draws", "label_draws", "permutations", "n_init", "starts", "half_samples", "batch",
        "history", "images_per_class", "fit_images_per_class", "processes", "download"}  # fmt: skip
"""Keys whose large values are legal, and only take long."""


@dataclass
class Overrides:
    """What a campaign did.

    Attributes:
        done: Number of jobs that did their work.
        refused: Number of those that were refused in one message.
        seconds: Of the slowest refusal.
        faults: Overrides that ended in anything else, or whose refusal came late.
    """

    done: int = 0
    refused: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.done} jobs done, {self.refused} refused, the slowest after {self.seconds:.1f} s: "
            f"{len(self.faults)} faults"
        )


def campaign(bench: Bench, number: int, seed: int) -> Overrides:
    """Changes jobs a number of times and does them, all in this process.

    Args:
        bench: Where.
        number: Number of overrides.
        seed: Seed of the overrides.
    """
    rng, done = random.Random(seed), Overrides()
    logging.disable(logging.CRITICAL)
    os.chdir(bench.folder)
    for _ in range(number):
        job, override = rng.choice(JOBS), drawn(rng)
        started = time.monotonic()
        code, text = _evaluate([*SMALL, *job, "tracking=none", override])
        seconds = time.monotonic() - started
        if code == 0:
            done.done += 1
        elif code == 1 and text.startswith("error: ") and len(text.splitlines()) == 1:
            done.refused += 1
            done.seconds = max(done.seconds, seconds)
        else:
            done.faults.append(f"{' '.join(job)} {override!r}: exit code {code}\n{text}")
    logging.disable(logging.NOTSET)
    return done


def drawn(rng: random.Random) -> str:
    """Draws an override: mostly a key with a value that may not fit, sometimes one that is no override at all."""
    kind = rng.choice(list(settings.SCHEMAS.values()))
    entry = rng.choice(fields(kind))
    key = kind.key_name(entry.name)
    numbers = NUMBERS[:11] if entry.name in SLOW else NUMBERS
    value = rng.choice(rng.choice((numbers, numbers, WORDS, LISTS)))
    form = rng.choice(SYNTAX) if rng.random() < 0.15 else "{key}={value}"
    return form.format(key=key, value=value)


def _evaluate(keys: list[str]) -> tuple[int, str]:
    """Does a job as evaluate.py does; returns its exit code and its message, or stack trace."""
    from classvec.evaluate import main

    sys.argv = ["evaluate.py", *keys]
    try:
        with _silent():
            main()
    except SystemExit as end:
        return (end.code, "") if isinstance(end.code, int) else (int(end.code is not None), str(end.code or ""))
    except BaseException:
        return 2, traceback.format_exc()
    return 0, ""


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
