"""The command `classvec`: the two scripts, and commands beside them that list, compare, repeat and show.

evaluate and train take Hydra's arguments, as evaluate.py and train.py do: classvec evaluate --help
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from classvec.errors import InputError
from classvec.signals import stopping


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="classvec", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, words in SCRIPTS.items():
        commands.add_parser(name, help=words)
    for name, (_, words, arguments) in COMMANDS.items():
        command = commands.add_parser(name, help=words)
        for argument, options in arguments.items():
            command.add_argument(argument, **options)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    is_program, arguments = arguments is None, sys.argv[1:] if arguments is None else arguments
    with stopping(until_exit=is_program):
        if arguments and arguments[0] in SCRIPTS:
            return _script(arguments[0], arguments[1:])
        options = parser().parse_args(arguments)
        try:
            return COMMANDS[options.command][0](options)
        except (InputError, OSError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1


def _script(name: str, arguments: Sequence[str]) -> int:
    """Runs evaluate or train with Hydra's arguments, which Hydra reads from the command line."""
    sys.argv = [f"classvec {name}", *arguments]
    import_module(f"classvec.{name}").main()
    return 0


def _rerun(options: argparse.Namespace) -> int:
    from classvec.rerun import command_line

    return _script(*command_line(options.folder, options.overrides))


def _keys(options: argparse.Namespace) -> int:
    from omegaconf import OmegaConf

    from classvec.compose import compose
    from classvec.settings import SCHEMAS
    from classvec.settings.listing import key_list

    composed: Any = OmegaConf.to_container(compose(["reconstruction=spectrum"]))  # with its interpolations
    print(key_list(SCHEMAS, composed, options.group))
    return 0


def _layers(options: argparse.Namespace) -> int:
    from classvec.layer_list import layer_list

    print(layer_list(options.overrides, options.config_dir, options.modules))
    return 0


def _runs(options: argparse.Namespace) -> int:
    from classvec.runs.listing import listing

    print(listing(options.folders, with_jobs=options.jobs, as_csv=options.csv))
    return 0


def _curves(options: argparse.Namespace) -> int:
    from classvec.runs.comparison import curves

    print(curves(options.folders, options.out))
    return 0


def _compare(options: argparse.Namespace) -> int:
    from classvec.runs.comparison import compare

    print(compare(options.folders, options.out, options.permutations))
    return 0


def _sweep(options: argparse.Namespace) -> int:
    from classvec.report.sweep import summarise

    summary = summarise(options.folder)
    print(summary.text)
    return 1 if summary.failed else 0


def _log(options: argparse.Namespace) -> int:
    from classvec.report.later import log_runs

    logged = True
    for line, is_there in log_runs(options.folders, options.store):
        print(line)
        logged &= is_there
    return 0 if logged else 1


def _verify(options: argparse.Namespace) -> int:
    from classvec.verify import verify

    found = list(verify(options.folder))
    damaged = list(filter(None, found))
    print("\n".join([*damaged, f"{len(found)} stores, matrices, runs and other files checked, {len(damaged)} damaged"]))
    return 1 if damaged else 0


def _page(options: argparse.Namespace) -> int:
    from classvec.page.sweep_page import remake

    for folder in options.folders:
        print(remake(folder))
    return 0


def _concepts(options: argparse.Namespace) -> int:
    from classvec.data.class_ids import shipped_synsets
    from classvec.ontology import wordnet
    from classvec.ontology.dictionary import open_dictionary

    print(wordnet.embed(shipped_synsets(), open_dictionary(options.dictionary)), end="")
    return 0


def _mapping(options: argparse.Namespace) -> int:
    from classvec.data.proposals import propose

    table, said = propose(options.root, options.dictionary)
    sys.stdout.flush()
    sys.stdout.buffer.write(table.encode())  # what a file gets is UTF-8, whatever the terminal is
    print(said, file=sys.stderr)
    return 0


def _sketches(options: argparse.Namespace) -> int:
    from classvec.data.sketches.contact_sheet import save_contact_sheet

    save_contact_sheet(options.out, samples=options.samples, seed=options.seed, size=options.size)
    print(options.out)
    return 0


def _ui(options: argparse.Namespace) -> int:
    from classvec.report.mlflow_server import serve

    return serve(options.store, options.port)


