"""The job's script as a module, and a lake that its driver loses when it is killed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

from clickctl.lakes import Lake
from clickctl.packaging import glue_script
from clickctl.publish import Publisher


def load_script(before: Callable[[int], None]) -> ModuleType:
    """The script as its own module, not shared. `before(n)` is called before its driver's n-th lake operation."""
    spec = importlib.util.spec_from_file_location("clickstream_job", glue_script())
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    real = script.publisher_for

    def publisher_for(*words: Any) -> Publisher:
        found: Publisher = real(*words)
        return replace(found, lake=WatchedLake(found.lake, before))

    script.publisher_for = publisher_for
    return script


class WatchedLake:
    """Any lake, telling of each operation before it begins. Sent to a worker, it is the lake itself."""

    def __init__(self, lake: Lake, before: Callable[[int], None]) -> None:
        self._lake, self._before, self._count = lake, before, 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._lake, name)
        if not callable(found):
            return found

        def watched(*args: Any, **words: Any) -> Any:
            self._count += 1
            self._before(self._count)
            return found(*args, **words)

        return watched

    def __reduce__(self) -> Any:
        return _itself, (self._lake,)


def _itself(lake: Lake) -> Lake:
    return lake
