"""clickctl doctor over AWS: what each line looks at."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clickctl.domain.hours import Day
from clickctl.plan.checks import Verdict
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.sound import TODAY, Sound, caller

OK, WARN, FAIL, SKIPPED = Verdict


@pytest.fixture
def sound(aws: Aws) -> Sound:
    return Sound(aws)


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(0, OK), (30, OK), (-120, WARN), (120, WARN), (900, FAIL), (-900, FAIL)]
)
def test_a_clock_that_is_off_is_noticed_before_aws_refuses(sound: Sound, seconds: int, verdict: Verdict) -> None:
    sound.aws.server.skew_seconds = seconds
    line = sound.line("clock")
    assert line.verdict is verdict
    assert verdict is OK or ("behind AWS" if seconds > 0 else "ahead of AWS") in line.seen


def test_a_refusal_tells_the_time_too(sound: Sound) -> None:
    sound.aws.faults.add(Fault("sts.*", "error", code="RequestExpired", message="late", status=400))
    sound.aws.server.skew_seconds = 3600
    line = sound.line("clock")
    assert line.verdict is FAIL
    assert line.seen.endswith(" s behind AWS")


def test_a_bucket_of_another_region_is_named_with_both_regions(sound: Sound) -> None:
    sound.aws.boto("s3", "eu-west-1").create_bucket(
        Bucket="clicks-of-ireland", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    sound.sections["lake"] = {"raw": "s3://clicks-of-ireland/clickstream"}
    line = sound.line("bucket", "ireland")
    assert (line.verdict, line.seen) == (FAIL, "is in eu-west-1, we are in us-east-1")
    assert "region to eu-west-1" in line.hint


def test_the_configured_key_is_known_by_any_of_its_names(sound: Sound) -> None:
    kms = sound.aws.boto("kms")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/lake", TargetKeyId=key["KeyId"])
    sound.sections["aws"] = {"kms_key": "alias/lake"}
    assert "not [aws] kms_key" in sound.line("encryption", "raw-").seen
    for name in (key["KeyId"], key["Arn"], "alias/lake"):
        sound.encrypt(sound.buckets[0], SSEAlgorithm="aws:kms", KMSMasterKeyID=name)
        assert sound.line("encryption", "raw-").verdict is OK
    kms.disable_key(KeyId=key["KeyId"])
    assert sound.line("key").seen == "is Disabled"


def test_writing_is_tried_with_the_configured_key(sound: Sound) -> None:
    key = sound.aws.boto("kms").create_key()["KeyMetadata"]["Arn"]
    sound.sections["aws"] = {"kms_key": key}
    with sound.aws.counting() as calls:
        sound.examine()
    begun = calls.of("s3.CreateMultipartUpload")
    given = "HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION_AWS_KMS_KEY_ID"
    assert [call.request.environ[given] for call in begun] == [key, key]


def test_a_bucket_that_is_open_or_not_encrypted_is_a_warning(sound: Sound) -> None:
    s3 = sound.aws.boto("s3")
    s3.delete_public_access_block(Bucket=sound.buckets[0])
    s3.delete_bucket_encryption(Bucket=sound.buckets[0])
    assert "next" not in sound.line("public access", "raw-").seen
    assert [sound.line(name, "raw-").verdict for name in ("public access", "encryption")] == [WARN, WARN]


@pytest.mark.parametrize(("parameters", "told"), [
    ({"GlueVersion": "4.0"}, "Set its Glue version to 5.0 or 5.1"),
    ({"max_concurrent": 1}, "Raise the job's maximum concurrency to 4"),
])  # fmt: skip
def test_a_job_that_does_not_fit_is_a_warning(sound: Sound, parameters: dict[str, object], told: str) -> None:
    sound.job(**parameters)
    line = sound.line("job")
    assert line.verdict is WARN
    assert told in line.hint


@pytest.mark.parametrize(("arguments", "told"), [
    ({"--rules": '{"max_lateness": "2d"}'}, "quality.max_lateness"),
    ({"--rules": "{}", "--raw": "s3://another/lake"}, "lake.raw"),
    ({"--rules": '{"no_such": 1}'}, "quality"),
])  # fmt: skip
def test_a_job_whose_scheduled_runs_would_make_other_rows_fails(
    sound: Sound, arguments: dict[str, str], told: str
) -> None:
    present = sound.aws.boto("glue").get_jobs()["Jobs"][0]["DefaultArguments"]
    sound.job(DefaultArguments={**present, **arguments})
    line = sound.line("job")
    assert line.verdict is FAIL
    assert line.seen.endswith(f"; its scheduled runs are not as here: {told}")
    assert "init --from-terraform" in line.hint


def test_a_job_whose_scheduled_runs_are_told_what_the_configuration_says_is_well(sound: Sound) -> None:
    present = sound.aws.boto("glue").get_jobs()["Jobs"][0]["DefaultArguments"]
    sound.job(DefaultArguments={**present, "--raw": f"{sound.aws.lake.raw}/", "--rules": "{}"})
    assert sound.line("job").verdict is OK


@pytest.mark.parametrize(("arguments", "verdict", "told"), [
    ({"--extra-py-files": "{root}/clickctl-0.0.1.zip"}, WARN, "the job has clickctl 0.0.1"),
    ({"--extra-py-files": "{root}/clickctl.zip"}, OK, "its version is not in its name"),
    ({"--extra-py-files": "{root}/other.zip"}, FAIL, "clickctl is not among --extra-py-files"),
    ({"--additional-python-modules": "zlib-ng"}, WARN, "nothing brings msgspec"),
])  # fmt: skip
def test_the_library_of_the_job_is_looked_at_by_its_name(
    sound: Sound, arguments: dict[str, str], verdict: Verdict, told: str
) -> None:
    usual = {"--extra-py-files": sound.library, "--additional-python-modules": "msgspec,zlib-ng"}
    given = {name: value.format(root=sound.aws.lake.processed) for name, value in arguments.items()}
    sound.aws.put(given.get("--extra-py-files", sound.library), b"code")
    sound.job(DefaultArguments={**usual, **given})
    line = sound.line("job library")
    assert line.verdict is verdict
    assert told in line.seen


def test_the_job_is_passed_over_where_units_run_on_this_machine(sound: Sound) -> None:
    sound.sections["job"] = {"engine": "local"}
    report = sound.examine()
    assert {check.verdict for check in report.checks if check.name.startswith("job")} == {SKIPPED}
    assert "scratch" in [check.name for check in report.checks]
    assert "pyarrow" in report.checks[0].seen


def test_a_lake_in_s3_without_the_rest_of_aws_is_looked_at_alone(sound: Sound) -> None:
    sound.sections["backend"] = "local"
    names = {check.name for check in sound.examine().checks}
    assert {"bucket", "write processed", "permissions"} <= names
    assert not {"job", "table", "workgroup", "query"} & names


def test_a_table_that_shows_no_rows_fails_and_days_to_be_registered_do_not(sound: Sound) -> None:
    sound.registry.commit(Day(TODAY.date - timedelta(days=1)))
    line = sound.line("table", "fact_clicks")
    assert (line.verdict, line.hint) == (WARN, "clickctl register-partitions")
    assert "1 recent day is not registered" in line.seen
    sound.registry.create()
    assert sound.line("table", "fact_clicks").verdict is OK

    sound.registry.edit_table(Parameters={"projection.year.range": "2020,2025"})
    line = sound.line("table", "fact_clicks")
    assert line.verdict is FAIL
    assert "Athena does not find today's rows (projection.year.range)" in line.seen
    sound.registry.edit_table(Parameters={"projection.year.range": "2020,2026"})
    assert sound.line("table", "fact_clicks").verdict is WARN  # it ends with the year


def test_a_table_of_another_lake_fails(sound: Sound) -> None:
    place = {**sound.registry.table()["StorageDescriptor"], "Location": "s3://elsewhere/fact_clicks/"}
    sound.registry.edit_table(StorageDescriptor=place)
    line = sound.line("table", "fact_clicks")
    assert (line.verdict, line.exit_code) == (FAIL, 3)
    assert "elsewhere" in line.seen


def test_a_workgroup_without_a_limit_is_a_warning_and_without_a_place_for_results_a_failure(sound: Sound) -> None:
    athena = sound.aws.boto("athena")
    for name, enforced in (("bare", False), ("strict", True)):
        athena.create_work_group(Name=name, Configuration={"EnforceWorkGroupConfiguration": enforced})
    sound.sections["athena"] = {"workgroup": "bare"}
    assert (sound.line("workgroup").verdict, sound.line("workgroup").hint) == (FAIL, "Set [athena] output.")
    own = {"output": f"{sound.aws.lake.processed}/_athena/"}
    sound.sections["athena"] = {"workgroup": "strict", **own}
    assert "it overrides [athena] output" in sound.line("workgroup").hint
    sound.sections["athena"] = {"workgroup": "bare", **own}
    line = sound.line("workgroup")
    assert line.verdict is WARN
    assert "no limit of bytes scanned" in line.seen


def test_policies_are_asked_by_the_role_behind_the_session_with_its_path(sound: Sound) -> None:
    with sound.aws.counting() as calls:
        line = sound.line("permissions", "caller")
    asked = {call.request.form["PolicySourceArn"] for call in calls.of("iam.SimulatePrincipalPolicy")}
    assert "arn:aws:iam::123456789012:role/team/oncall" in asked
    assert line.seen.startswith("role/team/oncall: ")
    actions = {value for call in calls.of("iam.SimulatePrincipalPolicy") for value in call.request.form.values()}
    for action in ("s3:DeleteObject", "glue:BatchStopJobRun", "athena:StopQueryExecution", "logs:GetLogEvents"):
        assert action in actions


def test_what_policies_refuse_is_named_and_what_hangs_on_conditions_is_a_warning(sound: Sound) -> None:
    sound.simulate(denied=["s3:DeleteObject", "glue:StartJobRun"], unsure=["s3:GetObject"])
    line = sound.line("permissions", "caller")
    assert (line.verdict, line.exit_code) == (FAIL, 3)
    assert line.seen == "role/team/oncall: refused by policy: s3:DeleteObject, glue:StartJobRun"
    assert sound.line("permissions", "job's role").seen.endswith("refused by policy: s3:DeleteObject")
    sound.simulate(unsure=["s3:GetObject"])
    assert (line := sound.line("permissions", "caller")).verdict is WARN
    assert "depends on conditions: s3:GetObject" in line.seen


@pytest.mark.parametrize("arn", ["arn:aws:iam::123456789012:root", "arn:aws:sts::123456789012:federated-user/jo"])
def test_who_has_no_policies_of_their_own_is_not_simulated(sound: Sound, arn: str) -> None:
    sound.aws.handlers["sts.GetCallerIdentity"] = lambda _: caller(arn)
    assert sound.line("permissions", "caller").verdict is SKIPPED
