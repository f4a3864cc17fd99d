"""Which operations of AWS each command, the job and the function may call, derived from the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

import pytest

pytest.importorskip("boto3")
pytest.importorskip("mypy")

from tests.conftest import REPO
from tests.permissions.actions import OTHERWISE, VERSIONED, actions_of
from tests.permissions.clients import Call
from tests.permissions.derive import FUNCTION, JOB, commands, derivation
from tests.permissions.needs import NOT_CONFIGURED, OTHERS, ROLES, WAREHOUSE, WITHOUT_AWS, Role
from tests.permissions.places import Names, needed
from tests.permissions.reasons import reasons

pytestmark = pytest.mark.xdist_group("permissions")

ENTRIES = {**commands(), "the job": JOB, "the function": FUNCTION}


def listed(role: Role) -> set[str]:
    """The actions of a role's table, whatever the warehouse."""
    tables = [role.grants, *(WAREHOUSE.values() if role.logs_in else ())]
    return {action for table in tables for action in split(table)}


def split(table: Mapping[str, str]) -> list[str]:
    return [action for actions in table.values() for action in actions.split()]


def test_every_use_of_a_client_is_understood() -> None:
    assert not derivation().clients.problems


def test_every_call_in_the_source_is_reached_from_an_entry_point() -> None:
    reached = set().union(*(derivation().of(entry).entered for entry in ENTRIES.values()))
    assert not derivation().clients.calls.keys() - reached


@pytest.mark.parametrize("name", ["init", "package"])
def test_commands_that_need_no_aws_call_none(name: str) -> None:
    assert not derivation().of(commands()[name]).calls


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("status", {"s3.ListObjectsV2", "s3.GetObject", "glue.GetJobRun"}),
        ("quarantine show", {"s3.GetObject", "glue.GetJobRun"}),
    ],
)
def test_commands_that_only_look_call_what_reads(name: str, calls: set[str]) -> None:
    found = derivation().of(commands()[name]).calls - NOT_CONFIGURED.keys()
    assert {f"{call.service}.{call.operation}" for call in found} == calls


@pytest.mark.parametrize("name", ROLES)
def test_the_table_of_a_role_has_the_actions_that_its_code_needs(name: str) -> None:
    role = ROLES[name]
    wanted = reasons(role)
    missing = [f"{action}: {wanted[action]}" for action in sorted(wanted.keys() - listed(role))]
    assert not missing, f"{name} lacks:\n" + "\n".join(missing)
    assert not listed(role) - wanted.keys(), f"{name} has what nothing needs"


@pytest.mark.parametrize("name", ROLES)
def test_what_a_role_is_without_would_be_entered_otherwise(name: str) -> None:
    entered = set().union(*(derivation().of(entry).entered for entry in ROLES[name].entries))
    assert ROLES[name].without.keys() <= entered


def test_every_exception_is_one_of_something() -> None:
    calls = {call for entry in ENTRIES.values() for call in derivation().of(entry).calls}
    assert NOT_CONFIGURED.keys() <= calls
    assert OTHERWISE.keys() <= calls
    for command in WITHOUT_AWS:
        assert derivation().of(commands()[command]).calls


def test_the_document_lists_what_is_derived_and_what_services_need() -> None:
    section = (REPO / "docs/security.md").read_text("utf-8").split("## What AWS must permit")[1].split("\n## ")[0]
    told = set(re.findall(r"`([a-z0-9-]+:[A-Z]\w+)`", section))
    calls = {call for entry in ENTRIES.values() for call in derivation().of(entry).calls}
    needed = actions_of(calls) | set(VERSIONED.values())
    of_services = {action for table in (ROLES["glue_job"].own, OTHERS["redshift"][0]) for action in split(table)}
    assert needed <= told, sorted(needed - told)
    assert told <= needed | of_services, sorted(told - needed - of_services)


def test_functions_that_read_versions_are_known() -> None:
    found = {
        name
        for name, calls in derivation().clients.calls.items()
        if Call("s3", "GetObject") in calls and "VersionId" in texts(name)
    }
    assert found == VERSIONED.keys()


def texts(function: str) -> set[str]:
    module = max((name for name in derivation().program.sources if function.startswith(f"{name}.")), key=len)
    tree: ast.AST = derivation().program.sources[module]
    for part in function.removeprefix(f"{module}.").split("."):
        tree = next(node for node in ast.walk(tree) if getattr(node, "name", "") == part)
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_place_of_the_tables_is_known() -> None:
    tables = [*(table for table, _ in OTHERS.values()), *WAREHOUSE.values()]
    tables += [table for role in ROLES.values() for table in (role.grants, role.own, role.own_in_a_network)]
    assert needed(tables, Names())


def test_an_action_that_is_called_otherwise_is_none_of_the_operation() -> None:
    assert actions_of([Call("s3", "ListObjectsV2"), Call("glue", "GetJob")]) == {"s3:ListBucket", "glue:GetJob"}
