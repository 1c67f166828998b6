"""MLflow's page in a real browser, on what a sweep over the embedded data left: what was promised is there to see."""

import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from classvec.artifacts import ConceptLabels, Scores
from classvec.report.mlflow_server import server
from tests.conftest import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow
SHOTS = ROOT / "outputs" / "screenshots"
PLAIN = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
PATIENCE = 60_000
"""Milliseconds to wait for something to appear: MLflow's page is 20 MB of JavaScript."""

CHARTS = """() => [...document.querySelectorAll('[data-testid=experiment-view-compare-runs-card]')].map(card => ({
  title: card.innerText.split('\\n')[0],
  curves: (card.querySelector('.js-plotly-plot')?.data ?? []).map(
    curve => [curve.name, Array.from(curve.x ?? []), Array.from(curve.y ?? []), card.querySelectorAll('.trace').length])
}))"""


@dataclass(frozen=True)
class Served:
    """A sweep's folder, and the address it printed, at the port where a server answers."""

    sweep: Path
    link: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if shutil.which("chromium") is None:
        pytest.skip("no chromium on this machine: apt install chromium to look at pages in a real browser")
    folder = tmp_path_factory.mktemp("ui")
    command = [
        sys.executable, str(ROOT / "evaluate.py"), "-m", "layers=low,top", "data.images_per_class=1",
        "clustering.k=[2,3,4]", "clustering.seeds=[0,1]", "chance.draws=20",
    ]  # fmt: skip
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200)
    assert made.returncode == 0, made.stderr
    links = re.findall(r"http://127\.0\.0\.1:5000/\S+", made.stdout)
    assert len(set(links)) == 1, "the jobs of a sweep and its summary print one address"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command, environment = server(f"sqlite:///{folder}/outputs/mlflow.db", port)
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _answers(f"http://127.0.0.1:{port}/health")
        sweep = next((folder / "outputs" / "sweeps").iterdir())
        yield Served(sweep=sweep, link=links[0].replace(":5000", f":{port}"))
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(address: str) -> None:
    started = time.monotonic()
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            assert time.monotonic() - started < 90, "MLflow's server does not answer"
            time.sleep(0.5)
        else:
            print(f"MLflow's server answers after {time.monotonic() - started:.0f} s")
            return


@pytest.fixture(scope="module")
def page(served: Served) -> Iterator["Page"]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=PLAIN)
        page = browser.new_page(viewport={"width": 1500, "height": 1300})
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


def shot(page: "Page", name: str) -> None:
    """Keeps what the browser shows, for people to look at."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")


def open_run(page: "Page", served: Served, name: str) -> None:
    """Goes from the sweep's page to a run's."""
    page.goto(served.link)
    page.get_by_role("link", name=name, exact=True).first.click()
    page.get_by_text("About this run").wait_for()


def open_artifact(page: "Page", name: str) -> None:
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_text(name, exact=True).first.click()
    page.get_by_text("Path:").first.wait_for()


def test_the_printed_link_shows_the_curves_of_the_sweep_over_each_other(page: "Page", served: Served) -> None:
    page.goto(served.link)
    page.wait_for_selector(".js-plotly-plot .scatterlayer .trace")
    page.wait_for_function(f"({CHARTS})().some(c => c.title == 'f1/mean' && c.curves.length >= 2)")
    shot(page, "sweep")
    charts: dict[str, Any] = {chart["title"]: chart["curves"] for chart in page.evaluate(CHARTS)}
    for title, column in (("f1/mean", "f1_mean"), ("f1/adjusted", "f1_adjusted")):
        shown = {name: dict(zip(x, y, strict=True)) for name, x, y, _ in charts[title] if x}
        for job, group in ((0, "low"), (1, "top")):
            scores = Scores.load(served.sweep / str(job) / "scores.csv")
            expected = {row.k: getattr(row, column) for row in scores.rows}
            assert shown[f"small_inception {group}"] == pytest.approx(expected), title
        assert charts[title][0][3] >= 2, "both are drawn"
    assert page.get_by_role("link", name="summary: Sweep over layers").is_visible()


def test_a_run_tells_its_headline_figures_and_the_names_of_its_clusters(page: "Page", served: Served) -> None:
    open_run(page, served, "small_inception top")
    page.get_by_text("Show more").first.click()
    table = page.locator("table").filter(has_text="clusters").first
    labels = ConceptLabels.load(served.sweep / "1" / "labels.json")
    for k, clusters in labels.clusters.items():
        row = table.locator("tr").filter(has=page.locator(f"td:text-is('{k}')")).first.inner_text()
        assert ", ".join(label.rated for label in clusters) in row
    text = page.inner_text("body")
    assert re.search(r"best f1 0\.\d{3}, best adjusted 0\.\d{3}", text)
    shot(page, "run")


def test_the_table_of_labels_and_a_picture_open(page: "Page", served: Served) -> None:
    open_run(page, served, "small_inception top")
    open_artifact(page, "cluster_labels.json")
    cells = page.get_by_role("cell")
    cells.filter(has_text="02.01").first.wait_for()
    assert cells.filter(has_text="living thing").count() >= 1
    shot(page, "labels")
    open_artifact(page, "f1.png")
    page.wait_for_function("() => [...document.querySelectorAll('img')].some(i => i.alt == 'f1.png' && i.naturalWidth)")
    shot(page, "picture")


def test_the_summary_holds_the_table_of_the_sweep(page: "Page", served: Served) -> None:
    open_run(page, served, "summary: Sweep over layers")
    table = page.locator("table").filter(has_text="best adjusted F1").first
    assert table.locator("tr").count() == 3
    assert "small_inception low" in table.inner_text()
    open_artifact(page, "f1.png")
    page.wait_for_function("() => [...document.querySelectorAll('img')].some(i => i.alt == 'f1.png' && i.naturalWidth)")
    shot(page, "summary")


def test_the_html_report_of_a_run_and_of_the_sweep_open(page: "Page", served: Served) -> None:
    for name, heading in (("small_inception top", "small_inception top"), ("summary: Sweep over layers", "2 runs")):
        open_run(page, served, name)
        open_artifact(page, "report.html")
        inside = page.frame_locator("iframe").locator("h1").first
        inside.wait_for()
        assert heading in inside.inner_text()
        page.frame_locator("iframe").locator(".js-plotly-plot .trace").first.wait_for()
        shot(page, f"report of {name.split()[0].rstrip(':')}")
