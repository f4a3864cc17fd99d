"""The page of a report on data quality, as text: complete, well formed, and safe whatever is in the data."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("jinja2")

from clickctl.plan.dq.results import DqReport, Verdict
from clickctl.render.page import page
from clickctl.render.words import printable
from tests.conftest import REPO
from tests.render.dq_sample import EVIL, NAMES, empty_report, sample_report

VOID = {"meta", "link", "img", "br", "hr", "input"}
EMPTY = dataclasses.replace(empty_report(), hours=(), groups=(), checks=(), verdicts={})
REPORTS = {
    "3 days": sample_report(), "hostile": sample_report(hostile=True),
    "30 days of hours": sample_report(30, group="hour"),
    "nothing arrived": empty_report(), "one hour": empty_report(1), "nothing at all": EMPTY,
}  # fmt: skip
every = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())


@dataclass
class Parsed(HTMLParser):
    """Elements with their attributes, and the text outside and inside of scripts and styles."""

    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    raw: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs)), f"<{tag}> has an attribute twice"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("script", "style"):
            self.raw.setdefault(self.open[-1], []).append(data)
        else:
            self.texts.append(data)

    def of(self, tag: str, name: str = "") -> list[dict[str, str]]:
        """Attributes of the elements `tag` that have a class."""
        return [found for one, found in self.elements if one == tag and name in found.get("class", "")]


def parsed(text: str) -> Parsed:
    found = Parsed()
    found.feed(text)
    found.close()
    assert found.open == []
    return found


@every
def test_elements_are_closed_in_their_order_and_every_id_is_there_once(report: DqReport) -> None:
    found = parsed(page(report))
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {attributes["href"] for attributes in found.of("a")}
    assert links <= {f"#{one}" for one in ids}


@every
def test_nothing_is_loaded_from_elsewhere(report: DqReport) -> None:
    text = page(report)
    found = parsed(text)
    assert not [attributes for _, attributes in found.elements if "src" in attributes]
    assert {attributes["href"] for attributes in found.of("link")} == {"data:,"}
    assert all(attributes["href"].startswith("#") for attributes in found.of("a"))
    assert not re.search(r"https?://|@import|url\((?!#)", "".join(found.raw["style"] + found.raw["script"]))
    assert "http://" not in text
    assert "https://" not in text


@every
def test_only_our_own_style_and_script_may_run_and_nothing_is_styled_or_scripted_in_place(report: DqReport) -> None:
    found = parsed(page(report))
    [policy] = [one["content"] for one in found.of("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    [style] = found.raw["style"]
    script = found.raw["script"][-1]
    for text, kind in ((style, "style"), (script, "script")):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    names = {name for _, attributes in found.elements for name in attributes}
    assert not {name for name in names if name.startswith("on") or name == "style"}


def test_texts_of_others_are_texts_and_what_turns_or_hides_a_line_is_shown() -> None:
    text = page(sample_report(hostile=True))
    found = parsed(text)
    assert not found.of("img")
    assert not found.of("b", "bold")
    assert len(found.of("script")) == 2
    shown = "".join(found.texts)
    for name in NAMES:
        assert printable(name) in shown
    assert "{{7*7}}" in shown
    assert not [c for c in text if not c.isprintable() and c != "\n"]


def test_what_is_embedded_for_the_script_cannot_end_it() -> None:
    report = sample_report(hostile=True)
    hour = dataclasses.replace(report.hours[0], unit=EVIL, state="committed", findings=(EVIL, "\u2028\u2029"))
    found = parsed(page(dataclasses.replace(report, hours=(hour, *report.hours[1:]))))
    [data, _] = found.raw["script"]
    assert not re.search("[<>&\u2028\u2029]", data)
    figures = json.loads(data)
    assert figures["hours"][str(hour.hour)][figures["labels"].index("held by")].startswith(EVIL)
    assert set(figures["hours"]) == {str(one.hour) for one in report.hours}
    assert {len(one) for one in figures["hours"].values()} == {len(figures["labels"])}


def test_every_command_is_there_as_it_can_be_typed() -> None:
    report = sample_report()
    shown = parsed(page(report, lambda text: text.replace("clickctl ", "clickctl --config 'my lake.toml' "))).texts
    commands = [*filter(None, [one.command for one in report.checks]), *(one.command for one in report.reasons)]
    assert commands
    for command in commands:
        assert command.replace("clickctl ", "clickctl --config 'my lake.toml' ") in shown
    assert not {text for text in shown if text.startswith("clickctl ") and "--config" not in text}


def test_every_figure_is_there_without_a_script() -> None:
    report = sample_report()
    found = parsed(page(report))
    shown = "\n".join(found.texts)
    for check in report.checks:
        assert check.seen in shown
    for text in ("[2026-01-05T00, 2026-01-08T00) UTC", report.lake, report.at, "6 of 21 checks fail",
                 f"{report.totals.lines:,}", "above 2 % warns, above 10 % fails", "above 1 hour warns", "no limit",
                 "part-2026010503-0000.parquet", "1.7 GB scanned, $0.0086, 12 s"):  # fmt: skip
        assert text in shown
    for reason in report.reasons:
        assert all(example.text in shown for example in reason.examples)
    for group in report.groups:
        assert f"{group.counts.facts:,}" in shown


def test_every_hour_is_a_button_that_says_what_is_up_with_it() -> None:
    report = sample_report()
    buttons = [one for one in parsed(page(report)).of("button") if "id" in one]
    assert [one["id"] for one in buttons] == [str(one.hour) for one in report.hours]
    assert all(one["title"] == one["aria-label"] for one in buttons)
    labels = {one["id"]: one["title"] for one in buttons}
    assert labels["2026-01-05T03"] == "2026-01-05T03: missing; fail: missing"
    assert labels["2026-01-07T23"] == "2026-01-07T23: future"


def test_an_hour_that_only_warns_is_no_failure_though_its_check_fails_elsewhere() -> None:
    report = sample_report()
    [check] = [check for check in report.checks if check.name == "quarantined"]
    assert check.verdict is Verdict.FAIL
    looks = {one["id"]: one["class"].split() for one in parsed(page(report)).of("button") if "id" in one}
    assert looks["2026-01-05T13"][1] == "fail"
    assert looks["2026-01-05T14"][1] == "warn"
    assert looks["2026-01-05T15"][1] == "good"


def test_the_largest_hour_has_the_strongest_shade_and_hours_without_counts_have_none() -> None:
    looks = {one["id"]: one["class"].split() for one in parsed(page(sample_report(30))).of("button") if "id" in one}
    assert "l5" in looks["2026-01-08T15"]
    assert "l1" in looks["2026-01-08T03"]
    assert "none" in looks["2026-01-09T15"]


def test_an_hour_that_nothing_is_known_of_is_a_gap_and_no_hour_without_facts() -> None:
    report = sample_report(6, group="hour")
    unknown = [one for one in report.groups if one.counts is None]
    assert len(unknown) > 24
    found = parsed(page(report))
    assert {f"{one.name}: no counts" for one in unknown} <= set(found.texts)
    assert len([one for one in found.of("td") if one.get("title") == "no counts"]) == 7 * len(unknown)
    assert not parsed(page(sample_report())).of("rect", "gap")


def test_a_lake_without_counts_has_no_charts_and_says_so_in_words() -> None:
    for report in (empty_report(), EMPTY):
        found = parsed(page(report))
        assert "Over time" not in found.texts
        assert "Nothing could be judged" in "".join(found.texts)
        assert "Nothing is in quarantine." in found.texts


@pytest.mark.parametrize(
    ("verdict", "words"), [(Verdict.GOOD, "11 checks, all good"), (Verdict.WARN, "4 of 15 checks warn")]
)
def test_the_headline_tells_the_verdict(verdict: Verdict, words: str) -> None:
    report = sample_report()
    better = {Verdict.GOOD: (Verdict.GOOD,), Verdict.WARN: (Verdict.GOOD, Verdict.WARN)}[verdict]
    checks = tuple(check for check in report.checks if check.verdict in better)
    assert words in page(dataclasses.replace(report, checks=checks, verdict=verdict))


def test_a_report_is_made_the_same_twice() -> None:
    assert page(sample_report(hostile=True)) == page(sample_report(hostile=True))


def test_jinja_is_not_loaded_before_a_page_is_made() -> None:
    code = "import sys, clickctl.render.page; sys.exit('jinja2' in sys.modules or 'markupsafe' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPO, check=False).returncode == 0


def test_the_templates_come_with_the_package(tmp_path: Path) -> None:
    build = pytest.importorskip("hatchling.build")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(REPO)
        wheel = build.build_wheel(str(tmp_path))
    names = set(zipfile.ZipFile(tmp_path / wheel).namelist())
    assert {f"clickctl/render/templates/page.{kind}" for kind in ("html", "css", "js")} <= names
