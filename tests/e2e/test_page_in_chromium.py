"""The page of a report on data quality in a browser: clicks, keys, sorting, screens, and data that wants to run."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("selenium")
pytest.importorskip("jinja2")

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from clickctl.render.page import page
from clickctl.render.words import printable
from tests.render.dq_sample import NAMES, empty_report, sample_report

BROWSER, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
         "--hide-scrollbars")  # fmt: skip
PICTURES = os.environ.get("CLICKCTL_SCREENSHOTS", "")  # before the tests' environment is cleaned
PHONE, DESKTOP = 360, 1280

pytestmark = [
    pytest.mark.xdist_group("chromium"),
    pytest.mark.skipif(not (BROWSER.exists() and DRIVER.exists()), reason="no Chromium here"),
]

# The contrast of every text with what lies behind it, where it is less than WCAG's AA asks for: 4.5.
FAINT = """
const shades = (text) => {
  const found = text.match(/[\\d.]+/g).map(Number);
  const [r, g, b] = text.startsWith("color(") ? found.map((part) => part * 255) : found;
  return [r, g, b, found[3] ?? 1];
};
const light = (rgb) => rgb.slice(0, 3).map((part) => part / 255)
  .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  .reduce((sum, part, n) => sum + part * [0.2126, 0.7152, 0.0722][n], 0);
