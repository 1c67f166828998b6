"""The page of a run and of a sweep: what is on it, what must not be, and that it works in a browser."""

import base64
import json
import re
import shutil
import time
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from classvec.__main__ import main as commands
from classvec.analyses.analysis import Chart, Result
from classvec.artifacts import Cost, write_csv, write_json
from classvec.data.image_files import ImageFiles
from classvec.errors import InputError
from classvec.page import run_page, sweep_page
from classvec.page.thumbnails import COLUMNS, SIDE, write_thumbnails
from classvec.settings import ImageChoice
from tests.runs import CHOICES, NAMES, make_evaluation, make_similarity, signed, write_run

TITLES = "buttons => buttons.map(button => button.dataset.title ?? button.ariaLabel)"
EVIL = "</script><script>alert(1)</script>"


def result(name: str, **parts: Any) -> Result:
    """What an analysis might yield: a picture, and what else is given."""
    return Result(
        **{
            "name": name,
            "title": f"Title of {name}",
            "charts": {name: Chart(figure=Figure(), caption=f"A {name}")},
            **parts,
        }
    )


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
    for words in ("tiny all", "0.62", "best adjusted F1, at k = 2; p = 0.062", "mean F1 there; chance 0.500",
                  "4 of 5", "labels stand out from chance", "six things", "abc123", "WordNet 3.0",
                  "torch 9", "1,234 s", "2,346 MiB", "3, 4",
                  "graph of 10 nearest neighbours", "the nearest to each class on the map, 2 of them"):  # fmt: skip
        assert words in text, words
    assert "hardly better than chance" not in text
    assert re.search(r"<b>affinity</b></t[dh]>\s*<td[^>]*>graph of 10 nearest neighbours<", page.read_text())
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
    values = make_similarity(6).values[np.triu_indices(6, 1)]
    steps = np.frombuffer(base64.b64decode(small["bytes"]), dtype=np.uint8)
    found = small["low"] + steps / 255 * (small["high"] - small["low"])
    assert np.abs(found - values).max() <= (values.max() - values.min()) / 255 / 2 + 1e-12
    assert small["self"] == pytest.approx(1.0)


def test_the_most_typical_members_come_first(tmp_path: Path) -> None:
    members = data_of(run_page.write(write_run(tmp_path / "run")))["clusters"][0]["clusters"][0]["members"]
    values = make_similarity(6).values
    typical = [values[i, [0, 1, 2, 3]].mean() for i in members]
    assert typical == sorted(typical, reverse=True)


def test_names_are_text_and_never_markup(tmp_path: Path) -> None:
    names, evil = [EVIL, '" onmouseover="alert(1)', *NAMES[2:]], '"><i>&'
    chart = Chart(figure=Figure(), caption=evil)
    found = result(
        "x", title=evil, lines=[EVIL], charts={evil: chart}, tables={"t": [{evil: EVIL}]}, values={evil: EVIL}
    )
    folder = write_run(
        tmp_path / "run",
        f"<em>{EVIL}",
        make_evaluation(names),
        choices={"data": "<img src=x onerror=alert(1)>"},
        config=f"seed: 0  # {EVIL}\n",
        found=[found],
    )
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


def test_optional_parts_are_there_only_where_the_run_wrote_them(tmp_path: Path) -> None:
    folder, computed = tmp_path / "run", make_evaluation(splits=[((0, 1, 2, 3), (4, 5))])
    pictures = ("reconstructions.png", "reconstructions/n00000001.png", "thumbnails.jpg", "stability.png")
    (folder / "reconstructions").mkdir(parents=True)
    for name in pictures:
        Image.new("RGB", (8, 8), "red").save(folder / name)
    write_csv(folder / "reconstructions.csv", [{"class": "n00000001", "loss": "0.03125"}], ["class", "loss"])
    page = run_page.write(write_run(folder, computed=computed))
    assert not {"reconstructions", "analysis-stability", "splits"} & Elements(page).ids(), "left by another run"
    assert data_of(page)["thumbnails"] is None

    rows = [{"layer": "low", "r": 0.0625}]
    hidden = {"hidden": Chart(figure=Figure(), caption="drawn by the page", on_page=False)}
    found = [
        result("stability", tables={"rows": rows}, lines=["In words"], values={"v": 3}),
        result("x", charts=hidden),
    ]
    elements = Elements(run_page.write(write_run(folder, found=found, more=[*pictures, "reconstructions.csv"])))
    assert {"reconstructions", "analysis-stability", "analysis-x", "splits"} <= elements.ids()
    for words in ("0.03125", "0.0625", "In words", '"v": 3', "Title of stability"):
        assert words in elements.text
    captions = [str(attributes["alt"]) for tag, attributes in elements.found if tag == "img"]
    assert captions[1:] == ["Reconstruction of goldfish", "A stability"]
    assert data_of(page)["thumbnails"]["sheet"].startswith("data:image/jpeg;base64,")


