"""The module applied to an AWS that answers: what is made fits what clickctl reads, and stays as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from clickctl.arguments import JobArguments, parse_arguments
from clickctl.commands.terraform import configuration
from clickctl.config import Config, load_config
from clickctl.domain.layout import FACTS, USERS
from clickctl.domain.rules import QualityRules
from clickctl.plan.tables import Storage, TableSeen, TableWanted, repaired
from lambda_src.settings import settings_of
from tests.terraform.differences import compare
from tests.terraform.lives import VARIANTS, Applied, Lives

pytestmark = pytest.mark.xdist_group("terraform")

MOMENT = "2026-01-06T00:40:00Z"
USUAL_GLUE = {
    "worker_type": "G.1X", "workers": 4, "max_concurrent_runs": 4, "timeout_minutes": 120, "target_file_mb": 128,
    "dollars_per_dpu_hour": 0.44,
}  # fmt: skip
PORTS = {
    "work from work 0-65535", "work to work 0-65535",  # Glue asks for it
    "work to endpoints 443-443", "endpoints from work 443-443", "work to s3 443-443",
    "warehouse to endpoints 443-443", "endpoints from warehouse 443-443", "warehouse to s3 443-443",
    "warehouse from 10.0.0.0/8 5439-5439",
}  # fmt: skip
NOW = datetime(2026, 1, 6, 3, tzinfo=UTC)  # a run that waited


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def applied(lives: Lives, variant: str) -> Applied:
    return lives[variant].applied


@pytest.fixture
def config(applied: Applied, tmp_path: Path) -> Config:
    """As `clickctl init --from-terraform` writes it and every command reads it."""
    outputs, written = tmp_path / "outputs.json", tmp_path / "clickctl.toml"
    outputs.write_text(json.dumps({"clickctl": {"value": applied.outputs["clickctl"]}}))
    written.write_text(configuration(str(outputs)))
    return load_config(written, {})


def only(applied: Applied, kind: str) -> dict[str, Any]:
    (found,) = (values for address, values in applied.made.items() if address.startswith(f"{kind}."))
    return found


def test_an_apply_after_the_first_would_change_nothing(applied: Applied) -> None:
    assert applied.second_plan == []


def test_the_configuration_is_of_what_was_made(applied: Applied, config: Config) -> None:
    buckets = applied.outputs["buckets"]
    assert config.backend == "aws"
    assert config.lake.raw == f"s3://{buckets['raw']}/clickstream"
    assert config.lake.processed == f"s3://{buckets['processed']}/clickstream"
    assert config.lake.quarantine == f"s3://{buckets['processed']}/quarantine"
    assert config.lake.alerts == f"s3://{buckets['alerts']}/clickstream"
    assert config.glue.job == only(applied, "aws_glue_job")["name"]
    assert config.athena.workgroup == only(applied, "aws_athena_workgroup")["name"]
    assert config.alerts.function == only(applied, "aws_lambda_function")["function_name"]
    assert config.alerts.topic == applied.made["aws_sns_topic.purchases"]["arn"]
    assert config.alerts.dead_letters == applied.made["aws_sqs_queue.dead_letters"]["arn"]
    assert config.catalog.database == applied.made["aws_glue_catalog_database.lake"]["name"]


def test_a_warehouse_is_in_the_configuration_where_there_is_one(applied: Applied, variant: str, config: Config) -> None:
    if variant == "usual":
        assert "redshift" not in applied.outputs["clickctl"]
        return
    assert config.redshift.workgroup == only(applied, "aws_redshiftserverless_workgroup")["workgroup_name"]
    assert config.redshift.copy_role == applied.made["aws_iam_role.redshift[0]"]["arn"]
    given = VARIANTS[variant]["warehouse"]
    found = config.redshift
    assert (found.database, found.schema, found.hot_days) == (given["database"], given["schema"], given["hot_days"])


def test_what_a_variable_says_the_configuration_and_the_job_say_too(
    applied: Applied, variant: str, config: Config
) -> None:
    """Of the usual variables, too: clickctl has the same usual values as the module."""
    given = {name: VARIANTS[variant].get(name, {}) for name in ("quality", "alerts", "glue", "catalog", "athena")}
    lists = {name: tuple(value) if isinstance(value, list) else value for name, value in given["quality"].items()}
    assert config.quality == replace(QualityRules(), **lists)
    assert (config.alerts.action, config.alerts.max_messages) == (
        given["alerts"].get("action", "purchase"),
        given["alerts"].get("max_messages", 100),
    )
    glue = {**USUAL_GLUE, **given["glue"]}
    assert config.job.target_file_mb == glue.pop("target_file_mb")
    assert {name: getattr(config.glue, name) for name in glue} == glue
    assert config.catalog.database == given["catalog"].get("database", "clickstream")
    assert config.catalog.users_view == given["catalog"].get("view", "users")
    assert config.athena.max_scan_gb == given["athena"].get("cutoff_gb", 100)

    job = only(applied, "aws_glue_job")
    assert (job["worker_type"], job["number_of_workers"]) == (glue["worker_type"], glue["workers"])
    assert job["timeout"] == glue["timeout_minutes"]
    assert job["execution_property"][0]["max_concurrent_runs"] == glue["max_concurrent_runs"] + 2


def test_a_query_may_scan_what_the_configuration_says(applied: Applied, config: Config) -> None:
    """A limit of clickctl above the workgroup's would promise what Athena refuses."""
    (cutoff,) = only(applied, "aws_athena_workgroup")["configuration"]
    assert config.athena.max_scan_gb * 10**9 <= cutoff["bytes_scanned_cutoff_per_query"]


