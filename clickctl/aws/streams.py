"""An object of S3 read once, without a copy on disk: an answer that breaks off is asked for again from there."""

from __future__ import annotations

from typing import Any

import botocore.exceptions

from clickctl.aws.errors import code_of, explained
from clickctl.domain.errors import LakeError
from clickctl.lakes import Opened

BROKEN_OFF = (
    botocore.exceptions.HTTPClientError,  # the connection was cut, or fell silent
    botocore.exceptions.IncompleteReadError,
    botocore.exceptions.FlexibleChecksumError,
)
_TRIES = 5
"""Times in a row that reading may break off without having got on."""

_GONE = ("NoSuchKey", "NoSuchVersion", "404")


def opened(client: Any, location: str, bucket: str, key: str, version: str) -> Opened | None:
    """None when there is no such object or version. Only who may list the bucket is told so (else 403)."""
    which = {"VersionId": version} if version else {}
    with explained(location, LakeError):
        try:
            found = client.get_object(Bucket=bucket, Key=key, **which)
        except botocore.exceptions.ClientError as error:
            # A delete marker is a version without content.
            if code_of(error) in _GONE or (version and code_of(error) in ("MethodNotAllowed", "405")):
                return None
            raise
    wanted = {"Bucket": bucket, "Key": key, "IfMatch": found["ETag"], **which}
    size = int(found["ContentLength"])
    return Opened(_Stream(client, location, wanted, found["Body"], size), found["ETag"].strip('"'), size)


class _Stream:
    """All of one version of an object, in order."""

    def __init__(self, client: Any, location: str, wanted: dict[str, Any], body: Any, size: int) -> None:
        self._client, self._location, self._wanted = client, location, wanted
        self._body, self._at, self._size = body, 0, size

    def read(self, size: int, /) -> bytes:
        if self._at >= self._size:
            return b""
        with explained(self._location, LakeError):
            for left in reversed(range(_TRIES)):
                try:
                    data = bytes(self._part().read(size))
                except BROKEN_OFF:
                    if not left:
                        raise
                    self.close()
                    continue
                if data:
                    self._at += len(data)
                    return data
                self.close()  # an end before the end
        raise LakeError(f"{self._location}: S3 sends {self._at} of {self._size} bytes.", changed="")

    def _part(self) -> Any:
        """What is being read, or the rest asked for anew; of another version by now it is refused (412)."""
        if self._body is None:
            part = self._client.get_object(**self._wanted, Range=f"bytes={self._at}-")
            self._body = part["Body"]
        return self._body

    def close(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None
