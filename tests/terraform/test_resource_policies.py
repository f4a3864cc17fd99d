"""Services, people and the rest of the world get at the lake as resource_policies.py says, and in no other way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.terraform.differences import compare
from tests.terraform.lives import VARIANTS, Applied, Lives
from tests.terraform.redshift_serverless import ACCOUNT
from tests.terraform.resource_policies import KINDS, POLICIES, REPLACED

pytestmark = pytest.mark.xdist_group("terraform")

_PARTS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def applied(lives: Lives, variant: str) -> Applied:
    return lives[variant].applied


def test_roles_are_assumed_and_resources_used_by_whom_and_under_what_condition_is_written(
    variant: str, applied: Applied
) -> None:
    region, name = VARIANTS[variant]["region"], VARIANTS[variant].get("name", "clickstream")
    names = {
        "account": ACCOUNT, "region": region, "name": name, "bucket": f"arn:aws:s3:::{name}-{ACCOUNT}-{region}-",
        "user": f"arn:aws:iam::{ACCOUNT}:user/",
    }  # fmt: skip
    wanted = {f"{at}: {line.format_map(names)}" for at, lines in POLICIES[variant].items() for line in lines}
    compare(set(found(applied.made)), wanted)


def test_no_policy_is_of_a_kind_that_is_not_looked_at(applied: Applied) -> None:
    kinds = {at.split(".")[0] for at, values in applied.made.items() if any(map(_is_policy, values.values()))}
    looked_at = {*KINDS, *REPLACED, "aws_iam_role_policy"}  # the last by test_policies.py
    assert kinds <= looked_at


def test_nothing_keeps_the_policy_that_aws_gives_it(applied: Applied) -> None:
    for kind, policy in REPLACED.items():
        assert _names(applied, kind) == _names(applied, policy)


def found(made: dict[str, dict[str, Any]]) -> Iterator[str]:
    for at, values in made.items():
        kind = at.split(".")[0]
        if policy := values.get(KINDS.get(kind, "")):
            yield from (f"{at}: {told(statement)}" for statement in json.loads(policy)["Statement"])
        if kind == "aws_lambda_permission":
            what = f"{values['action']} on {values['function_name']}"
            yield f"{at}: Allow {values['principal']}: {what} if ArnLike aws:SourceArn {values['source_arn']}"


def told(statement: dict[str, Any]) -> str:
    """As in resource_policies.py."""
    assert statement.keys() <= _PARTS, f"not read here: {statement}"
    who = statement["Principal"]
    where = f" on {_words(statement['Resource'])}" if "Resource" in statement else ""
    conditions = ", ".join(sorted(_conditions(statement.get("Condition", {}))))
    names = "everybody" if who in ("*", {"AWS": "*"}) else " ".join(map(_words, who.values()))
    return f"{statement['Effect']} {names}: {_words(statement['Action'])}{where}{' if ' * bool(conditions)}{conditions}"


def _conditions(tests: dict[str, dict[str, Any]]) -> Iterator[str]:
    for test, keys in tests.items():
        for key, values in keys.items():
            yield f"{test} {key} {_words(values)}"


def _words(value: str | list[str]) -> str:
    return value if isinstance(value, str) else " ".join(sorted(value))


def _is_policy(value: object) -> bool:
    return isinstance(value, str) and '"Statement"' in value


def _names(applied: Applied, kind: str) -> set[str]:
    return {at.partition(".")[2] for at in applied.made if at.startswith(f"{kind}.")}
