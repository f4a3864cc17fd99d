"""docs/dq-report.schema.json describes all that `dq-report --output json` can say, and nothing else."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clickctl.domain import limits
from clickctl.domain.hours import Day, Hour
from clickctl.domain.structure import hints, to_plain
from clickctl.plan.dq.judging import CHECKS
from clickctl.plan.dq.results import Check, DqReport, Verdict
from clickctl.plan.status import State
from tests.conftest import REPO, Ran, Shell, event

jsonschema = pytest.importorskip("jsonschema")
pytest.importorskip("duckdb")

SCHEMA: dict[str, Any] = json.loads((REPO / "docs/dq-report.schema.json").read_text("utf-8"))
CHECKER = jsonschema.Draft202012Validator(SCHEMA)
DEFINED = SCHEMA["$defs"]
DAY = ("2026-01-05", "2026-01-06")


def read(text: str) -> Any:
    """JSON as its standard has it (RFC 8259, 6): there is no NaN and no Infinity in it."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def problems(plain: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in CHECKER.iter_errors(plain)]


def described(ran: Ran) -> Any:
    """What a command printed, once it is known to be as the schema says."""
    plain = read(ran.out)
    assert not problems(plain)
    return plain


@pytest.fixture
def lake(shell: Shell, put_raw: Callable[..., Path]) -> Shell:
    """Two hours of one day: an event of the day before, one without a user, one that is no JSON, a file cut off."""
    rows = [event("2026-01-05T13:00:00Z"), event("2026-01-04T09:00:00Z"), event("2026-01-05T13:01:00Z", user=None)]
    lines = b"".join(json.dumps({**row, "app": 1}).encode() + b"\n" for row in [*rows, rows[0]])
    put_raw("2026/01/05/13", lines + b"{\n")
    put_raw("2026/01/05/14", [event("2026-01-05T14:00:00Z", action="purchase")], "part-0.json")
    put_raw("2026/01/05/14", b"").write_bytes(b"\x1f\x8b\x08")
    shell("backfill", *DAY)
    return shell


def test_the_schema_is_one_of_draft_2020_12() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]


def test_a_report_is_as_described_with_and_without_samples_and_whatever_its_limits(lake: Shell) -> None:
    report = ("dq-report", *DAY, "--output", "json")
    plain = described(lake(*report, code=1))
    assert {one["reason"] for one in plain["reasons"]} == {"missing_user_id", "malformed_json", "corrupt_file"}
    assert all(one["examples"] for one in plain["reasons"])
    assert plain["verified"] is None
    bare = described(lake(*report, "--no-samples", "--group", "day", "--limit", "quarantined=inf", code=1))
    assert not any(one["examples"] for one in bare["reasons"])
    assert [one["warn"] for one in bare["checks"] if one["name"] == "quarantined"] == [None]


def test_a_report_of_the_tables_is_as_described(lake: Shell) -> None:
    plain = described(lake("dq-report", *DAY, "--verify", "--output", "json", code=1))
    assert plain["verified"]["queries"] == 3
    assert [one["facts"] for one in plain["verified"]["days"]] == [2]
    assert [one["name"] for one in plain["checks"]] == list(limits.NAMES)


def test_a_report_of_an_empty_lake_is_as_described(shell: Shell) -> None:
    plain = described(shell("dq-report", *DAY, "--verify", "--output", "json", code=1))
    assert plain["totals"]["newest_event"] == ""
    assert described(shell("dq-report", "--last", "30d", "--output", "json", code=1))["group"] == "day"


def parts(kind: Any = DqReport) -> Iterator[type]:
    """The dataclasses a report is made of."""
    if is_dataclass(kind) and kind not in (Hour, Day):
        yield typing.cast(type, kind)
        for hint in hints(typing.cast(type, kind)).values():
            yield from parts(hint)
    for inner in typing.get_args(kind):
        yield from parts(inner)


@pytest.mark.parametrize("kind", dict.fromkeys(parts()))
def test_every_field_is_described_and_required_and_there_is_no_other(kind: type) -> None:
    names = [f.name for f in fields(kind)]
    defined = DEFINED[kind.__name__]
    assert list(defined["properties"]) == names
    assert defined["required"] == names
    assert defined["additionalProperties"] is False
    # What is a definition of its own is described there.
    assert not [n for n, p in defined["properties"].items() if "description" not in p and "$ref" not in p]


def test_what_is_one_of_a_few_is_one_of_those_that_the_program_knows() -> None:
    assert DEFINED["verdict"]["enum"] == [verdict.value for verdict in Verdict]
    assert DEFINED["DqReport"]["properties"]["verdicts"]["required"] == [verdict.value for verdict in Verdict]
    assert DEFINED["check"]["enum"] == list(limits.NAMES) == list(CHECKS)
    check = DEFINED["Check"]["properties"]
    assert check["group"]["enum"] == list(dict.fromkeys(group for group, _ in CHECKS.values()))
    assert set(check["unit"]["enum"]) == {unit for _, unit in CHECKS.values()}
    assert DEFINED["HourFigures"]["properties"]["state"]["enum"] == [state.value for state in State]


