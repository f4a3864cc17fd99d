"""The entry about going back to an earlier release."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

pytest.importorskip("moto.server")

import clickctl
from clickctl.domain.rules import QualityRules
from tests.aws.alerts import Alerting
from tests.aws.harness.account import REGION
from tests.runbook.clouds import Cloud

H13, H14 = "2026-01-05T13", "2026-01-05T14"


@pytest.mark.usefixtures("aws_cli")
def test_a_release_is_to_be_rolled_back(cloud: Cloud, alerting: Alerting, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.configure(alerts={"topic": alerting.topic})
    cloud.put(H13, "u1", action="purchase")
    with monkeypatch.context() as later:
        later.setattr(clickctl, "__version__", "0.2.0")
        cloud.run_here(H13)
    cloud.put(H14, "u2", run=True)
    fetch, listing = cloud.entry.take("aws s3 cp"), cloud.entry.take("python3")
    commits = listed(cloud, fetch, listing)
    assert {unit: words[1] for unit, words in commits.items()} == {H13: "0.2.0", H14: clickctl.__version__}
    assert {words[2] for words in commits.values()} == {QualityRules().name}

    cloud.with_terraform(backend="aws", aws={"region": REGION}, lake=vars(cloud.aws.lake), **cloud.sections)
    dist = cloud.folder / "dist"
    good, bad = hashes(dist), bad_release(dist)
    looking = cloud.entry.take("aws lambda")
    deploy(cloud, bad)
    before = cloud.bash(looking).out
    cloud.run("terraform")
    cloud.run("clickctl package")
    deploy(cloud, dist)  # as its apply would do it
    told = [(one["command"], one["settings"], one["dist"]) for one in cloud.terraform if one["command"] != "init"]
    assert told == [("apply", {"schedules": "{enabled=false}"}, hashes(bad)), ("apply", {}, good)]
    after = cloud.bash(looking).out
    packages = cloud.shell("package", "--out", "again", "--output", "json").json
    assert "clickctl-0.2.0.zip" in before and packages[0]["hash"] not in before
    assert f"clickctl-{clickctl.__version__}.zip" in after and packages[0]["hash"] in after and "0.2.0" not in after

    cloud.run("clickctl doctor")
    assert {words[1] for words in listed(cloud, fetch, listing).values()} == {clickctl.__version__}
    assert alerting.users() == {"u1": 1}


def listed(cloud: Cloud, fetch: str, listing: str) -> dict[str, list[str]]:
    """When, version, transform and engine of each commit that the lines of the page tell of."""
    for said, meant in cloud.words.items():
        fetch = fetch.replace(said, meant)
    cloud.bash(fetch)
    return {line.split()[0]: line.split()[1:] for line in cloud.bash(listing).out.splitlines()}


def bad_release(dist: Path) -> Path:
    """Another version takes the place of what lies there; the folder of a copy."""
    for path in list(dist.iterdir()):
        path.unlink()
        path.with_name(path.name.replace(clickctl.__version__, "0.2.0")).write_bytes(b"bad " + path.name.encode())
    return Path(shutil.copytree(dist, dist.with_name("bad")))


def hashes(dist: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in dist.iterdir()}


def deploy(cloud: Cloud, dist: Path) -> None:
    """The job and the function of these files, as terraform/glue.tf and alerts.tf have them."""
    [library], [archive] = dist.glob("clickctl-[0-9]*.zip"), dist.glob("clickctl-alerts-*.zip")
    release = f"s3://{cloud.buckets['processed']}/artifacts/{hashlib.sha256(library.read_bytes()).hexdigest()[:12]}"
    cloud.aws.put(f"{release}/{library.name}", library.read_bytes())
    cloud.aws.put(f"{release}/clickstream_job.py", (dist / "clickstream_job.py").read_bytes())
    command = {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": f"{release}/clickstream_job.py"}
    cloud.sound.job(Command=command, DefaultArguments={
        "--extra-py-files": f"{release}/{library.name}", "--additional-python-modules": "msgspec,zlib-ng"})  # fmt: skip
    function, name = cloud.aws.boto("lambda"), "clickstream-alerts"
    if function.list_functions()["Functions"]:
        function.update_function_code(FunctionName=name, ZipFile=archive.read_bytes())
        return
    role = cloud.aws.boto("iam").get_role(RoleName="oncall")["Role"]["Arn"]
    function.create_function(FunctionName=name, Role=role, Runtime="python3.12", Handler="lambda_src.handler.handle",
                             Code={"ZipFile": archive.read_bytes()})  # fmt: skip
