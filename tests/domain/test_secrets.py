"""What others say may hold secrets; what is shown of it holds none."""

from __future__ import annotations

import pytest

from clickctl.domain.secrets import hidden


@pytest.mark.parametrize(("text", "shown"), [
    ("http://jo:pw@proxy:3128/", "http://***@proxy:3128/"),
    ("?X-Amz-Security-Token=abc%2F&X-Amz-Signature=0123&x=1", "?X-Amz-Security-Token=***&X-Amz-Signature=***&x=1"),
    ("?AWSAccessKeyId=abc&Signature=x%3D&Expires=1", "?AWSAccessKeyId=***&Signature=***&Expires=1"),
    ("x-amz-security-token:abcdef\nhost", "x-amz-security-token:***\nhost"),
    ("AWS4-HMAC-SHA256 Credential=AKIA/2026, SignedHeaders=host, Signature=0f",
     "AWS4-HMAC-SHA256 Credential=***, SignedHeaders=host, Signature=***"),
    ("the key AKIAIOSFODNN7EXAMPLE", "the key ***"),
    ("password=a;Token=b", "password=***;Token=***"),
    ("ExpiredToken: The provided token has expired", "ExpiredToken: The provided token has expired"),
    ("arn:aws:sts::123456789012:assumed-role/a/b@c", "arn:aws:sts::123456789012:assumed-role/a/b@c"),
])  # fmt: skip
def test_what_looks_like_a_secret_is_shown_nowhere(text: str, shown: str) -> None:
    assert hidden(text) == shown
