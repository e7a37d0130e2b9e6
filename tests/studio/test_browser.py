"""The studio in a real browser: every page, a digit drawn by strokes, a string read, a run watched, an explorer dragged."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jaxtyping import Bool

pytest.importorskip("fastapi", reason="the extra studio is not installed")
pytest.importorskip("selenium", reason="Selenium is not installed")
pytest.importorskip("axe_core_python", reason="axe-core is not installed")
from axe_core_python.selenium import Axe
from selenium import webdriver
from selenium.webdriver import ActionChains, Keys

from shinso.data import load_digits, load_mnist
from shinso.experiment import compare_runs, run_experiment
from shinso.report import write, write_comparison
from shinso.settings import Settings
from shinso.studio import export_html
from shinso.studio._application import Opening
from shinso.studio._pages import EXPLORERS
from shinso.training import load

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync"),
    *(
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-extensions",
    ),
    *("--disable-domain-reliability", "--no-pings", "--window-size=1100,800"),
)
Stroke = list[tuple[float, float]]


def strokes_of(image: np.ndarray) -> list[Stroke]:
    """Return strokes (x, y) in pixels of the image that draw its skeleton."""
    left = {(int(row), int(column)) for row, column in np.argwhere(thinned(image > 0.35))}
    strokes = []
    while left:
        at = min(left, key=lambda place: len(around(place, left)))
        stroke = [at]
        left.discard(at)
        while near := around(at, left):
            at = min(near, key=lambda place: abs(place[0] - at[0]) + abs(place[1] - at[1]))
            stroke.append(at)
            left.discard(at)
        strokes.append(stroke)
    return [[(column + 0.5, row + 0.5) for row, column in joined(stroke, strokes)] for stroke in strokes]


def joined(stroke: list[tuple[int, int]], strokes: list[list[tuple[int, int]]]) -> list[tuple[int, int]]:
    """Return the stroke with its ends carried on to a neighbouring pixel of another one."""
    others = {place for other in strokes if other is not stroke for place in other}
    first, last = around(stroke[0], others), around(stroke[-1], others)
    return [*first[:1], *stroke, *last[:1]]


def around(place: tuple[int, int], places: set[tuple[int, int]]) -> list[tuple[int, int]]:
    row, column = place
    return [
        (row + down, column + across)
        for down in (-1, 0, 1)
        for across in (-1, 0, 1)
        if (down, across) != (0, 0) and (row + down, column + across) in places
    ]


def thinned(mask: np.ndarray) -> Bool[np.ndarray, "H W"]:
    """Return the skeleton of a mask (Zhang and Suen, "A fast parallel algorithm for thinning digital patterns", 1984)."""
    picture = np.pad(mask, 1).astype(int)
    changed = True
    while changed:
        changed = False
        for first in (True, False):
            p = [
                np.roll(picture, shift, (0, 1))
                for shift in ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))
            ]
            neighbours = sum(p)
            crossings = sum((p[k] == 0) & (p[(k + 1) % 8] == 1) for k in range(8))
            pairs = (p[0] * p[2] * p[4], p[2] * p[4] * p[6]) if first else (p[0] * p[2] * p[6], p[0] * p[4] * p[6])
            gone = (
                (picture == 1)
                & (neighbours >= 2)
                & (neighbours <= 6)
                & (crossings == 1)
                & (pairs[0] == 0)
                & (pairs[1] == 0)
            )
            changed = changed or bool(gone.any())
            picture[gone] = 0
    return picture[1:-1, 1:-1] == 1


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Headless Chromium; skips where it is not installed."""
    chromium, driver = shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("chromium and chromedriver are not installed (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in FLAGS:
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tempfile.mkdtemp(dir=tmp_path_factory.mktemp('profile'))}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    opened.set_script_timeout(120)
    yield opened
    opened.quit()


