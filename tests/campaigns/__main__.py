"""The long forms: `python -m tests.campaigns kills --number 200 --seed 0`."""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.campaigns import damages, full_disk, kills, stops
from tests.campaigns.forks import Bench

NUMBERS = {"kills": 200, "stops": 30, "damages": 300, "full-disk": 28}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns", description=__doc__)
    parser.add_argument("campaign", choices=NUMBERS)
    parser.add_argument("--number", type=int, help=", ".join(f"{name}: {n}" for name, n in NUMBERS.items()))
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn (default: %(default)s)")
    options = parser.parse_args(arguments)
    number = options.number or NUMBERS[options.campaign]
    if options.campaign == "full-disk":
        full_disk.among_own_mounts()
    folder = Path(tempfile.mkdtemp(prefix="classvec-campaign-"))  # TemporaryDirectory's goes when a forked job exits
    try:
        bench = Bench.made(folder)
        started = time.monotonic()
        if options.campaign == "kills":
            killed = kills.campaign(bench, number, options.seed)
            words, faults = str(killed), killed.faults
        elif options.campaign == "stops":
            stopped = stops.campaign(bench, number, options.seed)
            words, faults = str(stopped), stopped.faults
        elif options.campaign == "damages":
            damaged = damages.campaign(bench, number, options.seed)
            words, faults = str(damaged), [*damaged.silent, *damaged.faults]
        else:
            full = full_disk.campaign(bench, number)
            words, faults = str(full), full.faults
    finally:
        shutil.rmtree(folder)
    print("\n".join(faults))
    print(f"{options.campaign}, {number}, seed {options.seed}: {words}\n{time.monotonic() - started:.0f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
