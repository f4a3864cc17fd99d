"""Lines of `doctor` about the lake in S3: its buckets, what may be read and written, its key.

Writing is proved by a multipart upload that is begun and aborted: nothing comes to be, no event is
sent, and S3 asks for the same permissions as for a write, those of the key included (API reference,
CreateMultipartUpload). IAM's simulation would not do: for roles it leaves policies of the bucket
and of the key out (API reference, SimulatePrincipalPolicy).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import uuid4

from clickctl.aws.doctor_asking import Account, Denied, Missing, asked
from clickctl.aws.doctor_bucket import Bucket
from clickctl.config import Config
from clickctl.domain.errors import ClickctlError
from clickctl.domain.hours import Day
from clickctl.domain.layout import ledger_key
from clickctl.plan.checks import Check, Probe, Subject, ledger_seen
from clickctl.publish import Publisher


def s3_probes(account: Account, config: Config, publisher: Publisher, today: Day) -> Iterator[Probe]:
    lake = config.lake
    roots = {"raw": lake.raw, "processed": lake.processed, "quarantine": lake.quarantine, "alerts": lake.alerts}
    used = {_bucket_of(root) for name, root in roots.items() if name != "alerts"}
    buckets = {
        name: Bucket(account, name, name in used)
        for root in roots.values()
        if root.startswith("s3://") and (name := _bucket_of(root))
    }
    for bucket in buckets.values():
        yield from bucket.probes(config.aws.kms_key)
    for verb, look, names in (("read", _read, ("raw", "processed")), ("write", _write, ("processed", "quarantine"))):
        for name in names:
            bucket = buckets[_bucket_of(roots[name])]
            yield Probe(Subject(f"{verb} {name}", roots[name]), bucket.there(partial(look, account, roots[name])))
    where = f"{lake.processed}/{ledger_key(today)}"
    there = buckets[_bucket_of(lake.processed)].there
    yield Probe(Subject("ledger", where), there(partial(_ledger, publisher, today)))
    if config.aws.kms_key:
        yield Probe(Subject("key", config.aws.kms_key), account.guarded(partial(_key, account)))


def _bucket_of(root: str) -> str:
    return root.removeprefix("s3://").partition("/")[0]


def _read(account: Account, root: str, subject: Subject) -> Check:
    """List one object, and read its first byte if there is one."""
    bucket, _, prefix = root.removeprefix("s3://").partition("/")
    with asked(root):
        s3 = account.client("s3")
        found = s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/".lstrip("/"), MaxKeys=1).get("Contents")
        if not found:
            return subject.ok("may be listed; nothing lies there yet")
        wanted: dict[str, Any] = {"Range": "bytes=0-0"} if found[0]["Size"] else {}
        s3.get_object(Bucket=bucket, Key=found[0]["Key"], **wanted)["Body"].close()
    return subject.ok("may be listed and read")


def _write(account: Account, root: str, subject: Subject) -> Check:
    bucket, _, prefix = root.removeprefix("s3://").partition("/")
    key = f"{prefix}/_staging/_doctor/{uuid4().hex}".lstrip("/")
    with asked(root):
        s3 = account.client("s3")
        upload = s3.create_multipart_upload(Bucket=bucket, Key=key, **_encrypted(account))["UploadId"]
    try:
        with asked(root):
            s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
    except ClickctlError as error:
        hint = f"Allow s3:AbortMultipartUpload, then abort it: aws s3api list-multipart-uploads --bucket {bucket}"
        return subject.warn(f"may be written, but an empty upload could not be aborted: {error.message}", hint)
    return subject.ok("may be written (an upload was begun and aborted)")


def _encrypted(account: Account) -> dict[str, str]:
    """As the lake writes."""
    key = account.aws.kms_key
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}


def _ledger(publisher: Publisher, today: Day, subject: Subject) -> Check:
    with asked(subject.resource):
        return subject.ok(ledger_seen(publisher.ledger(today)))


def _key(account: Account, subject: Subject) -> Check:
    """The write lines prove that it may be used; this one tells what is wrong with it."""
    try:
        with asked(subject.resource):
            found = account.client("kms").describe_key(KeyId=subject.resource)["KeyMetadata"]
    except Denied:
        return subject.skipped("kms:DescribeKey is denied; 'write processed' tells whether the key may be used")
    except Missing:
        return subject.fail("there is no such key", "Correct [aws] kms_key; check the account and the region.")
    if found["KeyState"] != "Enabled":
        return subject.fail(f"is {found['KeyState']}", "Enable it, or name another in [aws] kms_key.")
    return subject.ok(f"enabled, {found['Arn']}")
