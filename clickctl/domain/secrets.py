"""Texts of others, made fit to be shown: no secrets, one line, no web page."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LEAST_SECRET = 12
"""Shorter texts are no credentials of AWS, and may well be words that a line needs."""

_LONGEST = 400
"""Characters of a text."""

_SECRETS = re.compile(
    r"(?P<keep>://)[^/@\s]+(?=@)"  # user and password in an address
    r"|(?P<name>(?:X-Amz-|x-amz-)?(?:Signature|Credential|security-token|Security-Token|AWSAccessKeyId)\s*[=:]\s*)"
    r"[^\s&,'\"]+"  # presigned addresses, and the canonical request that a refused signature is told with
    r"|(?P<word>(?i:password|passwd|pwd|secret|token)=)[^\s&,;'\"]+"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b"
)


def hidden(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without these secrets, and without what looks like one."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _LEAST_SECRET:
            text = text.replace(secret, "***")
    return _SECRETS.sub(lambda found: f"{found['keep'] or found['name'] or found['word'] or ''}***", text)


def one_line(text: str, secrets: Iterable[str] = ()) -> str:
    """The text on one line, without secrets, and no longer than anybody reads."""
    shown = " ".join(hidden(text, secrets).split())
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."