const behind = (node) => {
  const shade = shades(getComputedStyle(node).backgroundColor);
  return shade[3] > 0 ? shade : behind(node.parentElement);
};
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const faint = new Set();
while (texts.nextNode()) {
  const node = texts.currentNode.parentElement;
  if (!texts.currentNode.data.trim() || !node.checkVisibility() || node.closest("script, noscript, title")) continue;
  const style = getComputedStyle(node);
  const [a, b] = [light(shades(node.closest("svg") ? style.fill : style.color)), light(behind(node))];
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (contrast < 4.5) faint.add(`${node.className} ${texts.currentNode.data} ${contrast}`);
}
return [...faint];
"""


class Chromium:
    """A window that shows the sample pages."""

    def __init__(self, driver: webdriver.Chrome, folder: Path) -> None:
        self.driver, self.folder = driver, folder

    def open(self, name: str, hash: str = "", *, width: int = DESKTOP, scheme: str = "light") -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        screen = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        self.driver.get("about:blank")  # else another hash alone would load nothing
        self.driver.get(f"{(self.folder / f'{name}.html').as_uri()}{hash}")

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def hour(self, name: str) -> WebElement:
        return self.driver.find_element(By.ID, name)

    @property
    def figures(self) -> dict[str, str]:
        """What the panel beside the calendar shows."""
        pairs = "[...document.querySelectorAll('#hour dt')].map((dt) => [dt.textContent, dt.nextSibling.textContent])"
        return dict(self.run(f"return {pairs}"))

    def run(self, script: str) -> Any:
        return self.driver.execute_script(script)

    def log(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    folder = tmp_path_factory.mktemp("pages")
    reports = {"3": sample_report(), "30": sample_report(30), "hours": sample_report(30, group="hour"),
               "hostile": sample_report(hostile=True), "empty": empty_report()}  # fmt: skip
    for name, report in reports.items():
        (folder / f"{name}.html").write_text(page(report), "utf-8")
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("no_proxy", "localhost,127.0.0.1")  # where the driver listens
        driver = webdriver.Chrome(options, webdriver.ChromeService(executable_path=str(DRIVER)))
    yield Chromium(driver, folder)
    driver.quit()


@pytest.fixture
def chromium(started: Chromium) -> Iterator[Chromium]:
    """No test leaves an error or a warning in the console."""
    yield started
    assert started.log() == []


def keep(chromium: Chromium, name: str) -> None:
    """A picture of the whole page, where CLICKCTL_SCREENSHOTS says."""
    shot = chromium.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
    Path(PICTURES).mkdir(parents=True, exist_ok=True)
    Path(PICTURES, f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


def test_a_click_on_an_hour_shows_its_figures(chromium: Chromium) -> None:
    chromium.open("3")
    assert chromium.figures == {}
    chromium.hour("2026-01-05T13").click()
    assert chromium.figures == {
        "state": "committed", "verdict": "fail", "findings": "quarantined", "held by": "2026-01-05T13",
        "raw": "2 files, 83.8 MB", "lines": "102,095", "facts": "86,571", "off by": "-1.5 usual deviations",
        "expected": "102,233 (61,340 to 143,126)", "duplicates": "1,442 (1.41 %)", "quarantined": "14,082 (13.79 %)",
    }  # fmt: skip
    assert chromium.one("#hour h3").text == "2026-01-05T13 UTC"
    assert chromium.driver.current_url.endswith("#2026-01-05T13")
    chromium.hour("2026-01-05T03").click()
    assert chromium.figures["state"] == "missing"
    pressed = chromium.driver.find_elements(By.CSS_SELECTOR, '[aria-pressed="true"]')
    assert [cell.get_attribute("id") for cell in pressed] == ["2026-01-05T03"]


def test_the_keyboard_walks_the_hours_and_enter_shows_one(chromium: Chromium) -> None:
    chromium.open("3")
    assert len(chromium.driver.find_elements(By.CSS_SELECTOR, '.calendar button[tabindex="0"]')) == 1
    chromium.hour("2026-01-05T00").send_keys(Keys.ARROW_DOWN)
    for key in (Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT, Keys.ENTER):
        chromium.driver.switch_to.active_element.send_keys(key)
    assert chromium.one("#hour h3").text == "2026-01-06T01 UTC"
    assert chromium.figures["held by"] == "2026-01-06, a whole day"


def test_a_hash_opens_its_hour_at_once_and_when_it_is_changed(chromium: Chromium) -> None:
    chromium.open("30", "#2026-01-20T13", width=PHONE)
    assert chromium.figures["facts"] == "102,666"
    box = chromium.run("return document.getElementById('2026-01-20T13').getBoundingClientRect().toJSON()")
    assert 0 <= box["top"] < 800
    assert 0 <= box["left"] < PHONE
    chromium.run("location.hash = '#2026-01-21T14'")
    WebDriverWait(chromium.driver, 10).until(lambda _: chromium.one("#hour h3").text == "2026-01-21T14 UTC")
    chromium.open("30", "#no-such-hour")
    assert chromium.figures == {}


def test_the_groups_are_sorted_by_their_numbers_both_ways_and_what_is_not_known_stays_last(chromium: Chromium) -> None:
    chromium.open("30")
    heads = chromium.driver.find_elements(By.CSS_SELECTOR, ".sortable th button")
    facts = next(head for head in heads if head.text.startswith("facts"))
    cells = "return [...document.querySelectorAll('.sortable tbody td:nth-child(4)')].map((td) => td.textContent)"

    def numbers() -> list[int]:
        return [int(text.replace(",", "")) for text in chromium.run(cells) if text != "-"]

    before = numbers()
    facts.click()
    assert numbers() == sorted(before, reverse=True) != before
    assert chromium.one(".sortable th:nth-child(4)").get_attribute("aria-sort") == "descending"
    facts.send_keys(Keys.ENTER)
    assert numbers() == sorted(before)
    assert chromium.one(".sortable th:nth-child(4)").get_attribute("aria-sort") == "ascending"
    assert len(chromium.driver.find_elements(By.CSS_SELECTOR, ".sortable [aria-sort]")) == 1
    heads[0].click()
    assert numbers() == before
    unknown = chromium.one(".sortable th:nth-child(5) button")
    for _ in range(2):
        unknown.click()
        assert chromium.one(".sortable tbody tr:last-child td:nth-child(5)").text == "-"


def test_texts_of_others_do_not_run_and_are_shown_as_they_are(chromium: Chromium) -> None:
    chromium.open("hostile")
    chromium.hour("2026-01-05T13").click()
    assert chromium.run("return window.pwned") is None
    shown = chromium.run("return document.body.innerText")
    for name in NAMES:
        assert printable(name) in shown


def test_markup_that_got_through_would_not_run_either(started: Chromium) -> None:
    evil = '<script>window.pwned = 1</script><img src="x" onerror="window.pwned = 1"><b style="color: red">red</b>'
    text = (started.folder / "3.html").read_text("utf-8").replace("<main>", f"<main>{evil}")
    (started.folder / "broken.html").write_text(text, "utf-8")
    started.open("broken")
    assert started.run("return window.pwned") is None
    assert started.run("return document.querySelectorAll('main > img, main > script').length") == 2
    assert (told := started.log())
    assert all("Content Security Policy" in message for message in told)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("name", ["3", "30", "hours", "hostile", "empty"])
def test_no_screen_has_to_be_scrolled_sideways(chromium: Chromium, name: str, width: int, scheme: str) -> None:
    chromium.open(name, width=width, scheme=scheme)
    assert chromium.run("return document.documentElement.scrollWidth") == width
    if PICTURES:
        keep(chromium, f"{name}-{width}-{scheme}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_against_what_is_behind_it(chromium: Chromium, scheme: str) -> None:
    chromium.open("30", "#2026-01-05T13", scheme=scheme)
    assert chromium.run(FAINT) == []


def test_dark_is_dark_and_light_is_light(chromium: Chromium) -> None:
    colours = "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
    chromium.open("3")
    light = chromium.run(colours)
    chromium.open("3", scheme="dark")
    dark = chromium.run(colours)
    assert light == ["rgb(255, 255, 255)", "rgb(27, 36, 48)"]
    assert dark == ["rgb(17, 22, 28)", "rgb(228, 233, 239)"]


def test_without_a_script_everything_but_the_panel_is_there(chromium: Chromium) -> None:
    chromium.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        chromium.open("3")
        assert "each hour's tooltip" in chromium.one("#hour").text
        assert "committed, 86,571 facts" in str(chromium.hour("2026-01-05T13").get_attribute("title"))
        assert len(chromium.driver.find_elements(By.CSS_SELECTOR, "figure .columns g")) == 9
    finally:
        chromium.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