def test_files_outside_the_folder_and_markup_in_names_stay_out(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a,b\nhidden words 271,1\n")
    folder = write_run(tmp_path / "run", more=["../secret.csv"])
    content = json.loads((folder / "analyses.json").read_text())
    evil = {"name": 'data"><script>', "title": "t", "lines": [], "values": {}, "pictures": {"../secret.csv": "p"}}
    write_json(folder / "analyses.json", {"analyses": [*content["analyses"], {**evil, "tables": ["../secret.csv"]}]})
    page = run_page.write(signed(folder))
    assert "hidden words 271" not in page.read_text()
    assert 'data"><script>' not in page.read_text()
    assert 'analysis-data"><script>' in Elements(page).ids()
    write_json(folder / "analyses.json", {"analyses": [1]})
    with pytest.raises(InputError, match=r"analyses\.json is not what the run wrote"):
        run_page.write(folder)
    with pytest.raises(InputError, match=r"analyses\.json is truncated or foreign"):
        run_page.write(signed(folder))


def test_a_run_no_better_than_chance_says_so(tmp_path: Path) -> None:
    page = run_page.write(write_run(tmp_path / "run", computed=make_evaluation(f1=0.51)))
    assert "hardly better than chance" in Elements(page).text


@pytest.mark.parametrize(
    "name",
    ["run.json", "scores.csv", "scores.json", "labels.json", "clusterings.npz", "similarity.npz", "neighbours.csv",
     "provenance.json", "analyses.json", "stability.png"],
)  # fmt: skip
def test_a_truncated_file_is_named(tmp_path: Path, name: str) -> None:
    folder = write_run(tmp_path / "run", found=[result("stability")])
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(InputError, match=re.escape(str(folder / name).replace("scores.json", "scores."))):
        run_page.write(folder)
    assert not (folder / "report.html").exists()


def test_files_of_different_runs_are_noticed(tmp_path: Path) -> None:
    folder, other = write_run(tmp_path / "run"), write_run(tmp_path / "other", computed=make_evaluation("abcdefg"))
    shutil.copy(other / "similarity.npz", folder)
    with pytest.raises(InputError, match=r"similarity\.npz is not what the run wrote"):
        run_page.write(folder)
    with pytest.raises(InputError, match="different classes"):
        run_page.write(signed(folder))
    write_run(folder)
    two = make_evaluation(splits=[((0, 1, 2, 3), (4, 5))])
    shutil.copy(write_run(tmp_path / "two only", computed=two) / "scores.csv", folder)
    with pytest.raises(InputError, match="different k"):
        run_page.write(signed(folder))


def test_the_same_run_gives_the_same_bytes_and_little_beside_the_library(tmp_path: Path) -> None:
    first = run_page.write(write_run(tmp_path / "run")).read_bytes()
    assert run_page.write(tmp_path / "run").read_bytes() == first
    from plotly.offline import get_plotlyjs

    assert len(first) - len(get_plotlyjs().encode()) < 60_000


def test_a_large_picture_is_made_smaller(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", found=[result("depth")])
    noise = np.random.default_rng(0).integers(0, 256, (1000, 2000, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "depth.png")
    src = next(str(a["src"]) for tag, a in Elements(run_page.write(signed(folder))).found if tag == "img")
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
    low, top = ({**CHOICES, "layers": layers} for layers in ("<low>", "top"))
    write_run(tmp_path / "sweep" / "0", "tiny low", make_evaluation(f1=0.51), choices=low, overrides=[])
    write_run(tmp_path / "sweep" / "10", "tiny top", choices=top, overrides=[])
    write_run(tmp_path / "sweep" / "2", "tiny top", choices=top, overrides=[])
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
    assert (
        "tiny low: Permuted classes reach the best adjusted F1 of this curve too: p = 0.062. Adjusted F1 stays"
        in elements.text
    )


def test_without_a_run_there_is_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands(["page", str(tmp_path)]) == 1
    assert "holds no run of evaluate.py" in capsys.readouterr().err
    (write_run(tmp_path / "run") / "labels.json").unlink()
    with pytest.raises(InputError, match=r"labels\.json is missing"):
        run_page.write(tmp_path / "run")


def test_an_undefined_score_is_no_number_on_the_page(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", computed=make_evaluation(f1=0.995, chance=0.995))
    page = run_page.write(folder)
    assert data_of(page)["curves"][0]["rows"][0]["f1_adjusted"] is None
    assert "undefined" in Elements(sweep_page.write({"run": folder}, tmp_path / "sweep.html")).text


def test_what_a_run_took() -> None:
    cost = Cost.since(time.monotonic() - 2.0)
    assert 2.0 <= cost.wall_seconds < 10.0
    assert 50 < cost.process_max_rss_mib < 100_000  # Python with numpy and torch, in MiB


@pytest.mark.slow
def test_a_page_of_a_thousand_classes_stays_below_8_mb(tmp_path: Path, real_data: Path) -> None:
    names = [f"class {i}" for i in range(1000)]
    splits = [[range(start, 1000, k) for start in range(k)] for k in range(2, 20)]
    folder = write_run(tmp_path / "run", computed=make_evaluation(names, splits), more=["thumbnails.jpg"])
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

    evil = make_evaluation([EVIL, *NAMES[1:]])
    write_run(tmp_path / "sweep" / "0", f"tiny {EVIL}", evil, more=["thumbnails.jpg"], overrides=[])
    write_thumbnails(_drawn(tmp_path), tmp_path / "sweep" / "0" / "thumbnails.jpg")
    write_run(tmp_path / "sweep" / "1", choices={**CHOICES, "layers": "top"}, overrides=[])
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
        assert tab.locator("#f1-chart .scatterlayer .trace").count() == 5  # chance once, F1 and adjusted F1 of two runs
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
