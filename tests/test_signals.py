"""Signals: how a program ends, how soon, and what it says; and a reader of its output that has left."""

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from classvec.signals import CODES, Stopped, keeping, stopping
from tests.jobs import EVALUATE, Workplace, ended

READY = "print('ready', flush=True)\n"
SLEEPS = READY + "import time; time.sleep(60)"
DEAF = READY + "import time\nwhile True:\n try: time.sleep(60)\n except BaseException: pass"
"""Work that lets no exception through, as code in C does."""
IN_ORDER = """
import sys
from classvec import signals
signals.GRACE_SECONDS = {grace}
def note(line): print("noted", line.split(";")[0], flush=True)
with signals.stopping(note, until_exit=True):
    with signals.keeping(lambda: "3 of 5 things"):
{work}
"""


def program(work: str, grace: float = 60.0) -> subprocess.Popen[str]:
    """Starts a program that does some work within `stopping`, and waits until it is at it."""
    lines = "\n".join(f"        {line}" for line in work.splitlines())
    command = [sys.executable, "-c", IN_ORDER.format(grace=grace, work=lines)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    time.sleep(0.3)  # until it has printed and works
    return started


@pytest.mark.parametrize("number", list(CODES))
def test_a_signal_ends_the_work_in_good_order_and_one_line(number: signal.Signals) -> None:
    job = program(SLEEPS)
    job.send_signal(number)
    found = ended(job, 20.0)
    name = "Ctrl-C" if number == signal.SIGINT else number.name
    assert found.returncode == CODES[number]
    assert found.stderr == f"stopped by {name}; kept: 3 of 5 things; the same command goes on from there\n"
    assert found.stdout == f"noted stopped by {name}\n"


def test_work_that_lets_no_exception_through_ends_all_the_same() -> None:
    job, start = program(DEAF, grace=1.0), time.monotonic()
    job.send_signal(signal.SIGTERM)
    found = ended(job, 20.0)
    assert 1.0 <= time.monotonic() - start < 10.0
    assert found.returncode == 143
    assert found.stderr.count("stopped by SIGTERM") == 1
    assert "noted stopped by SIGTERM" in found.stdout


def test_a_second_ctrl_c_ends_at_once_and_a_second_sigterm_waits() -> None:
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, None)):
        job = program(DEAF)
        for _ in range(2):
            job.send_signal(number)
            time.sleep(0.3)
        try:
            assert job.wait(1.0) == code
        except subprocess.TimeoutExpired:
            assert code is None
        finally:
            job.kill()
            job.communicate()


def test_an_exception_that_python_drops_is_raised_again() -> None:
    destructor = "import time\nclass Deaf:\n def __del__(self):\n  " + READY + "  time.sleep(1)\nDeaf()\ntime.sleep(60)"
    for number in (signal.SIGTERM, signal.SIGINT):
        job = program(destructor)
        job.send_signal(number)
        found = ended(job, 20.0)
        assert (found.returncode, found.stderr.count("\n")) == (CODES[number], 1)
        assert "kept: 3 of 5 things" in found.stderr  # in good order: the second signal is no second Ctrl-C


def test_a_dropped_exception_is_no_reason_to_pass_for_done() -> None:
    swallowed = READY + "import time\ntry:\n time.sleep(60)\nexcept BaseException:\n pass"
    job = program(swallowed)
    job.send_signal(signal.SIGTERM)
    found = ended(job, 20.0)
    assert found.returncode == 143
    assert found.stderr == "stopped by SIGTERM\n"


def test_what_holds_a_full_pipe_ends_all_the_same() -> None:
    chatty = READY + "while True: print('x' * 1000)"
    job = program(chatty, grace=1.0)  # nobody reads what it prints
    time.sleep(1.0)
    job.send_signal(signal.SIGTERM)
    assert job.wait(10.0) == 143
    job.communicate()


