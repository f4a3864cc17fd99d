"""Lines of `doctor` about who we are to AWS: credentials, region, clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from clickctl.aws.doctor_asking import Account
from clickctl.config import Config
from clickctl.domain.errors import ClickctlError, ConfigError
from clickctl.plan.checks import Check, Probe, Subject, told

_WARN_SKEW, _FAIL_SKEW = 60, 300
"""Seconds. AWS refuses signatures that are off by more than 15 minutes (S3: RequestTimeTooSkewed)."""


def account_probes(account: Account, config: Config) -> Iterator[Probe]:
    source = config.aws.role_arn or (f"profile {config.aws.profile}" if config.aws.profile else "the SDK's own chain")
    yield Probe(Subject("credentials", source), partial(_credentials, account))
    yield Probe(Subject("region", config.aws.region or "the SDK's own setting"), partial(_region, account))
    yield Probe(Subject("clock", "this machine"), partial(_clock, account))


def _credentials(account: Account, subject: Subject) -> Check:
    try:
        found = account.identity()
    except ClickctlError as error:
        raise type(error)(told(error, "AWS"), hint=error.hint) from error
    return subject.ok(f"account {found.account}, {found.arn}")


def _region(account: Account, subject: Subject) -> Check:
    try:
        region, sdk = account.region, account.session
    except ConfigError:
        return subject.skipped("not looked at: see credentials")
    if not region:
        return subject.fail("none is set", "Set --region, AWS_REGION or [aws] region.")
    known = {name for part in sdk.get_available_partitions() for name in sdk.get_available_regions("s3", part)}
    if region in known:
        return subject.ok(region)
    return subject.warn(f"{region} is no region this boto3 knows", "Check --region, AWS_REGION and [aws] region.")


def _clock(account: Account, subject: Subject) -> Check:
    with suppress(ClickctlError):  # a refusal tells the time too
        account.identity()
    skew = account.skew_seconds
    if skew is None:
        return subject.skipped("AWS gave no answer to compare with")
    seen = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} AWS" if abs(skew) >= 2 else "as AWS's"
    hint = "Set this machine's clock (NTP): AWS refuses requests that are 15 minutes off."
    if abs(skew) > _FAIL_SKEW:
        return subject.fail(seen, hint)
    return subject.warn(seen, hint) if abs(skew) > _WARN_SKEW else subject.ok(seen)
