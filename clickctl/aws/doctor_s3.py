"""Lines of `doctor` about the lake in S3: its buckets, what may be read and written, its key.

Writing is proved by a multipart upload that is begun and aborted: nothing comes to be, no event is
sent, and S3 asks for the same permissions as for a write, those of the key included (API reference,
CreateMultipartUpload). IAM's simulation would not do: for roles it leaves policies of the bucket
and of the key out (API reference, SimulatePrincipalPolicy).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Buckets:
    """Those of the lake's roots, in their order."""

    named: dict[str, Bucket]

    def of(self, root: str) -> Bucket:
        return self.named[_bucket_of(root)]


def buckets_of(account: Account, config: Config) -> Buckets:
    """Of a lake without a topic the bucket of alerts is not used yet."""
    lake = config.lake
    roots = [root for root in (lake.raw, lake.processed, lake.quarantine, lake.alerts) if root.startswith("s3://")]
    used = {_bucket_of(root) for root in (lake.raw, lake.processed, lake.quarantine)}
    if config.alerts.topic:
        used.add(_bucket_of(lake.alerts))
    return Buckets({name: Bucket(account, name, name in used) for name in map(_bucket_of, roots)})


def _bucket_of(root: str) -> str:
    return root.removeprefix("s3://").partition("/")[0]


def s3_probes(account: Account, config: Config, buckets: Buckets, publisher: Publisher, today: Day) -> Iterator[Probe]:
    lake = config.lake
    for bucket in buckets.named.values():
        yield from bucket.probes(config.aws.kms_key)
    if config.aws.kms_key:
        yield Probe(Subject("key", config.aws.kms_key), account.guarded(partial(_key, account)))
    looks = {
        "read raw": (lake.raw, partial(_read, account, lake.raw)),
        "read processed": (lake.processed, partial(_read, account, lake.processed)),
        "write processed": (lake.processed, partial(_write, account, lake.processed)),
        "write quarantine": (lake.quarantine, partial(_write, account, lake.quarantine)),
        "ledger": (f"{lake.processed}/{ledger_key(today)}", partial(_ledger, publisher, today)),
    }
    if config.alerts.topic:
        looks["write alerts"] = (lake.alerts, partial(_write, account, lake.alerts))
    for title, (where, look) in looks.items():
        yield Probe(Subject(title, where), buckets.of(where).there(look))


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
