"""The page of a run and of a sweep: what is on it, what must not be, and that it works in a browser."""

import base64
import json
import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from classvec.__main__ import main as commands
from classvec.artifacts import (
    Clusterings,
    ClusterLabel,
    ConceptLabels,
    ConceptMatch,
    Cost,
    Score,
    Scores,
    Similarity,
    write_csv,
    write_json,
    write_text,
)
from classvec.data.image_files import ImageFiles
from classvec.errors import InputError
from classvec.page import run_page, sweep_page
from classvec.page.thumbnails import COLUMNS, SIDE, write_thumbnails
from classvec.settings import ImageChoice

NAMES = ("tench", "goldfish", "crane", "chain saw", "crane", "hatchet")
TITLES = "buttons => buttons.map(button => button.dataset.title ?? button.ariaLabel)"
EVIL = "</script><script>alert(1)</script>"


def similarity_of(n: int, seed: int = 0) -> Similarity:
    vectors = np.random.default_rng(seed).normal(size=(n, 12))
    vectors[: n // 2, 0] += 3.0
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    classes = tuple(f"n{i:08d}" for i in range(n))
    return Similarity(
        values=vectors @ vectors.T, classes=classes, metric="cosine", layers=("low", "top"), provenance={}
    )


def match(name: str, f1: float) -> ConceptMatch:
    return ConceptMatch(
        concept=name, synset=f"{name}.n.01", name=name, f1=f1, precision=0.75, recall=0.875, n_concept=4, n_both=3
    )


def score(k: int, f1: float, chance: float) -> Score:
    return Score(
        k=k, f1_mean=f1, f1_min=f1 - 0.05, f1_max=f1 + 0.05, f1_weighted=f1, f1_chance=chance,
        f1_chance_low=chance - 0.1, f1_chance_high=chance + 0.1, f1_adjusted=(f1 - chance) / (1 - chance),
        p=0.0625, smallest=1, agreement=0.5, agreement_min=0.25,
    )  # fmt: skip


def write_run(
    folder: Path,
    names: Sequence[str] = NAMES,
    *,
    name: str = "tiny all",
    f1: float = 0.8125,
    splits: Sequence[Sequence[Sequence[int]]] = (((0, 1, 2, 3), (4, 5)), ((0, 1, 2), (4, 5), (3,))),
    choices: dict[str, str] | None = None,
) -> Path:
    """Leaves what `report.write` leaves, made by hand."""
    similarity = similarity_of(len(names))
    clusters = {
        len(split): tuple(
            ClusterLabel(
                cluster=i, members=tuple(members), matches=(match(f"concept{i}", 0.9), match("runner-up", 0.4))
            )
            for i, members in enumerate(split)
        )
        for split in splits
    }
    ConceptLabels(
        clusters=clusters,
        seeds=dict.fromkeys(clusters, 0),
        classes=similarity.classes,
        class_names=tuple(names),
        provenance={},
    ).save(folder / "labels.json")
    Scores(rows=tuple(score(k, f1, 0.5) for k in clusters), n_draws=15).save(folder / "scores.csv")
    similarity.save(folder / "similarity.npz")
    Clusterings(
        labels=np.zeros((len(clusters), 2, len(names)), dtype=np.int64),
        k=tuple(clusters),
        seeds=(3, 4),
        classes=similarity.classes,
        agreement=np.ones((len(clusters), 2, 2)),
        provenance={},
    ).save(folder / "clusterings.npz")
    order = np.argsort(-similarity.values, axis=1)[:, 1:3]
    rows = [
        {"class": of, "rank": rank, "neighbour": similarity.classes[j], "value": similarity.values[i, j]}
        for i, of in enumerate(similarity.classes)
        for rank, j in enumerate(order[i], start=1)
    ]
    write_csv(folder / "neighbours.csv", rows, list(rows[0]))
    write_json(
        folder / "provenance.json", {"weights_hash": "abc123", "ontology": "WordNet 3.0", "versions": {"torch": "9"}}
    )
    chosen = choices or {"architecture": "tiny", "data": "six things", "layers": "all"}
    cost = {"wall_seconds": 1234.5, "process_max_rss_mib": 2345.6}
    write_json(folder / "run.json", {"name": name, "sweep_id": "s", "choices": chosen, "images": 7, **cost})
    write_text(folder / "config.yaml", f"seed: 0  # {EVIL}\n")
    return folder


def data_of(page: Path) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found is not None
    return json.loads(found[1])


class Elements(HTMLParser):
    """The elements of a page, as a browser would find them, and the text outside of scripts and style."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] not in ("script", "style"):
            self.text += data

    def ids(self) -> set[str | None]:
        return {attributes["id"] for _, attributes in self.found if "id" in attributes}


def test_the_figures_are_on_the_page(tmp_path: Path) -> None:
    page = run_page.write(write_run(tmp_path / "run"))
    assert page == tmp_path / "run" / "report.html"
    text = Elements(page).text
    for words in ("tiny all", "0.62", "mean F1 there; chance 0.500, p = 0.062", "six things", "abc123", "WordNet 3.0",
                  "torch 9", "1,234 s", "2,346 MiB", "3, 4"):  # fmt: skip
        assert words in text, words
    assert "hardly better than chance" not in text
    data = data_of(page)
    assert data["names"] == list(NAMES)
    assert [c["k"] for c in data["clusters"]] == [2, 3]
    first = data["clusters"][1]["clusters"][0]
    assert sorted(first["members"]) == [0, 1, 2]
    best = {"name": "concept0", "synset": "concept0.n.01", "f1": 0.9, "precision": 0.75, "recall": 0.875}
    assert first["matches"][0] == {**best, "n": 4, "same": []}
    assert data["curves"][0]["rows"][0]["f1_adjusted"] == 0.625


def test_the_small_matrix_is_the_matrix(tmp_path: Path) -> None:
    small = data_of(run_page.write(write_run(tmp_path / "run")))["matrix"]
    values = similarity_of(6).values[np.triu_indices(6, 1)]
    steps = np.frombuffer(base64.b64decode(small["bytes"]), dtype=np.uint8)
    found = small["low"] + steps / 255 * (small["high"] - small["low"])
    assert np.abs(found - values).max() <= (values.max() - values.min()) / 255 / 2 + 1e-12
    assert small["self"] == pytest.approx(1.0)


def test_the_most_typical_members_come_first(tmp_path: Path) -> None:
    members = data_of(run_page.write(write_run(tmp_path / "run")))["clusters"][0]["clusters"][0]["members"]
    values = similarity_of(6).values
    typical = [values[i, [0, 1, 2, 3]].mean() for i in members]
    assert typical == sorted(typical, reverse=True)


def test_names_are_text_and_never_markup(tmp_path: Path) -> None:
    names = [EVIL, '" onmouseover="alert(1)', *NAMES[2:]]
    folder = write_run(tmp_path / "run", names, name=f"<em>{EVIL}", choices={"data": "<img src=x onerror=alert(1)>"})
    Image.new("RGB", (2, 2)).save(folder / '"><i>&.png')
    page = run_page.write(folder)
    elements = Elements(page).found
    assert [tag for tag, _ in elements].count("script") == 4
    assert not {"em", "i"} & {tag for tag, _ in elements}
    assert not any(name.startswith("on") for _, attributes in elements for name in attributes)
    assert all(str(attributes["src"]).startswith("data:image/") for tag, attributes in elements if tag == "img")
    assert data_of(page)["names"][:2] == names[:2]
    assert f"<em>{EVIL}" in Elements(page).text


def test_nothing_on_the_page_leads_away(tmp_path: Path) -> None:
    found = Elements(run_page.write(write_run(tmp_path / "run"))).found
    policy = next(a["content"] for tag, a in found if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy
    for tag, attributes in found:
        for name in ("src", "href"):
            assert str(attributes.get(name) or "data:").startswith("data:"), (tag, attributes)


def test_optional_parts_are_there_only_where_their_files_are(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", splits=[[(0, 1, 2, 3), (4, 5)]])
    page = run_page.write(folder)
    assert not {"reconstructions", "pictures", "splits"} & Elements(page).ids()
    assert data_of(page)["thumbnails"] is None

    write_run(folder)
    (folder / "reconstructions").mkdir()
    for name in ("reconstructions.png", "reconstructions/n00000001.png", "stability.png", "agreement.png", "f1.png"):
        Image.new("RGB", (8, 8), "red").save(folder / name)
    write_csv(folder / "reconstructions.csv", [{"class": "n00000001", "loss": "0.03125"}], ["class", "loss"])
    Image.new("RGB", (8, 8)).save(folder / "thumbnails.jpg")
    elements = Elements(run_page.write(folder))
    assert {"reconstructions", "pictures", "splits"} <= elements.ids()
    assert "0.03125" in elements.text
    captions = [str(attributes["alt"]) for tag, attributes in elements.found if tag == "img"]
    assert captions[1] == "Reconstruction of goldfish"
    assert captions[2:] == [run_page.PICTURES["agreement"], run_page.PICTURES["stability"]]
    assert data_of(page)["thumbnails"]["sheet"].startswith("data:image/jpeg;base64,")


def test_a_run_no_better_than_chance_says_so(tmp_path: Path) -> None:
    page = run_page.write(write_run(tmp_path / "run", f1=0.51))
    assert "hardly better than chance" in Elements(page).text


@pytest.mark.parametrize(
    "name",
    ["run.json", "scores.csv", "scores.json", "labels.json", "clusterings.npz", "similarity.npz", "neighbours.csv",
     "provenance.json", "agreement.png"],
)  # fmt: skip
def test_a_truncated_file_is_named(tmp_path: Path, name: str) -> None:
    folder = write_run(tmp_path / "run")
    Image.new("RGB", (64, 64), "red").save(folder / "agreement.png")
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(InputError, match=re.escape(str(folder / name).replace("scores.json", "scores."))):
        run_page.write(folder)
    assert not (folder / "report.html").exists()


def test_files_of_different_runs_are_noticed(tmp_path: Path) -> None:
    folder, other = write_run(tmp_path / "run"), write_run(tmp_path / "other", (*NAMES[:5], "a", "b"))
    shutil.copy(other / "similarity.npz", folder)
    with pytest.raises(InputError, match="different classes"):
        run_page.write(folder)
    write_run(folder)
    shutil.copy(write_run(tmp_path / "two only", splits=[[(0, 1, 2, 3), (4, 5)]]) / "scores.csv", folder)
    with pytest.raises(InputError, match="different k"):
        run_page.write(folder)


def test_the_same_run_gives_the_same_bytes_and_little_beside_the_library(tmp_path: Path) -> None:
    first = run_page.write(write_run(tmp_path / "run")).read_bytes()
    assert run_page.write(tmp_path / "run").read_bytes() == first
    from plotly.offline import get_plotlyjs

    assert len(first) - len(get_plotlyjs().encode()) < 60_000


def test_a_large_picture_is_made_smaller(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    noise = np.random.default_rng(0).integers(0, 256, (1000, 2000, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "depth.png")
    src = next(str(a["src"]) for tag, a in Elements(run_page.write(folder)).found if tag == "img")
    assert src.startswith("data:image/webp;base64,")
    assert len(src) < (folder / "depth.png").stat().st_size / 3


def test_the_sheet_shows_the_first_image_of_each_class(tmp_path: Path) -> None:
    colours = {"n01440764": (220, 20, 20), "n01443537": (20, 200, 20), "n02084071": (20, 20, 220)}
    for class_id, colour in colours.items():
        (tmp_path / class_id).mkdir()
        Image.new("RGB", (90, 60), colour).save(tmp_path / class_id / "a.png")
        Image.new("RGB", (90, 60), "white").save(tmp_path / class_id / "b.png")
    files = {class_id: [f"{class_id}/a.png", f"{class_id}/b.png"] for class_id in colours}
    images = ImageFiles(tmp_path, "three", files, ImageChoice(root=tmp_path))
    with Image.open(write_thumbnails(images, tmp_path / "sheet.jpg")) as sheet:
        assert sheet.size == (3 * SIDE, SIDE)
        for place, colour in enumerate(colours.values()):
            found = np.array(sheet)[SIDE // 2, place * SIDE + SIDE // 2].astype(int)
            assert np.abs(found - colour).max() < 12


def test_a_sweep_tables_what_its_runs_differ_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    low, top = ({"architecture": "tiny", "data": "d", "layers": layers} for layers in ("<low>", "top"))
    write_run(tmp_path / "sweep" / "0", name="tiny low", choices=low, f1=0.51)
    write_run(tmp_path / "sweep" / "10", name="tiny top", choices=top)
    write_run(tmp_path / "sweep" / "2", name="tiny top", choices=top)
    Image.new("RGB", (4, 4)).save(tmp_path / "sweep" / "f1.png")
    assert commands(["page", str(tmp_path / "sweep")]) == 0
    page = tmp_path / "sweep" / "report.html"
    assert capsys.readouterr().out.strip() == str(page)
    elements = Elements(page)
    links = [attributes["href"] for tag, attributes in elements.found if tag == "a"]
    assert links == ["0/report.html", "2/report.html", "10/report.html"]
    assert all((page.parent / str(link)).is_file() for link in links)
    names = [run["name"] for run in data_of(page)["curves"]]
    assert names == ["tiny low", "tiny top, sweep/2", "tiny top, sweep/10"]
    assert "3 runs: layers" in elements.text
    assert "<low>" in elements.text
    assert "hardly better than chance: tiny low." in elements.text


def test_without_a_run_there_is_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands(["page", str(tmp_path)]) == 1
    assert "no run of evaluate.py" in capsys.readouterr().err
    (write_run(tmp_path / "run") / "labels.json").unlink()
    with pytest.raises(InputError, match=r"labels\.json is missing"):
        run_page.write(tmp_path / "run")
    with pytest.raises(InputError, match="no run"):
        sweep_page.write([], tmp_path / "report.html")


def test_an_undefined_score_is_no_number_on_the_page(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    row = replace(score(2, 0.995, 0.995), f1_adjusted=float("nan"))
    Scores(rows=(row, replace(row, k=3)), n_draws=15).save(folder / "scores.csv")
    page = run_page.write(folder)
    assert data_of(page)["curves"][0]["rows"][0]["f1_adjusted"] is None
    assert "undefined" in Elements(sweep_page.write([folder], tmp_path / "sweep.html")).text


def test_what_a_run_took() -> None:
    cost = Cost.since(time.monotonic() - 2.0)
    assert 2.0 <= cost.wall_seconds < 10.0
    assert 50 < cost.process_max_rss_mib < 100_000  # Python with numpy and torch, in MiB


@pytest.mark.slow
def test_a_page_of_a_thousand_classes_stays_below_8_mb(tmp_path: Path, real_data: Path) -> None:
    names = [f"class {i}" for i in range(1000)]
    splits = [[range(start, 1000, k) for start in range(k)] for k in range(2, 20)]
    folder = write_run(tmp_path / "run", names, splits=splits)
    root = real_data / "data" / "imagenet-sample"
    listed = {path.parent.name: [str(path.relative_to(root))] for path in sorted(root.glob("*/*.*"))}
    page = run_page.write(folder, ImageFiles(root, "sample", listed, ImageChoice(root=root)))
    assert page.stat().st_size < 8_000_000
    sheet = base64.b64decode(data_of(page)["thumbnails"]["sheet"].partition(",")[2])
    with Image.open(BytesIO(sheet)) as image:
        assert image.size == (COLUMNS * SIDE, 1000 // COLUMNS * SIDE)  # one made smaller would show parts of others


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="the pages are looked at with Chromium: apt install chromium")
def test_the_pages_work_in_a_browser(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    write_run(tmp_path / "sweep" / "0", [EVIL, *NAMES[1:]], name=f"tiny {EVIL}")
    write_thumbnails(_drawn(tmp_path), tmp_path / "sweep" / "0" / "thumbnails.jpg")
    write_run(tmp_path / "sweep" / "1", choices={"architecture": "tiny", "data": "six things", "layers": "top"})
    page = sweep_page.remake(tmp_path / "sweep")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        troubles: list[str] = []
        requests: list[str] = []
        tab.on("console", lambda message: troubles.append(message.text))
        tab.on("pageerror", lambda error: troubles.append(str(error)))
        tab.on("dialog", lambda dialog: troubles.append(dialog.message))
        tab.on("request", lambda request: requests.append(request.url))

        tab.goto(page.as_uri())
        assert tab.locator("#f1-chart .scatterlayer .trace").count() == 10
        tab.click("a >> text=tiny all")
        tab.wait_for_url("**/1/report.html")
        tab.goto((page.parent / "0" / "report.html").as_uri())

        assert tab.locator("#k-shown").inner_text() == "3"
        assert tab.locator("#cluster-table tbody tr").count() == 3
        tab.focus("#k")
        tab.keyboard.press("ArrowLeft")
        assert tab.locator("#k-shown").inner_text() == "2"
        assert tab.locator("#cluster-table tbody tr").count() == 2
        assert "concept0" in tab.locator("#matrix-names").inner_text()

        _point_at(tab, tab.locator("#f1-chart .scatterlayer .point").first)
        tab.locator("#f1-chart .hovertext").first.wait_for()
        assert re.search(r"F1 0\.81.*chance 0\.500", str(tab.locator("#f1-chart .hoverlayer").text_content()))

        tab.focus("#matrix-canvas")
        tab.keyboard.press("ArrowRight")
        assert re.search(r"in concept0; .* in concept0: cosine -?\d\.\d\d", tab.locator("#matrix-words").inner_text())
        tab.locator("#matrix-canvas").hover(position={"x": 5, "y": 5})
        assert tab.locator("#matrix-words").inner_text().endswith("cosine 1.00")

        tab.fill("#search", "goldf")
        found = tab.locator("#class-found")
        assert "goldfish (n00000001)" in found.inner_text()
        assert found.locator("button.name").count() == 2
        assert found.locator(".thumb").count() == 3
        found.locator("button.name").first.click()
        assert "goldfish" not in found.locator("h3").first.inner_text()
        tab.fill("#search", "unicorn")
        assert found.inner_text() == "No class of that name."

        assert tab.locator(".modebar-btn").count() > 0
        assert not any("Share" in str(title) for title in tab.locator(".modebar-btn").evaluate_all(TITLES))
        tab.evaluate("document.getElementById('map').scrollIntoView()")
        _point_at(tab, tab.locator("#map-chart .scatterlayer .point").first)
        tab.locator(".tip .thumb").wait_for()
        assert "in concept" in tab.locator(".tip").inner_text()
        assert (
            tab.locator("#splits-chart .sankey-node").count() == 2 + 3 + 3
        )  # three unseen ones turn the last names outwards
        browser.close()
    assert troubles == []
    assert {url.split("?")[0] for url in requests if not url.startswith("data:")} == {
        path.as_uri() for path in (page, page.parent / "0" / "report.html", page.parent / "1" / "report.html")
    }


def _point_at(tab: Any, mark: Any) -> None:
    """Moves the mouse onto a mark of a chart, in steps, as a hand does."""
    box = mark.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(x - 30, y - 30)
    tab.mouse.move(x, y, steps=5)


def _drawn(folder: Path) -> ImageFiles:
    files = {}
    for i in range(6):
        (folder / f"n{i:08d}").mkdir()
        Image.new("RGB", (60, 60), (40 * i, 120, 200)).save(folder / f"n{i:08d}" / "a.png")
        files[f"n{i:08d}"] = [f"n{i:08d}/a.png"]
    return ImageFiles(folder, "drawn", files, ImageChoice(root=folder))
