"""What is running: MLflow's own tags on the command, the user and the code."""

import getpass
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path


def source_tags() -> dict[str, str]:
    """Returns MLflow's own tags on what runs: command, user, version of the package, and its commit in a checkout."""
    tags = {"mlflow.source.name": sys.argv[0], "mlflow.source.type": "LOCAL", "code.version": version("classvec")}
    with suppress(OSError, KeyError, ImportError):  # a container may have no name for its user
        tags["mlflow.user"] = getpass.getuser()
    checkout = Path(__file__).parents[3]
    if (checkout / ".git").exists():
        command = ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        with suppress(OSError, subprocess.SubprocessError):
            commit = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
            tags["mlflow.source.git.commit"], dirty, _ = commit.partition("-dirty")
            tags["code.version"] += f"+{commit[:12]}{dirty}"
    return tags