def test_roles_are_named_for_who_assumes_them(applied: Applied, variant: str) -> None:
    begin = f"arn:aws:iam::123456789012:role/{VARIANTS[variant].get('name', 'clickstream')}"
    wanted = {who: f"{begin}-{who}" for who in ("operator", "loader", "analyst", "producer")}
    assert wanted.items() <= applied.outputs["roles"].items()


def test_a_schedule_and_the_job_have_together_what_a_run_needs(applied: Applied, config: Config) -> None:
    usual, given = arguments(applied, "hourly")
    assert not usual.keys() & given.keys()
    run = parsed(usual | given)
    assert [str(unit) for unit in run.units] == ["2026-01-05T23"]
    assert (run.roots.raw, run.roots.processed, run.roots.quarantine) == (
        config.lake.raw,
        config.lake.processed,
        config.lake.quarantine,
    )
    assert run.rules == config.quality
    assert run.target_file_mb == config.job.target_file_mb
    dpus = {"G.1X": 1, "G.2X": 2}[config.glue.worker_type] * config.glue.workers
    assert (run.dpus, run.dollars_per_dpu_hour) == (dpus, config.glue.dollars_per_dpu_hour)


def test_the_night_runs_the_day_before(applied: Applied, variant: str) -> None:
    usual, given = arguments(applied, "nightly" if variant == "usual" else "workflow")
    assert [str(unit) for unit in parsed(usual | given).units] == ["2026-01-05"]


def arguments(applied: Applied, schedule: str) -> tuple[dict[str, str], dict[str, str]]:
    """Those of the job, and those that a schedule or the workflow's trigger gives it, at MOMENT."""
    usual: dict[str, str] = only(applied, "aws_glue_job")["default_arguments"]
    if schedule == "workflow":
        return usual, applied.made["aws_glue_trigger.night[0]"]["actions"][0]["arguments"]
    target = json.loads(applied.made[f'aws_scheduler_schedule.this["{schedule}"]']["target"][0]["input"])
    assert target["JobName"] == only(applied, "aws_glue_job")["name"]
    given: dict[str, str] = target["Arguments"]
    return usual, {name: value.replace("<aws.scheduler.scheduled-time>", MOMENT) for name, value in given.items()}


def parsed(given: dict[str, str]) -> JobArguments:
    return parse_arguments([word for pair in given.items() for word in pair], NOW)


def test_the_function_has_the_settings_of_the_configuration(applied: Applied, config: Config) -> None:
    settings = settings_of(only(applied, "aws_lambda_function")["environment"][0]["variables"])
    assert (settings.raw, settings.alerts_root) == (config.lake.raw, config.lake.alerts)
    assert settings.quality == config.quality
    assert (settings.alerts.action, settings.alerts.topic) == (config.alerts.action, config.alerts.topic)
    assert settings.alerts.max_messages == config.alerts.max_messages


@pytest.mark.parametrize(("key", "table"), [("facts", FACTS), ("users", USERS)])
def test_register_partitions_has_nothing_to_repair_in_a_table(
    applied: Applied, config: Config, key: str, table: str
) -> None:
    made = applied.made[f'aws_glue_catalog_table.this["{key}"]']
    (stored,) = made["storage_descriptor"]
    seen = TableSeen(
        made["table_type"],
        Storage(
            stored["location"],
            tuple((column["name"], column["type"]) for column in stored["columns"]),
            stored["ser_de_info"][0]["serialization_library"],
            stored["input_format"],
            stored["output_format"],
        ),
        tuple((column["name"], column["type"]) for column in made["partition_keys"]),
        made["parameters"],
    )
    years = (2026, 2027)
    wanted = TableWanted(getattr(config.catalog, key), table, config.lake.processed, frozenset(), years, years)
    assert made["name"] == wanted.name
    assert repaired(wanted, seen) == seen


def test_a_network_has_no_way_out(lives: Lives) -> None:
    kinds = {address.split(".")[0] for address in lives["whole"].applied.made}
    assert not kinds & {"aws_internet_gateway", "aws_nat_gateway", "aws_egress_only_internet_gateway", "aws_route"}
    assert "aws_vpc" in kinds


def test_the_network_opens_these_ports_and_no_others(lives: Lives) -> None:
    made = lives["whole"].applied.made
    compare(set(opened(made)), PORTS)
    kinds = ("aws_security_group.", "aws_default_security_group.")
    groups = [values for address, values in made.items() if address.startswith(kinds)]
    assert len(groups) == 4
    assert not [one for one in groups if one["ingress"] or one["egress"]]


def opened(made: dict[str, dict[str, Any]]) -> Iterator[str]:
    names = {made["aws_vpc_endpoint.s3[0]"]["prefix_list_id"]: "s3"}
    groups = (name for name in made if name.startswith("aws_security_group."))
    names |= {made[name]["id"]: name.split(".")[1].split("[")[0] for name in groups}
    for address, rule in made.items():
        for way, word in (("ingress", "from"), ("egress", "to")):
            if address.startswith(f"aws_vpc_security_group_{way}_rule."):
                assert rule["ip_protocol"] == "tcp"
                others = [
                    rule[key] for key in ("referenced_security_group_id", "prefix_list_id", "cidr_ipv4", "cidr_ipv6")
                ]
                (other,) = filter(None, others)
                ports = f"{rule['from_port']}-{rule['to_port']}"
                yield f"{names[rule['security_group_id']]} {word} {names.get(other, other)} {ports}"