@pytest.fixture(scope="module")
def start(digits_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browsed")
    shutil.copytree(digits_run, folder / "runs" / "digits-1")
    return folder


@pytest.fixture(scope="module")
def address(start: Path, served: Any) -> Iterator[str]:
    with served(Opening(start)) as opened:
        yield opened


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """The browser, which must have no message in its console and ask nobody but the studio and files."""
    for kind in ("browser", "performance"):
        browser.get_log(kind)
    yield browser
    assert [entry["message"] for entry in browser.get_log("browser")] == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [one["params"]["request"]["url"] for one in events if one["method"] == "Network.requestWillBeSent"]
    assert asked
    assert [
        url for url in asked if not url.startswith(("http://127.0.0.1:", "data:", "file:", "blob:", "chrome"))
    ] == []


def until(true: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return found


def text(page: Any, name: str) -> str:
    return str(page.execute_script("return document.getElementById(arguments[0]).textContent", name))


DRAW = """
const [strokes, done] = [arguments[0], arguments[arguments.length - 1]];
const pad = document.getElementById("pad"), answer = document.getElementById("answer"), box = pad.getBoundingClientRect();
document.getElementById("clear").click();
const send = (kind, [x, y]) => pad.dispatchEvent(new PointerEvent(kind, {
  clientX: box.left + x * box.width, clientY: box.top + y * box.height, buttons: kind === "pointerup" ? 0 : 1, pointerId: 1,
}));
for (const stroke of strokes) {
  send("pointerdown", stroke[0]);
  for (const place of stroke) send("pointermove", place);
  send("pointerup", stroke[stroke.length - 1]);
}
let seen = null, calm = 0;
const wait = setInterval(() => {
  const now = (answer.dataset.count ?? "") + answer.textContent;
  calm = now === seen ? calm + 1 : 0;
  seen = now;
  if (calm > 8) { clearInterval(wait); done(answer.textContent); }
}, 25);
"""


def drawn(page: Any, strokes: list[Stroke], width: float, height: float) -> str:
    """Draw strokes of a picture, by pointer events, on the whole pad, and return the answer."""
    placed = [[(x / width, y / height) for x, y in stroke] for stroke in strokes]
    return str(page.execute_async_script(DRAW, placed))


def hindrances(page: Any) -> list[str]:
    """Return what axe-core finds on the page that is open: the rule, and the first element that breaks it."""
    found = Axe().run(page)["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found]


def in_the_dark(page: Any, dark: bool) -> None:
    features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def test_every_page_opens_and_hinders_nobody(page: Any, address: str) -> None:
    for path in ("/", "/?mode=string", "/train", "/runs/digits-1", "/compare?run=digits-1&run=digits-1", "/explore"):
        page.get(address + path)
        assert page.title.endswith("shinso")
        assert page.find_elements("css selector", "main h1")
        if path == "/runs/digits-1":
            until(
                lambda: (
                    page.find_elements("css selector", "#found p") and page.find_elements("css selector", "#probes svg")
                )
            )
        assert hindrances(page) == [], path
    for name in EXPLORERS:
        page.get(f"{address}/explore/{name}")
        until(lambda: page.execute_script("return document.getElementById('controls').dataset.shown"))
        assert page.find_elements("css selector", "#charts svg, #pictures img")
        assert text(page, "told") == ""
        assert hindrances(page) == [], name


def test_reports_hinder_nobody_by_day_and_night(page: Any, start: Path, digits_run: Path, tmp_path: Path) -> None:
    write(load(start / "runs" / "digits-1"), tmp_path / "report.html")
    write_comparison(compare_runs([digits_run, start / "runs" / "digits-1"]), tmp_path / "comparison.html")
    for name in ("report", "comparison"):
        for dark in (False, True):
            in_the_dark(page, dark)
            page.get((tmp_path / f"{name}.html").as_uri())
            assert hindrances(page) == [], (name, dark)
    in_the_dark(page, False)


def test_a_narrow_phone_shows_all_of_it(page: Any, address: str) -> None:
    metrics = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    for path in ("/", "/?mode=string", "/train", "/runs/digits-1", "/explore", "/explore/bumps"):
        page.get(address + path)
        assert page.execute_script("return document.documentElement.scrollWidth") <= 360, path
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_digit_is_drawn_by_mouse_and_by_keyboard(page: Any, address: str) -> None:
    page.get(f"{address}/")
    pad = page.find_element("id", "pad")
    mouse = ActionChains(page, duration=10).move_to_element_with_offset(pad, 0, -100).click_and_hold()
    for _ in range(10):
        mouse.move_by_offset(0, 20)
    mouse.release().perform()
    until(lambda: text(page, "answer") == "1")
    assert page.execute_script("return document.querySelector('.bars .best .bar-label').textContent") == "1"
    pad.send_keys(Keys.DELETE)
    until(lambda: text(page, "answer") == "–")
    pad.send_keys(Keys.ARROW_UP * 5, " ", Keys.ARROW_DOWN * 10, " ")
    until(lambda: text(page, "answer") == "1")


def test_a_string_of_digits_is_read(page: Any, address: str) -> None:
    page.get(f"{address}/?mode=string")
    strokes = [[(x, y) for y in np.linspace(10, 90, 20).tolist()] for x in (60, 200, 340)]
    assert drawn(page, strokes, 400, 100) == "111"
    assert len(page.find_elements("css selector", "#strip li")) == 3


def test_a_run_is_reloaded_and_watched_to_its_end(page: Any, address: str, start: Path) -> None:
    page.get(f"{address}/train")
    for name, value in {"epochs": "1500", "hidden": "8", "patience": "0", "network": "mlp"}.items():
        field = page.find_element("name", name)
        page.execute_script("arguments[0].value = arguments[1]", field, value)
    page.execute_script("document.getElementById('start').click()")
    until(lambda: "/runs/digits-2" in page.current_url)

    def state() -> str:
        return str(page.execute_script("return document.getElementById('run-page').dataset.state"))

    until(lambda: page.find_elements("css selector", "#curve-loss svg .curve"), 120)
    page.refresh()
    until(lambda: page.find_elements("css selector", "#curve-loss svg .curve"))
    assert state() in ("running", "finished")
    until(lambda: state() == "finished", 120)
    assert "of 450 test examples right" in text(page, "score")
    until(lambda: page.find_elements("css selector", "#found p"))
    assert (start / "runs" / "digits-2" / "diagnosis.json").is_file()
    assert not page.find_element("css selector", "[data-does=stop]").is_displayed()
    assert (start / "runs" / "digits-2" / "report.html").is_file()


def test_a_step_is_dragged(page: Any, address: str) -> None:
    page.get(f"{address}/explore/bumps")
    until(lambda: page.find_elements("css selector", ".handle"))
    before = text(page, "facts")
    handle = page.find_elements("css selector", ".handle")[0]
    drag = ActionChains(page, duration=20).click_and_hold(handle)
    drag.move_by_offset(0, 30).move_by_offset(0, 10).release().perform()
    until(lambda: float(page.find_element("name", "h1").get_attribute("value")) < -0.3)
    until(lambda: text(page, "facts") != before)
    page.execute_script("document.querySelector('button[type=reset]').click()")
    until(lambda: text(page, "facts") == before)


def test_an_exported_network_runs_offline(page: Any, digits_run: Path, tmp_path: Path) -> None:
    exported = export_html(load(digits_run), tmp_path / "digits.html")
    page.execute_cdp_cmd("Network.enable", {})
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    page.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    page.get(exported.as_uri())
    found = drawn(page, [[(50, y) for y in np.linspace(10, 90, 20).tolist()]], 100, 100)
    online = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.execute_cdp_cmd("Network.emulateNetworkConditions", online)
    assert found == "1"


@pytest.fixture(scope="module")
def mnist_address(mnist_dir: Path, served: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A studio with a good network for MNIST."""
    folder = tmp_path_factory.mktemp("mnist")
    settings = {"source": "mnist", "channels": (16, 32), "hidden": (64,), "augmentation": "shift", "epochs": 3}
    asked = Settings.from_dict({**settings, "data_dir": str(mnist_dir)})
    run_experiment(asked, folder=folder / "runs" / "mnist-1")
    with served(Opening(folder)) as opened:
        yield opened


@pytest.mark.slow
def test_test_digits_drawn_by_strokes_are_right(page: Any, mnist_address: str, mnist_dir: Path) -> None:
    test = load_mnist(mnist_dir)[1]
    page.get(f"{mnist_address}/")
    answers = [drawn(page, strokes_of(test.inputs[k, ..., 0]), 28, 28) for k in range(100)]
    right = sum(answer == str(target) for answer, target in zip(answers, test.targets[:100], strict=True))
    assert right >= 95


@pytest.mark.slow
def test_504192_is_read(page: Any, mnist_address: str, mnist_dir: Path) -> None:
    first = load_mnist(mnist_dir)[0].inputs[:6, ..., 0]  # the book's picture: the first six training digits
    page.get(f"{mnist_address}/?mode=string")
    strokes = [
        [(x + 28 * k, y + 7) for x, y in stroke] for k, image in enumerate(first) for stroke in strokes_of(image)
    ]
    assert drawn(page, strokes, 28 * 6, 42) == "504192"


def test_skeletons_are_thin_and_whole() -> None:
    image = np.kron(load_digits().inputs[0, ..., 0], np.ones((4, 4)))
    thin = thinned(image > 0.35)
    assert 0 < thin.sum() < 0.5 * (image > 0.35).sum()
    assert sum(len(stroke) for stroke in strokes_of(image)) >= thin.sum()
