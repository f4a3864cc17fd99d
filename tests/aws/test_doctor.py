"""clickctl doctor over AWS: what is right, what is missing, what is refused, what does not answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from clickctl.plan.checks import Verdict
from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.sound import Sound

OK, WARN, FAIL, SKIPPED = Verdict


@pytest.fixture
def sound(aws: Aws) -> Sound:
    return Sound(aws)


def deny(sound: Sound, operation: str, message: str = "not authorized to perform it", match: str = "") -> None:
    service = operation.split(".")[0]
    code = "AccessDenied" if service in ("s3", "iam", "sts") else "AccessDeniedException"
    sound.aws.faults.add(Fault(operation, "error", code=code, message=message, status=403, match=match))


def test_a_sound_account_is_told_line_by_line_in_the_same_order_and_left_as_it_was(sound: Sound) -> None:
    lake = sound.aws.lake
    before = sound.aws.list(lake.processed)
    with sound.aws.counting() as calls:
        report = sound.examine()
    assert [check for check in report.checks if check.verdict is not OK] == []
    assert (report.exit_code, report.ok) == (0, len(report.checks))
    assert [check.name for check in report.checks] == [
        "packages", "credentials", "region", "clock",
        *["bucket", "encryption", "public access"] * 3,
        "read raw", "read processed", "write processed", "write quarantine", "ledger",
        "job", "job script", "job library", "job log",
        "database", "table", "table", "view", "workgroup", "query",
        "permissions", "permissions",
    ]  # fmt: skip
    assert [check.name for check in sound.examine().checks] == [check.name for check in report.checks]
    assert sound.aws.list(lake.processed) == before
    assert "Uploads" not in sound.aws.boto("s3").list_multipart_uploads(Bucket=sound.buckets[1])
    changes = ("Put", "Delete", "BatchC", "BatchU", "BatchD", "CreateT", "CreateD", "Update", "StartJob")
    assert [name for name in calls.counts if name.split(".")[1].startswith(changes)] == []
    assert len(calls) < 60


Spoil = Callable[[Sound], object]


def without_bucket(number: int) -> Spoil:
    def spoil(sound: Sound) -> None:
        s3 = sound.aws.boto("s3")
        for found in s3.list_objects_v2(Bucket=sound.buckets[number]).get("Contents", ()):
            s3.delete_object(Bucket=sound.buckets[number], Key=found["Key"])
        s3.delete_bucket(Bucket=sound.buckets[number])

    return spoil


def without_object(name: str) -> Spoil:
    def spoil(sound: Sound) -> None:
        bucket, key = getattr(sound, name).removeprefix("s3://").split("/", 1)
        sound.aws.boto("s3").delete_object(Bucket=bucket, Key=key)

    return spoil


def with_section(**section: dict[str, str]) -> Spoil:
    return lambda sound: sound.sections.update(section)


MISSING = [
    (without_bucket(0), "bucket", "raw-", "there is no such bucket", "Make it, or correct [lake]"),
    (without_bucket(1), "bucket", "processed-", "there is no such bucket", "Make it, or correct [lake]"),
    (with_section(glue={"job": "nights"}), "job", "nights", "there is no such job", "correct [glue] job"),
    (without_object("script"), "job script", "", "job.py is not there", "Upload glue_scripts/clickstream_job.py"),
    (without_object("library"), "job library", "", ".zip is not there", "Upload this clickctl's zip"),
    (with_section(catalog={"database": "cs"}), "database", "cs", "missing", "clickctl register-partitions --create"),
    (with_section(catalog={"facts": "f"}), "table", ".f", "missing", "clickctl register-partitions --create-tables"),
    (with_section(athena={"workgroup": "none"}), "workgroup", "none", "there is no such workgroup", "[athena]"),
    (with_section(aws={"kms_key": "alias/none"}), "key", "alias/none", "there is no such key", "[aws] kms_key"),
]


@pytest.mark.parametrize(("spoil", "name", "resource", "seen", "hint"), MISSING, ids=lambda value: str(value)[:24])
def test_what_is_missing_is_named_with_what_to_do_and_hides_nothing_else(
    sound: Sound, spoil: Spoil, name: str, resource: str, seen: str, hint: str
) -> None:
    names = Counter(check.name for check in sound.examine().checks)
    spoil(sound)
    report = sound.examine()
    [line] = [check for check in report.checks if check.name == name and resource in check.resource]
    assert (line.verdict, line.exit_code, report.exit_code) == (FAIL, 3, 3)
    assert seen in line.seen
    assert hint in line.hint
    assert names - Counter(check.name for check in report.checks) == Counter()
    assert [check for check in report.checks if check.verdict is FAIL and "unexpected" in check.seen] == []


def test_a_missing_bucket_of_alerts_is_only_a_warning_because_nothing_is_written_there_yet(sound: Sound) -> None:
    without_bucket(2)(sound)
    report = sound.examine()
    assert report.exit_code == 0
    assert (report.warn, report.skipped) == (1, 2)


DENIED = [
    ("s3.HeadBucket", "bucket", FAIL, "Allow s3:ListBucket"),
    ("s3.ListObjectsV2", "read raw", FAIL, "Allow it in the policy of the role"),
    ("s3.CreateMultipartUpload", "write quarantine", FAIL, "in the resource's own (bucket, key)"),
    ("s3.AbortMultipartUpload", "write processed", WARN, "Allow s3:AbortMultipartUpload"),
    ("s3.GetBucketEncryption", "encryption", SKIPPED, ""),
    ("s3.GetPublicAccessBlock", "public access", SKIPPED, ""),
    ("s3.GetBucketVersioning", "bucket", OK, ""),
    ("s3.GetObject", "ledger", FAIL, "Allow it"),
    ("s3.HeadObject", "job script", SKIPPED, ""),
    ("glue.GetJob", "job", FAIL, "Allow it"),
    ("glue.GetTable", "table", FAIL, "Allow it"),
    ("glue.GetDatabase", "database", FAIL, "Allow it"),
    ("logs.DescribeLogStreams", "job log", WARN, "failed runs are shown without their last lines"),
    ("athena.GetWorkGroup", "workgroup", FAIL, "Allow it"),
    ("athena.StartQueryExecution", "query", FAIL, ""),
    ("iam.SimulatePrincipalPolicy", "permissions", SKIPPED, ""),
]


@pytest.mark.parametrize(("operation", "name", "verdict", "hint"), DENIED, ids=[row[0] for row in DENIED])
def test_what_is_denied_fails_where_clickctl_needs_it_and_is_skipped_where_it_only_looks(
    sound: Sound, operation: str, name: str, verdict: Verdict, hint: str
) -> None:
    deny(sound, operation)
    report = sound.examine()
    lines = [check for check in report.checks if check.name == name]
    assert {line.verdict for line in lines} == {verdict}
    assert all(hint in line.hint for line in lines)
    assert report.exit_code == (3 if verdict is FAIL else 0)


def test_a_workgroup_that_may_not_be_looked_at_can_still_answer(sound: Sound) -> None:
    deny(sound, "athena.GetWorkGroup")
    assert sound.line("query").verdict is OK


def test_a_token_service_out_of_reach_hides_nothing_else(sound: Sound) -> None:
    sound.aws.faults.add(Fault("sts.*", "drop"))
    report = sound.examine()
    assert [(check.name, check.exit_code) for check in report.checks if check.verdict is FAIL] == [("credentials", 5)]
    assert [check.name for check in report.checks if check.verdict is SKIPPED] == [
        "clock",
        "permissions",
        "permissions",
    ]


def test_a_key_that_refuses_is_told_apart_from_a_bucket_that_does(sound: Sound) -> None:
    deny(sound, "s3.CreateMultipartUpload", "not authorized to perform: kms:GenerateDataKey on this resource")
    line = sound.line("write processed")
    assert line.exit_code == 3
    assert "kms:GenerateDataKey, and the key's policy the role" in line.hint


def test_a_service_that_does_not_answer_is_5_and_hides_nothing_else(sound: Sound) -> None:
    sound.aws.faults.add(Fault("glue.*", "error"), Fault("logs.*", "drop"))
    report = sound.examine()
    failed = {check.name: check.exit_code for check in report.checks if check.verdict is FAIL}
    assert failed == dict.fromkeys(("job", "job log", "database", "table", "view"), 5)
    assert report.exit_code == 5
    assert sound.line("query").verdict is OK


def test_s3_that_does_not_answer_is_told_once_a_bucket(sound: Sound) -> None:
    sound.aws.faults.add(Fault("s3.*", "throttle"))
    report = sound.examine()
    failed = Counter(check.name for check in report.checks if check.verdict is FAIL)
    assert failed == {"bucket": 3, "job script": 1, "job library": 1}
    assert report.exit_code == 5


def test_what_a_person_must_put_right_goes_before_what_may_pass(sound: Sound) -> None:
    sound.aws.faults.add(Fault("athena.*", "error"))
    sound.job(Command={"Name": "pythonshell", "ScriptLocation": sound.script})
    report = sound.examine()
    assert {check.exit_code for check in report.checks} == {0, 3, 5}
    assert report.exit_code == 3


def test_nobody_at_the_endpoint_is_5_for_every_line_that_asked(sound: Sound) -> None:
    sound.sections["aws"] = {"endpoint_url": "http://127.0.0.1:9"}
    report = sound.examine()
    assert report.exit_code == 5
    assert {check.exit_code for check in report.checks if check.verdict is FAIL} == {5}
    assert {"credentials", "bucket", "job", "workgroup"} <= {c.name for c in report.checks if c.verdict is FAIL}


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch"])
def test_credentials_that_are_refused_are_told_once_and_nothing_else_is_guessed(sound: Sound, code: str) -> None:
    sound.aws.faults.add(Fault("*", "error", code=code, message="no", status=403))
    report = sound.examine()
    assert [check.name for check in report.checks if check.verdict is FAIL] == ["credentials"]
    assert {check.seen for check in report.checks if check.verdict is SKIPPED} == {"not looked at: see credentials"}
    assert report.exit_code == 3


def test_no_credentials_at_all_say_how_to_get_some(
    sound: Sound, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    line = sound.line("credentials")
    assert (line.verdict, line.exit_code) == (FAIL, 3)
    assert "AWS_PROFILE" in line.hint


def test_no_secret_is_ever_shown(sound: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "AWS_ACCESS_KEY_ID": "ASIAQWERTYUIOPASDFGH",
        "AWS_SECRET_ACCESS_KEY": "s3cr3t/Kq8Wm2Zr7Tn4Vb9Xc1Lp6Hd5Jf0Gs",
        "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjEXAMPLETOKENqwertyuiopasdfgh==",
    }
    signature = "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024"
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    told = (
        f"The Canonical String should have been x-amz-security-token:{secrets['AWS_SESSION_TOKEN']} "
        f"key {secrets['AWS_SECRET_ACCESS_KEY']} of {secrets['AWS_ACCESS_KEY_ID']}, "
        f"https://b.s3.amazonaws.com/k?X-Amz-Credential={secrets['AWS_ACCESS_KEY_ID']}/x&X-Amz-Signature={signature} "
        "https://jo:hunter22@proxy:3128 password=hunter22"
    )
    words = {"--extra-py-files": f"https://jo:hunter22@host/clickctl.zip?X-Amz-Signature={signature}"}
    sound.job(DefaultArguments={**words, "--token": "hunter22"})
    shell = sound.aws.shell(**sound.sections)
    shell("doctor")
    for operations in (("s3.ListObjectsV2", "iam.*", "athena.*"), ("sts.*",)):
        for operation in operations:
            sound.aws.faults.add(Fault(operation, "error", code="SignatureDoesNotMatch", message=told, status=403))
        for flags in (("--verbose",), ("--output", "json")):
            ran = shell("doctor", *flags, code=3)
            assert "Canonical String" in ran.out
            for secret in (*secrets.values(), signature, "hunter22"):
                assert secret not in ran.out + ran.err