HOURS = st.integers(0, 10**6).map(lambda n: Hour(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=n)))
DAYS = st.dates(date(1000, 1, 1)).map(Day)
PLACES = st.one_of(HOURS, DAYS).map(str)
SECONDS = st.datetimes(datetime(1000, 1, 1)).map(lambda at: f"{at.isoformat(timespec='seconds')}Z")
MICROS = st.datetimes(datetime(1000, 1, 1)).map(lambda at: f"{at.isoformat(timespec='microseconds')}Z")
WORDS = st.text(min_size=1, max_size=20)
NAMED = st.sampled_from(limits.NAMES)
COUNTS = st.integers(0, 1 << 70)
BY_DAY = st.dictionaries(DAYS.map(str), COUNTS, max_size=3)
NUMBERS = st.floats(0, allow_infinity=False)
FINDINGS = st.lists(NAMED, unique=True, max_size=3).map(tuple)
CLOSED: dict[str, st.SearchStrategy[Any]] = {
    "DqReport.at": SECONDS, "DqReport.lake": WORDS, "DqReport.group": st.sampled_from(["hour", "day"]),
    "DqReport.verdicts": st.fixed_dictionaries({verdict.value: COUNTS for verdict in Verdict}),
    "DqReport.history_weeks": st.integers(0, 8), "DqReport.version": st.just(1),
    "HourFigures.state": st.sampled_from(State), "HourFigures.unit": st.none() | PLACES,
    "HourFigures.deviations": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    "HourFigures.findings": FINDINGS, "GroupFigures.findings": FINDINGS, "GroupFigures.name": PLACES,
    "GroupFigures.hours": st.integers(1, 24), "GroupFigures.committed": st.integers(0, 24),
    "ReasonFigures.reason": WORDS, "ReasonFigures.lines": st.integers(1), "ReasonFigures.newest": PLACES,
    "ReasonFigures.command": WORDS, "Example.source": WORDS, "Example.line": st.none() | st.integers(1),
    "Totals.event_days": BY_DAY, "Totals.newest_event": st.just("") | MICROS, "Totals.newest_commit": SECONDS,
    "Totals.newest_load": st.just("") | SECONDS,
    "Verified.orphans": st.lists(WORDS, unique=True).map(tuple), "Verified.lost": st.just(()),
    "DayVerified.nulls": st.fixed_dictionaries(dict.fromkeys(("session_id", "action", "page_url", "attrs"), COUNTS)),
}  # fmt: skip
"""Fields whose values are fewer than those of their type."""


PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=20), int: COUNTS, float: NUMBERS, Hour: HOURS, Day: DAYS, Verdict: st.sampled_from(Verdict),
}  # fmt: skip


def made(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type of the report's."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if kind in PLAIN:
        return PLAIN[kind]
    if kind is Check:
        limit = st.none() | NUMBERS
        return st.builds(_check, NAMED, made(Verdict), WORDS, st.tuples(limit, limit, limit), made(str), made(str))
    if origin in (typing.Union, types.UnionType):
        return st.one_of(st.none(), *(made(arg) for arg in args if arg is not types.NoneType))
    if origin is tuple:
        return st.lists(made(args[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(st.text(max_size=10), made(args[1]), max_size=3)
    found = {name: CLOSED.get(f"{kind.__name__}.{name}", hint) for name, hint in hints(kind).items()}
    return st.builds(
        kind, **{name: made(of) if not isinstance(of, st.SearchStrategy) else of for name, of in found.items()}
    )


def _check(name: str, verdict: Verdict, seen: str, numbers: Sequence[float | None], since: str, command: str) -> Check:
    value, warn, fail = numbers
    return Check(name, CHECKS[name][0], verdict, seen, value, CHECKS[name][1], warn, fail, since, command)


@given(made(DqReport))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_report_that_can_be_made_is_as_described(report: DqReport) -> None:
    assert not problems(read(json.dumps(to_plain(report))))


@given(made(DqReport), st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_key_too_few_or_too_many_is_not_as_described(report: DqReport, data: st.DataObject) -> None:
    plain = to_plain(report)
    places = [plain, plain["totals"], *plain["checks"], *plain["hours"], *plain["groups"], *plain["reasons"]]
    place = data.draw(st.sampled_from(places))
    key = data.draw(st.sampled_from(sorted(place)))
    value = place.pop(key)
    assert problems(plain)
    place[key] = value
    assert not problems(plain)
    place["else"] = value
    assert problems(plain)