def test_a_notebook_goes_on_after_what_it_has_stopped() -> None:
    code = (
        "import signal, time\nfrom classvec import signals\nsignals.GRACE_SECONDS = 0.5\n"
        "try:\n with signals.stopping(): signal.raise_signal(signal.SIGINT)\n"
        "except signals.Stopped: time.sleep(1.5); print('goes on')"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (found.stdout, found.stderr) == ("goes on\n", "stopped by Ctrl-C\n")


def test_an_error_of_the_end_is_the_end() -> None:
    teardown = (
        READY
        + "import time\ntry: time.sleep(60)\nfinally:\n raise RuntimeError('DataLoader worker exited unexpectedly')"
    )
    job = program(teardown)
    job.send_signal(signal.SIGINT)
    found = ended(job, 20.0)
    assert found.returncode == 130
    assert found.stderr == "stopped by Ctrl-C; kept: 3 of 5 things; the same command goes on from there\n"


def test_what_was_ignored_stays_ignored_and_afterwards_all_is_as_before() -> None:
    before = [signal.getsignal(number) for number in CODES]
    with stopping(silent=True):
        assert [signal.getsignal(number) for number in CODES] != before
    assert [signal.getsignal(number) for number in CODES] == before
    ignored = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    code = ignored + "from classvec.signals import stopping\nwith stopping(): signal.raise_signal(2); print('goes on')"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "goes on\n"


def test_the_innermost_words_are_heard_and_a_process_can_send_them() -> None:
    with pytest.raises(Stopped) as caught, keeping(lambda: "all"), keeping(lambda: str(1 // 0)), keeping(lambda: ""):
        raise Stopped(signal.SIGTERM)
    assert caught.value.kept == "all"  # the inner ones say nothing, or fail to
    sent = pickle.loads(pickle.dumps(caught.value))
    assert (sent.code, sent.kept) == (143, "all")
    assert not isinstance(sent, Exception)


@pytest.fixture
def workplace(tmp_path: Path, compiled: Path) -> Workplace:
    return Workplace.drawn(tmp_path, compiled)


def first_lines(workplace: Workplace, arguments: Sequence[str], number: int) -> tuple[int, str]:
    """Returns the exit code of a command whose reader leaves after some lines, and what went to the errors."""
    job = workplace.start(arguments)
    assert job.stdout is not None
    assert job.stderr is not None
    for _ in range(number):
        job.stdout.readline()
    job.stdout.close()
    with job.stderr:
        errors = job.stderr.read()
    return job.wait(120.0), errors


def test_a_reader_that_leaves_does_no_harm(workplace: Workplace) -> None:
    assert first_lines(workplace, ["-m", "classvec", "keys"], 1) == (0, "")
    code, errors = first_lines(workplace, [*EVALUATE, "tracking=none"], 1)
    assert (code, "Traceback" in errors, "Broken" in errors) == (0, False, False)
    (run,) = workplace.runs
    assert json.loads((run / "job.json").read_text())["status"] == "finished"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_job_says_why_and_a_stopped_fit_does_not_pass_for_done(
    workplace: Workplace, number: signal.Signals, code: int
) -> None:
    fit = [*EVALUATE, "architecture=small_inception", "architecture.weights=fit", "fit.epochs=500", "fit.batch_size=2"]
    job = workplace.start([*fit, "tracking=none"])
    assert job.stdout is not None
    for line in job.stdout:
        if "epoch 1 of" in line:
            break
    os.killpg(job.pid, number)  # as Ctrl-C in a terminal, and timeout(1): also to the processes that load images
    start = time.monotonic()
    found = ended(job)
    assert time.monotonic() - start < 10.0
    assert found.returncode == code
    assert "Traceback" not in found.stderr
    (line,) = [line for line in found.stderr.splitlines() if line.startswith("stopped by")]
    assert " of 500 epochs; the same command goes on from there" in line
    (run,) = workplace.runs
    assert (run / "error.txt").read_text() == line
    assert json.loads((run / "job.json").read_text())["status"] == "stopped"


def test_the_page_of_mlflow_leaves_no_server(workplace: Workplace) -> None:
    done = workplace.run([*EVALUATE, "chance.draws=20"])
    assert done.returncode == 0, done.stderr
    job = workplace.start(["-m", "classvec", "ui", "--port", "5931"])
    assert job.stderr is not None
    for line in job.stderr:  # of the server, once its own processes are there
        if "startup complete" in line.lower() or "running on" in line.lower():
            break
    job.send_signal(signal.SIGTERM)
    start = time.monotonic()
    found = ended(job)
    assert time.monotonic() - start < 10.0
    assert found.returncode == 143
    assert "Traceback" not in found.stderr
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "5931" not in listed
