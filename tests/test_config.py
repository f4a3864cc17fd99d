"""The configuration: where it is found, what lies over what, and what a mistake is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest

from clickctl.config import Config, find_config, load_config
from clickctl.domain.errors import ConfigError
from clickctl.domain.rules import QualityRules
from clickctl.roots import LakeRoots
from clickctl.settings import JobSettings, RedshiftSettings

REPO = Path(__file__).parents[1]
LAKE = '[lake]\nraw = "/l/raw"\nprocessed = "/l/processed"\nquarantine = "/l/quarantine"\nalerts = "/l/alerts"\n'


def load(tmp_path: Path, text: str, **env: str) -> Config:
    file = tmp_path / "clickctl.toml"
    file.write_text(text)
    return load_config(file, env)


def refusal(tmp_path: Path, text: str, **env: str) -> ConfigError:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, text, **env)
    assert refused.value.exit_code == 3
    return refused.value


def test_four_roots_are_enough_and_everything_else_has_its_default(tmp_path: Path) -> None:
    config = load(tmp_path, LAKE)
    assert config.lake == LakeRoots("/l/raw", "/l/processed", "/l/quarantine", "/l/alerts")
    assert (config.quality, config.job, config.backend) == (QualityRules(), JobSettings(), "local")
    assert config.source == str(tmp_path / "clickctl.toml")


def test_the_environment_lies_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    text = LAKE + '[job]\nworkers = 3\ntarget_file_mb = 64\n[quality]\nactions = ["click"]\n'
    config = load(
        tmp_path,
        text,
        CLICKCTL_JOB_WORKERS="5",
        CLICKCTL_LAKE_RAW="/elsewhere",
        CLICKCTL_QUALITY_ACTIONS="search, purchase",
        CLICKCTL_GLUE_POLL_SECONDS="0.5",
        HOME="/home/x",
    )
    assert (config.job.workers, config.job.target_file_mb, config.job.engine) == (5, 64, "")
    assert (config.lake.raw, config.lake.processed) == ("/elsewhere", "/l/processed")
    assert config.quality.actions == ("search", "purchase")
    assert config.glue.poll_seconds == 0.5


def test_region_and_profile_of_the_sdk_win_over_the_file_and_ours_over_the_sdks(tmp_path: Path) -> None:
    text = LAKE + '[aws]\nregion = "of-the-file"\nprofile = "of-the-file"\n'
    assert load(tmp_path, text).aws.region == "of-the-file"
    config = load(tmp_path, text, AWS_DEFAULT_REGION="default", AWS_PROFILE="sdk")
    assert (config.aws.region, config.aws.profile) == ("default", "sdk")
    assert load(tmp_path, text, AWS_REGION="sdk", AWS_DEFAULT_REGION="default").aws.region == "sdk"
    assert load(tmp_path, text, AWS_REGION="sdk", CLICKCTL_AWS_REGION="ours").aws.region == "ours"


def test_the_engine_is_glue_on_aws_and_local_elsewhere_unless_it_is_named(tmp_path: Path) -> None:
    s3 = LAKE.replace('"/l/', '"s3://bucket/')
    assert load(tmp_path, LAKE).engine == "local"
    assert load(tmp_path, 'backend = "aws"\n' + s3).engine == "glue"
    assert load(tmp_path, 'backend = "aws"\n' + s3 + '[job]\nengine = "local"\n').engine == "local"


def test_the_aws_backend_is_refused_over_folders(tmp_path: Path) -> None:
    assert 'backend "aws" needs s3:// roots' in refusal(tmp_path, 'backend = "aws"\n' + LAKE).message


def test_the_environment_alone_can_name_the_lake(tmp_path: Path) -> None:
    env = {f"CLICKCTL_LAKE_{name.upper()}": f"/e/{name}" for name in ("raw", "processed", "quarantine", "alerts")}
    assert load(tmp_path, "", **env).lake.alerts == "/e/alerts"


def test_roots_are_made_absolute_and_lose_their_last_slash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/x")
    roots = LakeRoots("lake/raw/", "~/processed", "s3://bucket/quarantine/", "s3://bucket")
    assert roots.raw == str(tmp_path / "lake/raw")
    assert roots.processed == "/home/x/processed"
    assert (roots.quarantine, roots.alerts) == ("s3://bucket/quarantine", "s3://bucket")


@pytest.mark.parametrize(
    ("text", "told", "hint"),
    [
        (LAKE.replace("raw", "rwa"), "lake.rwa: unknown key", "Did you mean lake.raw?"),
        (LAKE + "[qualty]\n", "qualty: unknown key", "Did you mean quality?"),
        (LAKE + "[job]\nworker = 3\n", "job.worker: unknown key", "Did you mean job.workers?"),
        ('engine = "spark"\n' + LAKE, "engine: unknown key", "Did you mean job.engine?"),
        (LAKE + "[zzz]\n", "zzz: unknown key", "config.example.toml shows every key"),
        ('source = "x"\n' + LAKE, "source: unknown key", ""),
    ],
)
def test_an_unknown_config_key_is_refused_with_the_nearest_known_one(
    tmp_path: Path, text: str, told: str, hint: str
) -> None:
    error = refusal(tmp_path, text)
    assert told in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "lake: is missing"),
        ('lake = "here"\n', "lake: 'here' is not a table"),
        (LAKE.replace('"/l/raw"', "7"), "lake.raw: 7 is not a string"),
        (LAKE.replace("/l/raw", " / "), "lake: raw: ' / ' is no folder and no s3:// prefix"),
        (LAKE.replace("/l/raw", "/l\\u0000"), "is no folder and no s3:// prefix"),
        (LAKE.replace('alerts = "/l/alerts"', ""), "lake.alerts: is missing"),
        (LAKE + "[job]\nworkers = true\n", "job.workers: True is not a whole number"),
        (LAKE + "[job]\nworkers = 1.5\n", "job.workers: 1.5 is not a whole number"),
        (LAKE + "[job]\nworkers = -1\n", "workers must be 0 (one per core) or more"),
        (LAKE + "[job]\ntarget_file_mb = 0\n", "target_file_mb must lie between 1 and 512"),
        (LAKE + '[job]\nengine = "sprak"\n', "engine: 'sprak' is not one of glue, local, spark"),
        (LAKE + '[quality]\nactions = "click"\n', "quality.actions: 'click' is not a list"),
        (LAKE + "[quality]\nactions = [1]\n", "quality.actions[0]: 1 is not a string"),
        (LAKE + "[quality]\nactions = []\n", "actions is empty"),
        (LAKE + '[quality]\nmax_skew = "soon"\n', "max_skew: 'soon' is not a duration; write 7d, 36h, 90m or 30s"),
        (LAKE + "[quality]\nmax_lateness = 7\n", "quality.max_lateness: 7 is not a string"),
        (LAKE + "[quality]\nmax_line_bytes = 10\n", "max_line_bytes must lie between"),
        (LAKE + "[job]\nworkers = 2026-01-05\n", "is not a whole number"),
        (LAKE + "[glue]\ndollars_per_dpu_hour = -0.1\n", "dollars_per_dpu_hour must be 0 or more"),
        (LAKE + "[athena]\nmax_scan_gb = -1\n", "max_scan_gb and dollars_per_tb must be 0 or more"),
        (LAKE + "[athena]\ndollars_per_tb = -0.5\n", "max_scan_gb and dollars_per_tb must be 0 or more"),
    ],
)
def test_a_wrong_value_is_refused_with_its_key_and_what_it_should_be(tmp_path: Path, text: str, told: str) -> None:
    error = refusal(tmp_path, text)
    assert told in error.message
    assert str(tmp_path / "clickctl.toml") in error.message
    assert "config.example.toml" in error.hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("CLICKCTL_JOB_WORKER", "Did you mean CLICKCTL_JOB_WORKERS?"),
        ("CLICKCTL_CONFGI", "Did you mean CLICKCTL_CONFIG?"),
        ("CLICKCTL_LAKE", "Did you mean"),
        ("CLICKCTL_SOURCE", ""),
        ("CLICKCTL_", ""),
    ],
)
def test_an_unknown_variable_of_ours_is_refused_not_ignored(tmp_path: Path, name: str, hint: str) -> None:
    error = refusal(tmp_path, LAKE, **{name: "x"})
    assert f"{name} is no setting of clickctl" in error.message
    assert hint in error.hint


def test_a_wrong_variable_is_blamed_itself_not_the_file(tmp_path: Path) -> None:
    assert (
        "CLICKCTL_JOB_WORKERS='two' is not a whole number"
        in refusal(tmp_path, LAKE, CLICKCTL_JOB_WORKERS="two").message
    )
    error = refusal(tmp_path, LAKE, CLICKCTL_QUALITY_MAX_SKEW="soon", CLICKCTL_JOB_WORKERS="2")
    assert error.hint == "The environment overrides the file here: check CLICKCTL_QUALITY_MAX_SKEW."


def test_the_variables_that_stand_for_flags_are_no_settings(tmp_path: Path) -> None:
    assert load(tmp_path, LAKE, CLICKCTL_CONFIG="x", CLICKCTL_PROFILE="y", CLICKCTL_REGION="z") == load(tmp_path, LAKE)


def test_no_password_belongs_in_the_file(tmp_path: Path) -> None:
    for key in ("password", "Password", "pwd"):
        error = refusal(tmp_path, LAKE + f'[redshift]\n{key} = "hunter2"\n', CLICKCTL_REDSHIFT_HOST="h")
        assert f"redshift.{key}: unknown key" in error.message
        assert "CLICKCTL_REDSHIFT_PASSWORD" in error.hint
        assert "redshift.secret" in error.hint
        assert "hunter2" not in error.message + error.hint


def test_the_password_in_the_environment_never_becomes_part_of_the_configuration(tmp_path: Path) -> None:
    config = load(tmp_path, LAKE, CLICKCTL_REDSHIFT_PASSWORD="hunter2")
    assert config == load(tmp_path, LAKE)
    assert "hunter2" not in repr(config)
    error = refusal(tmp_path, LAKE, CLICKCTL_REDSHIFT_PASSWROD="hunter2")
    assert error.hint == "Did you mean CLICKCTL_REDSHIFT_PASSWORD?"
    assert "hunter2" not in error.message


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('cluster = "a"\nworkgroup = "b"', "cluster, workgroup and host are three ways"),
        ('host = "a"\ncluster = "b"', "cluster, workgroup and host are three ways"),
        ('host = "c.abc.us-east-1.redshift.amazonaws.com:5439/dev"', "is not the name of a host alone"),
        ('host = "::1"', "is not the name of a host alone"),
        ('host = "a..b"', "is not the name of a host alone"),
        ("port = 0", "port must lie between 1 and 65535"),
        ("port = 65536", "port must lie between 1 and 65535"),
        ('database = ""', "database: '' is no name"),
        ('user = "a\\u0000b"', "is no name"),
        ('workgroup = "main"\nuser = "etl"', "user: in a workgroup"),
        ('schema = ""', "schema: '' is not made of lower-case letters"),
        ('schema = "Hot"', "schema: 'Hot' is not made of lower-case letters"),
        ("schema = 'a\"; DROP'", "is not made of lower-case letters"),
        ('schema = "1a"', "is not made of lower-case letters"),
        ('external_schema = "a-b"', "external_schema: 'a-b' is not made of"),
        ('external_schema = "public"', "external_schema and schema must be two"),
        ('copy_role = "copy"', "copy_role: 'copy' is not the ARN of a role"),
        ('copy_role = "arn:aws:iam::123456789012:role/a\' x"', "is not the ARN of a role"),
        ("hot_days = 6", "hot_days must lie between 7 and 30"),
        ("hot_days = 31", "hot_days must lie between 7 and 30"),
        ('tls = "require"', "tls: 'require' is not one of verify-full, verify-ca, off"),
        ('tls = "off"', "off is for a loopback host alone"),
        ('tls = "off"\nhost = "localhost.example.com"', "off is for a loopback host alone"),
        ('tls = "off"\ncluster = "a"', "off is for a loopback host alone"),
    ],
)
def test_a_warehouse_that_makes_no_sense_is_refused_with_its_key(tmp_path: Path, lines: str, told: str) -> None:
    assert told in refusal(tmp_path, f"{LAKE}[redshift]\n{lines}\n").message


@pytest.mark.parametrize(
    "settings",
    [
        {"cluster": "a", "user": "etl", "copy_role": "default"},
        {"workgroup": "a", "secret": "s", "user": "etl"},
        {"host": "127.0.0.1", "tls": "off", "port": 1},
        {"host": "localhost", "tls": "off", "hot_days": 7},
        {"secret": "s", "external_schema": "lake_2", "hot_days": 30},
        {"copy_role": "arn:aws:iam::123456789012:role/a/b,arn:aws-cn:iam::123456789012:role/c"},
    ],
)
def test_a_warehouse_is_what_is_set(settings: dict[str, str | int]) -> None:
    made = RedshiftSettings(**settings)  # type: ignore[arg-type]
    assert {name: getattr(made, name) for name in settings} == settings


@pytest.mark.parametrize("content", [b"lake = [", b"a = 1\na = 2\n", b"\xff\xfe", b"\x00", b"=", b"x" * 10_000])
def test_a_file_that_is_no_toml_is_told_with_its_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "clickctl.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        load_config(file, {})
    assert str(file) in refused.value.message
    assert len(refused.value.message) < 500


def test_a_missing_file_and_a_folder_are_told_with_where_to_look(tmp_path: Path) -> None:
    for path, told in ((tmp_path / "none.toml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigError, match=told) as refused:
            load_config(path, {})
        assert "$CLICKCTL_CONFIG" in refused.value.hint


def test_the_file_is_looked_for_in_the_order_of_the_design(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    (home / ".config/clickctl").mkdir(parents=True)
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(home))
    with pytest.raises(ConfigError) as refused:
        find_config(None, {})
    assert "clickctl init --local lake" in refused.value.hint
    (home / ".config/clickctl/config.toml").touch()
    assert find_config(None, {}) == home / ".config/clickctl/config.toml"
    (work / "clickctl.toml").touch()
    assert find_config(None, {}) == Path("clickctl.toml")
    assert find_config(None, {"CLICKCTL_CONFIG": "env.toml"}) == Path("env.toml")
    assert find_config("flag.toml", {"CLICKCTL_CONFIG": "env.toml"}) == Path("flag.toml")
