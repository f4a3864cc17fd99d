"""Who is alerted, and how replays are run: what a backend provides of it. One file in `local/` and `aws/`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from clickctl.domain.receipts import Message


class Topic(Protocol):
    """Where messages are sent."""

    def publish(self, batch: Sequence[Message]) -> tuple[list[str], str]:
        """Send up to ten messages, as large together as one call may be.

        The ids of those that were accepted, in order, and why the first of the others was not. What can
        be repeated was repeated. Raises a ClickctlError when it is not known that any was accepted.
        """
        ...

    def audience(self) -> Sequence[str]:
        """Who gets the messages, a line each, to be shown."""
        ...

    def is_heard(self, audience: Sequence[str]) -> bool:
        """Whether anybody of these gets them now."""
        ...


class Letter(NamedTuple):
    """One message of the dead-letter queue. `handle` is what deletes it, `reason` why it is there, if known."""

    id: str
    handle: str
    body: str
    reason: str = ""


class DeadLetters(Protocol):
    """The queue with the events that the function failed on."""

    def receive(self) -> Sequence[Letter]:
        """Some of them, not seen by others for a while; none when there are no more."""
        ...

    def delete(self, letter: Letter) -> None: ...

    def hidden(self) -> int:
        """How many are received by somebody now, ourselves included; 0 where that is not told."""
        ...

    def release(self, letters: Sequence[Letter]) -> None:
        """Make them visible again at once."""
        ...


class Function(Protocol):
    """The function that the bucket's events go to."""

    def invoke(self, request: bytes) -> None:
        """Hand it a request; it works on it later, and by itself."""
        ...
