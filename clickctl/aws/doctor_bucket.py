"""Lines of `doctor` about one bucket: where it is, and whether it is encrypted and closed to the public."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from clickctl.aws.doctor_asking import Account, Denied, Missing, Once, asked
from clickctl.domain.errors import ClickctlError, ConfigError
from clickctl.plan.checks import Check, Probe, Subject

_DOES_NOT_EXIST = "there is no such bucket"
_LOOKING = "clickctl does not need it"


class Bucket:
    """One bucket and the lines about it. `used`: something is read or written there by this version."""

    def __init__(self, account: Account, name: str, used: bool) -> None:
        self.account, self.name, self.used = account, name, used
        self.address = f"s3://{name}"
        self.head = Once(self._head)

    def probes(self, kms_key: str) -> Iterator[Probe]:
        yield Probe(Subject("bucket", self.address), self.account.guarded(self._exists))
        yield Probe(Subject("encryption", self.address), self.there(partial(self._encryption, kms_key)))
        yield Probe(Subject("public access", self.address), self.there(self._public))

    def there(self, look: Callable[[Subject], Check]) -> Callable[[Subject], Check]:
        """The same, but skipped where the bucket's own line tells that it is not there or does not answer."""

        def looked(subject: Subject) -> Check:
            try:
                self.head()
            except Denied:
                pass
            except Missing:
                return subject.skipped(_DOES_NOT_EXIST)
            except ClickctlError:
                return subject.skipped("the bucket did not answer")
            return look(subject)

        return self.account.guarded(looked)

    def _head(self) -> str:
        """Its region."""
        with asked(self.address):
            found = self.account.client("s3").head_bucket(Bucket=self.name)
            return str(found.get("BucketRegion") or self.account.region)

    def _exists(self, subject: Subject) -> Check:
        try:
            region = self.head()
        except Missing:
            if not self.used:
                return subject.warn(_DOES_NOT_EXIST, "Make it before [alerts] topic is set.")
            return subject.fail(_DOES_NOT_EXIST, "Make it, or correct [lake]; check the account too.")
        except Denied:
            hint = "Allow s3:ListBucket on it in the policies of role and bucket; check that it is this account's."
            return subject.fail("access denied", hint)
        ours = self.account.region
        if region != ours:
            hint = f"Set --region or [aws] region to {region}, or use a bucket of {ours}: Spectrum and COPY need that."
            return subject.fail(f"is in {region}, we are in {ours}", hint)
        return subject.ok(f"in {region}, {self._versioning()}")

    def _versioning(self) -> str:
        try:
            with asked(self.address):
                found = self.account.client("s3").get_bucket_versioning(Bucket=self.name)
        except ClickctlError:
            return "versioning unknown"
        return "versioned" if found.get("Status") == "Enabled" else "not versioned"

    def _encryption(self, kms_key: str, subject: Subject) -> Check:
        try:
            with asked(self.address):
                found = self.account.client("s3").get_bucket_encryption(Bucket=self.name)
        except Denied:
            return subject.skipped(f"s3:GetEncryptionConfiguration is denied; {_LOOKING}")
        except ConfigError as error:
            if "NotFoundError" not in error.message:
                raise
            return subject.warn("no default encryption", "Set the bucket's default encryption to SSE-KMS or SSE-S3.")
        rule = found["ServerSideEncryptionConfiguration"]["Rules"][0]["ApplyServerSideEncryptionByDefault"]
        kind, key = rule["SSEAlgorithm"], rule.get("KMSMasterKeyID", "")
        seen = "SSE-S3" if kind == "AES256" else f"{kind}, {key or 'the key AWS manages'}"
        if kms_key and not (key and self._same_key(key, kms_key)):
            hint = f"Set it to SSE-KMS with {kms_key}: others who write here do not name the key of [aws] kms_key."
            return subject.warn(f"{seen}; not [aws] kms_key", hint)
        return subject.ok(seen)

    def _same_key(self, one: str, other: str) -> bool:
        """Keys go by id, ARN and alias."""
        if one == other or one.endswith(f"/{other}") or other.endswith(f"/{one}"):
            return True
        try:
            with asked("KMS"):
                kms = self.account.client("kms")
                arns = {kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"] for key in (one, other)}
        except ConfigError:
            return False
        return len(arns) == 1

    def _public(self, subject: Subject) -> Check:
        hint = "Turn on all four settings of the bucket's public access block."
        try:
            with asked(self.address):
                found = self.account.client("s3").get_public_access_block(Bucket=self.name)
        except Denied:
            return subject.skipped(f"s3:GetBucketPublicAccessBlock is denied; {_LOOKING}")
        except ConfigError as error:
            if "NoSuchPublicAccessBlock" not in error.message:
                raise
            return subject.warn("not blocked by the bucket itself", hint)
        off = [name for name, on in found["PublicAccessBlockConfiguration"].items() if not on]
        return subject.warn(f"not blocked: {', '.join(off)}", hint) if off else subject.ok("blocked")