SCRIPTS = {
    "evaluate": "compare and cluster class vectors, and name the clusters: evaluate.py",
    "train": "make class vectors, and fit a network first if it has no weights: train.py",
}
RUNS = {"nargs": "+", "type": Path, "help": "outputs/runs/... or outputs/sweeps/..."}
CONFIG_DIR = {"help": "your own folder of configuration files"}
DICTIONARY = {"help": "folder of the dictionary's files (default: the usual places)"}
REST = {"nargs": argparse.REMAINDER, "help": "as for evaluate.py: clustering.k=[5] --config-dir DIR"}
COMMANDS: Mapping[str, tuple[Callable[[argparse.Namespace], int], str, Mapping[str, Any]]] = {
    "rerun": (_rerun, "repeat a saved run, with other values if you give some", {
        "folder": {"type": Path, "help": "outputs/runs/..., or a job's folder in outputs/sweeps/..."},
        "overrides": REST,
    }),
    "keys": (_keys, "list the keys of the configuration, with defaults and meaning", {
        "group": {"nargs": "?", "help": "one group, such as trainer"},
    }),
    "layers": (_layers, "list a network's layers, shapes and feature counts; computes nothing", {
        "overrides": {"nargs": "*", "help": "as for evaluate.py: architecture=vgg19 layers=top"},
        "--config-dir": CONFIG_DIR,
        "--modules": {"action": "store_true", "help": "list every module that can be named in layers.names"},
    }),
    "runs": (_runs, "list runs and sweeps: status, time, best adjusted F1 with p, folder", {
        "folders": {"nargs": "*", "type": Path, "default": [Path("outputs")], "help": "default: outputs"},
        "--jobs": {"action": "store_true", "help": "list the jobs of each sweep, too"},
        "--csv": {"action": "store_true", "help": "print runs and jobs as CSV"},
    }),
    "curves": (_curves, "draw the F1 curves of several runs, or of a sweep, into one picture", {
        "folders": RUNS,
        "--out": {"type": Path, "default": Path("outputs/f1.png"), "help": "the picture (default: %(default)s)"},
    }),
    "compare": (_compare, "compare runs, such as two networks: do they find the same classes similar?", {
        "folders": RUNS,
        "--out": {"type": Path, "default": Path("outputs/comparison.csv"), "help": "table; a picture goes beside it"},
        "--permutations": {"type": int, "default": 999, "help": "behind each p (default: %(default)s)"},
    }),
    "sweep": (_sweep, "make the summary of a sweep: table, curves, warnings, failed jobs", {
        "folder": {"type": Path, "help": "outputs/sweeps/..."},
    }),
    "log": (_log, "log finished runs that their tracking store lacks", {
        "folders": RUNS,
        "--store": {"help": "tracking URI (default: the store that each run was to be logged in)"},
    }),
    "verify": (_verify, "compare all that is kept with its checksums", {
        "folder": {"nargs": "?", "type": Path, "default": Path("outputs"), "help": "default: %(default)s"},
    }),
    "page": (_page, "make the page of a run, or of a sweep and its runs, from the files there", {"folders": RUNS}),
    "sketches": (_sketches, "draw a contact sheet of the embedded data set", {
        "--out": {"type": Path, "required": True, "help": "PNG file to write"},
        "--samples": {"type": int, "default": 2, "help": "images of each class (default: %(default)s)"},
        "--seed": {"type": int, "default": 0, "help": "another seed gives other images"},
        "--size": {"type": int, "default": 96, "help": "side of an image, pixels (default: %(default)s)"},
    }),
    "ui": (_ui, "open MLflow's page on 127.0.0.1", {
        "--store": {"default": "sqlite:///outputs/mlflow.db", "help": "tracking URI (default: %(default)s)"},
        "--port": {"type": int, "default": 5000},
    }),
    "mapping": (_mapping, "propose a synset for each class folder, as a file for data.mapping to be corrected", {
        "root": {"type": Path, "help": "the folder with a folder of images for each class"},
        "--dictionary": DICTIONARY,
    }),
    "concepts": (_concepts, "print the table of concepts that ships, made again from WordNet 3.0", {
        "--dictionary": DICTIONARY,
    }),
}  # fmt: skip
"""Name of a command to what it runs, its help and its arguments."""


if __name__ == "__main__":
    sys.exit(main())
