"""The policies allow each role exactly what it needs: these actions, on these resources, under these conditions.

What a role needs is told in tests/permissions/needs.py, and there held to what the code calls.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mypy")

from tests.aws.harness.account import environment
from tests.permissions.grants import granted
from tests.permissions.needs import OTHERS, ROLES, WAREHOUSE
from tests.permissions.places import Names, needed, plain
from tests.permissions.reasons import reasons
from tests.terraform.harness import MODULE, Terraform
from tests.terraform.imitation import imitation
from tests.terraform.lives import OVERRIDE, VARIANTS, Applied, Lives, packages

pytestmark = pytest.mark.xdist_group("terraform")

Statements = list[dict[str, Any]]

_POLICY = re.compile(r'^resource "(aws_iam_\w*polic\w*)"', re.MULTILINE)
_CLUSTER = {"region": "eu-central-1", "vpc": {}, "warehouse": {"kind": "provisioned"}}
_OPTIONAL = {"redshift", "crawler", "flow_log"}


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def applied(lives: Lives, variant: str) -> Applied:
    return lives[variant].applied


def policies(applied: Applied) -> dict[str, Statements]:
    """The statements of each role's policy, by the role's name in the module."""
    found = {address: values for address, values in applied.made.items() if address.startswith("aws_iam_role_policy.")}
    return {address.split(".")[1].split("[")[0]: statements(values["policy"]) for address, values in found.items()}


def statements(policy: str) -> Statements:
    found = json.loads(policy)["Statement"]
    return found if isinstance(found, list) else [found]


def names_of(variables: Mapping[str, Any]) -> Names:
    given = {name: variables[name] for name in ("region", "name") if name in variables}
    return Names(**given, **{name: variables["catalog"][name] for name in ("database",) if "catalog" in variables})


def compare(role: str, found: Statements, variables: Mapping[str, Any], *tables: Mapping[str, str]) -> None:
    """Fail with every difference, and who needs what is missing."""
    allowed, wanted = plain(granted(found)), needed(tables, names_of(variables))
    if allowed == wanted:
        return
    why = reasons(ROLES[role]) if role in ROLES else {}
    lines = [f"{role} has, and needs not: {grant}" for grant in sorted(allowed - wanted)]
    missing = sorted(wanted - allowed)
    lines += [f"{role} lacks: {grant} ({why.get(grant.action, 'see needs.py')})" for grant in missing]
    pytest.fail("\n".join(lines), pytrace=False)


@pytest.mark.parametrize("name", ROLES)
def test_a_role_may_do_what_its_code_needs_and_nothing_else(name: str, variant: str, applied: Applied) -> None:
    role, variables = ROLES[name], VARIANTS[variant]
    tables = [role.grants, role.own]
    if "vpc" in variables:
        tables.append(role.own_in_a_network)
    if role.logs_in and "warehouse" in variables:
        tables.append(WAREHOUSE[variables["warehouse"]["kind"]])
    compare(name, policies(applied)[name], variables, *tables)


@pytest.mark.parametrize("name", OTHERS)
def test_a_role_without_code_of_ours_may_do_what_is_written_and_nothing_else(
    name: str, variant: str, applied: Applied
) -> None:
    found = policies(applied)
    if name not in found:
        assert variant == "usual"
        assert name in _OPTIONAL
        return
    compare(name, found[name], VARIANTS[variant], OTHERS[name][0])


def test_no_role_has_a_policy_that_is_not_looked_at_here(lives: Lives) -> None:
    assert policies(lives["whole"].applied).keys() == ROLES.keys() | OTHERS.keys()
    kinds = {kind for path in MODULE.glob("*.tf") for kind in _POLICY.findall(path.read_text("utf-8"))}
    assert kinds == {"aws_iam_role_policy"}


def test_the_configuration_has_no_setting_that_asks_for_more(applied: Applied) -> None:
    """needs.NOT_CONFIGURED tells of these."""
    settings = applied.outputs["clickctl"]
    assert settings["aws"].keys() == {"region"}
    assert not {"user", "secret", "host"} & settings.get("redshift", {}).keys()


def test_a_cluster_is_logged_into_by_iam(lives: Lives, tmp_path: Path) -> None:
    """moto cannot make one: what a plan says. Where there is no Terraform, there are no `lives`, and it is skipped."""
    packages(tmp_path / "dist", wheels=True)
    with imitation() as endpoint:
        terraform = Terraform(tmp_path, environment(endpoint), OVERRIDE.read_text("utf-8"))
        (terraform.folder / "terraform.tfvars.json").write_text(json.dumps(_CLUSTER), "utf-8")
        terraform.run("plan", "-out=cluster.tfplan")
        plan = json.loads(terraform.run("show", "-json", "cluster.tfplan"))
    found = [*plan["prior_state"]["values"]["root_module"]["resources"], *plan["resource_changes"]]
    (login,) = (one for one in found if one["address"] == "data.aws_iam_policy_document.warehouse_login[0]")
    document = login.get("values") or login["change"]["after"]
    parts = [
        {"Effect": "Allow", "Action": one["actions"], "Resource": one["resources"]} for one in document["statement"]
    ]
    compare("warehouse_login", parts, _CLUSTER, WAREHOUSE["provisioned"])


def test_operator_and_loader_alone_log_into_the_warehouse() -> None:
    texts = {path.name: path.read_text("utf-8") for path in MODULE.glob("*.tf")}
    assert {name for name, text in texts.items() if "local.warehouse_login" in text} == {"loader.tf", "operator.tf"}
