"""Errors of the SDK become ours here: what failed, on what, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import boto3.exceptions
import botocore.exceptions

from clickctl.domain.errors import ClickctlError, ConfigError, EngineError

THROTTLED = (
    "Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded", "TooManyRequestsException",
    "RequestThrottled", "RequestThrottledException", "SlowDown", "503",
)  # fmt: skip

_CREDENTIALS = (
    "ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidAccessKeyId", "SignatureDoesNotMatch",
    "InvalidToken", "InvalidClientTokenId", "UnrecognizedClientException", "IncompleteSignature",
    "InvalidSignatureException", "AuthFailure", "TokenRefreshRequired",
)  # fmt: skip
_DENIED = ("AccessDenied", "AccessDeniedException", "403", "Forbidden", "UnauthorizedOperation")
_MISSING = ("NoSuchBucket", "EntityNotFoundException", "ResourceNotFoundException", "404")


def code_of(error: botocore.exceptions.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def text_of(error: botocore.exceptions.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", "")).rstrip(".")


@contextmanager
def explained(what: str, kind: type[ClickctlError] = EngineError) -> Iterator[None]:
    """Errors of the SDK in here are raised as ours; `what` is the object or resource that was asked for.

    Credentials and refusals of settings become ConfigError, everything else `kind`.
    """
    try:
        yield
    except botocore.exceptions.ClientError as error:
        raise _refused(error, what, kind) from error
    except (
        botocore.exceptions.NoCredentialsError,
        botocore.exceptions.PartialCredentialsError,
        botocore.exceptions.CredentialRetrievalError,
        botocore.exceptions.TokenRetrievalError,
        botocore.exceptions.SSOError,
    ) as error:
        raise ConfigError(
            f"{what}: no usable AWS credentials: {error}.", hint="Set AWS_PROFILE or --profile, or log in again."
        ) from error
    except botocore.exceptions.ProfileNotFound as error:
        raise ConfigError(f"{what}: {error}.", hint="Check --profile, AWS_PROFILE and [aws] profile.") from error
    except botocore.exceptions.NoRegionError as error:
        raise ConfigError(f"{what}: no AWS region is set.", hint="Set --region, AWS_REGION or [aws] region.") from error
    except (botocore.exceptions.BotoCoreError, boto3.exceptions.Boto3Error) as error:
        hint = "Check the network, the region and the endpoint, then run the same command again."
        raise kind(f"{what}: {str(error).rstrip('.')}.", hint=hint, changed="") from error


def _refused(error: botocore.exceptions.ClientError, what: str, kind: type[ClickctlError]) -> ClickctlError:
    code, text = code_of(error), text_of(error)
    if code in _CREDENTIALS:
        hint = "Log in again (aws sso login, or new keys), then run the same command."
        return ConfigError(f"{what}: AWS refused the credentials: {code}: {text}.", hint=hint)
    return kind(f"{what}: {code}: {text}.", hint=_hint(code, text), changed="")


def _hint(code: str, text: str) -> str:
    if code.startswith("KMS.") or "kms:" in text.lower():
        return "The KMS key refuses: the role needs kms:Decrypt and kms:GenerateDataKey, and the key's policy the role."
    if code in _DENIED:
        return "Check the role's policy and the resource's own (bucket, key): 'clickctl doctor' tells which is missing."
    if code in _MISSING:
        return "Check its name in the configuration, the account and the region: 'clickctl doctor' looks at each."
    if code in ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"):
        return "The bucket is in another region: set --region or [aws] region."
    if code in THROTTLED:
        return "AWS is throttling, after 8 tries: run the same command again, with fewer units at once."
    if code == "RequestTimeTooSkewed":
        return "This machine's clock is wrong: set it, then run the same command again."
    return "Run the same command again; if it stays, 'clickctl doctor' looks at each resource."
