"""Alerts of the local backend: told in the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from clickctl.domain.receipts import SUMMARY, Message


@dataclass(frozen=True)
class TerminalTopic:
    """Messages become lines of what a command says: tell(event, text, **fields)."""

    tell: Callable[..., None]

    def publish(self, batch: Sequence[Message]) -> tuple[list[str], str]:
        for message in batch:
            plain: dict[str, Any] = json.loads(message.body)
            self.tell("alert", _line(plain), **plain)
        return [message.id for message in batch], ""

    def audience(self) -> list[str]:
        return ["this terminal"]

    def is_heard(self, audience: Sequence[str]) -> bool:
        return True


def _line(plain: dict[str, Any]) -> str:
    """What others have sent is quoted, so that nothing in it can command the terminal."""
    if plain["type"] == SUMMARY:
        return f"alert: {plain['alerts']:,} events in {plain['source']}: see {plain['receipt']}"
    user = plain.get("user_id", "(too long to show)")
    page = f" on {plain['page_url']!r}" if plain.get("page_url") else ""
    return f"alert: {plain['event_time']} {user!r}{page} ({plain['alert_id']})"
