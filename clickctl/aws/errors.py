"""Errors of the SDK become ours here: what failed, on what, what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.exceptions

from clickctl.domain.errors import ClickctlError, ConfigError, EngineError
from clickctl.domain.secrets import one_line

SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
"""Variables whose values are shown nowhere."""

THROTTLED = (
    "Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded", "TooManyRequestsException",
    "RequestThrottled", "RequestThrottledException", "SlowDown", "503",
)  # fmt: skip

_CREDENTIALS = (
    "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken",
    "InvalidClientTokenId", "UnrecognizedClientException", "IncompleteSignature", "InvalidSignatureException",
    "AuthFailure", "TokenRefreshRequired", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
)  # fmt: skip
_ROLES = ("AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML", "GetRoleCredentials")
_DENIED = ("AccessDenied", "AccessDeniedException", "403", "Forbidden", "UnauthorizedOperation", "AllAccessDisabled",
           "AuthorizationError", "AuthorizationErrorException")  # fmt: skip
_MISSING = ("NoSuchBucket", "EntityNotFoundException", "ResourceNotFoundException", "404")
_ELSEWHERE = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301")
_CLOCK = ("RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture")

_LOGIN = "Set AWS_PROFILE or --profile, or log in again."
_FILES = "Check ~/.aws/config and ~/.aws/credentials."
_REGION = "Set --region, AWS_REGION or [aws] region."
_SETTINGS = {
    "NoCredentialsError": _LOGIN,
    "PartialCredentialsError": _LOGIN,
    "CredentialRetrievalError": _LOGIN,
    "TokenRetrievalError": _LOGIN,
    "SSOError": _LOGIN,
    "LoginError": _LOGIN,
    "RefreshWithMFAUnsupportedError": _LOGIN,
    "ProfileNotFound": "Check --profile, AWS_PROFILE and [aws] profile.",
    "ConfigParseError": _FILES,
    "InvalidConfigError": _FILES,
    "UnknownCredentialError": _FILES,
    "NoRegionError": _REGION,
    "InvalidRegionError": _REGION,
    "EndpointVariantError": "Check AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT and the region.",
    "EndpointProviderError": "Check the endpoint, the region and the FIPS and dual-stack settings.",
    "ParamValidationError": "Check the names in the configuration.",
}
"""Errors that come before any call, by the name of their class or of one above it: not every SDK has them all."""


def code_of(error: botocore.exceptions.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def text_of(error: botocore.exceptions.ClientError) -> str:
    """What AWS says, as it may be shown."""
    return shown(error.response.get("Error", {}).get("Message", ""))


def shown(text: object) -> str:
    """A text of AWS or its SDK in one line without a full stop, and without secrets.

    A refused signature is told with the request that should have been signed, session token included.
    """
    return one_line(str(text), filter(None, map(os.environ.get, SECRETS))).rstrip(".")


@contextmanager
def explained(what: str, kind: type[ClickctlError] = EngineError) -> Iterator[None]:
    """Errors of the SDK in here are raised as ours; `what` is the object or resource that was asked for.

    What the settings, the credentials or the clock of this machine are to blame for becomes
    ConfigError, everything else `kind`. The error of the SDK is its cause.
    """
    try:
        yield
    except Exception as error:
        if type(error).__module__.split(".")[0] not in ("boto3", "botocore", "s3transfer", "urllib3"):
            raise
        met = _met(error)
        if isinstance(met, botocore.exceptions.ClientError):
            raise _refused(met, what, kind) from met
        raise _failed(met, what, kind) from met


def _met(error: BaseException) -> BaseException:
    """What was met: the transfers of boto3 wrap it, or raise their own in its place."""
    if type(error).__module__.split(".")[0] not in ("boto3", "s3transfer"):
        return error
    return getattr(error, "last_exception", None) or error.__context__ or error


def _failed(error: BaseException, what: str, kind: type[ClickctlError]) -> ClickctlError:
    """An error without an answer of AWS."""
    message = f"{what}: {shown(error)}."
    for above in type(error).__mro__:
        if above.__name__ in _SETTINGS:
            return ConfigError(message, hint=_SETTINGS[above.__name__], changed="")
    hint = "Check the network, the region and the endpoint, then run the same command again."
    return kind(message, hint=hint, changed="")


def _refused(error: botocore.exceptions.ClientError, what: str, kind: type[ClickctlError]) -> ClickctlError:
    code, text = code_of(error), text_of(error)
    if code in _CLOCK or "Signature expired" in text or "Signature not yet current" in text:
        hint = "This machine's clock is wrong: set it, then run the same command again."
        return ConfigError(f"{what}: {code}: {text}.", hint=hint, changed="")
    if code in _CREDENTIALS:
        hint = "Log in again (aws sso login, or new keys), then run the same command."
        return ConfigError(f"{what}: AWS refused the credentials: {code}: {text}.", hint=hint, changed="")
    if error.operation_name in _ROLES:
        hint = "Check [aws] role_arn, the role's trust policy, and that we may assume it (sts:AssumeRole)."
        return ConfigError(f"{what}: the role cannot be assumed: {code}: {text}.", hint=hint, changed="")
    if code in _ELSEWHERE:
        region = _region_of(error.response)
        hint = f"Set --region {region} or [aws] region." if region else "Set --region or [aws] region to the bucket's."
        where = f" (it is in {region})" if region else ""
        return ConfigError(f"{what}: the bucket is in another region{where}: {code}: {text}.", hint=hint, changed="")
    return kind(f"{what}: {code}: {text}.", hint=hint_for(code, text), changed="")


def _region_of(response: Any) -> str:
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(headers.get("x-amz-bucket-region") or response.get("Error", {}).get("Region") or "")


def is_denied(error: ClickctlError) -> bool:
    """Whether AWS answered that we may not: asking again does not help."""
    cause = error.__cause__
    return isinstance(cause, botocore.exceptions.ClientError) and code_of(cause) in _DENIED


def hint_for(code: str, text: str) -> str:
    """What to do about an error of AWS."""
    if code == "KMS.AccessDeniedException" or ("kms:" in text.lower() and not code.startswith("KMS.")):
        return "The KMS key refuses: the role needs kms:Decrypt and kms:GenerateDataKey, and the key's policy the role."
    if code.startswith("KMS."):  # disabled, to be deleted, not there; its text names the key's ARN
        return "The KMS key cannot be used: check that [aws] kms_key is there, enabled and of the bucket's region."
    if code in _DENIED:
        return "Check the role's policy and the resource's own (bucket, key): 'clickctl doctor' tells which is missing."
    if code in _MISSING:
        return "Check its name in the configuration, the account and the region: 'clickctl doctor' looks at each."
    if code == "400":
        return "An answer to HEAD has no reason: most often the credentials have expired; 'clickctl doctor' tells."
    if code in THROTTLED:
        return "AWS is throttling, and did so until we gave up: run the same command again, with fewer units at once."
    return "Run the same command again; if it stays, 'clickctl doctor' looks at each resource."
