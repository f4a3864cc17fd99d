"""Lines of doctor: what they may show, and the exit code they add up to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickctl.domain.errors import ConfigError, EngineError
from clickctl.plan.checks import Check, Probe, Report, Subject, Verdict, fits, safe

BUCKET = Subject("bucket", "s3://lake")


def failing(error: Exception) -> Check:
    def look(subject: Subject) -> Check:
        raise error

    return Probe(BUCKET, look).made()


def test_an_error_is_the_failure_of_its_own_line() -> None:
    wrong = failing(ConfigError("s3://lake: access denied.", hint="Allow it."))
    assert wrong == Check("bucket", "s3://lake", Verdict.FAIL, "access denied", "Allow it.", 3)
    assert failing(EngineError("no answer")).exit_code == 5
    surprise = failing(ZeroDivisionError("by zero"))
    assert (surprise.seen, surprise.exit_code) == ("unexpected ZeroDivisionError: by zero", 5)


@given(st.lists(st.sampled_from([
    BUCKET.ok(""), BUCKET.warn("", ""), BUCKET.skipped(""), BUCKET.fail("", ""), BUCKET.fail("", "", 5),
])))  # fmt: skip
def test_a_report_counts_its_lines_and_ends_with_what_a_person_must_put_right(checks: list[Check]) -> None:
    report = Report(tuple(checks))
    assert report.ok + report.warn + report.fail + report.skipped == len(checks)
    codes = {check.exit_code for check in checks}
    assert report.exit_code == (3 if 3 in codes else 5 if 5 in codes else 0)


SECRET = "s3cr3t/Kq8Wm2Zr7Tn4Vb9Xc1Lp6Hd5Jf0Gs"


@given(st.text(), st.text())
def test_a_secret_that_is_known_is_shown_nowhere(before: str, after: str) -> None:
    shown = safe(BUCKET.warn(f"{before}{SECRET}{after}", f"{after}{SECRET}"), [SECRET, "ok", ""])
    assert SECRET not in shown.seen + shown.hint


def test_a_line_is_one_line_and_no_page() -> None:
    shown = safe(BUCKET.warn("<html>\n" + "x" * 9999, "a\n b"))
    assert shown.hint == "a b"
    assert len(shown.seen) < 500
    assert "\n" not in shown.seen


@pytest.mark.parametrize(("version", "wanted", "fit"), [
    ("3.5.6", ">=3.5,<3.6", True), ("3.6.0", ">=3.5,<3.6", False), ("3.10", ">=3.9", True),
    ("1.36", ">=1.36.0", True), ("1.35.99", ">=1.36", False), ("17.0.9.2", "==17.0.9.2", True),
])  # fmt: skip
def test_versions_are_compared_as_numbers(version: str, wanted: str, fit: bool) -> None:
    assert fits(version, wanted) is fit
