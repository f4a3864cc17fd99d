"""The files of a load: looked at before a transaction is opened, and made such that COPY takes them."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from clickctl.domain.errors import ClickctlError, RunFailed
from clickctl.domain.hours import Day
from clickctl.domain.layout import FACTS, LOAD_NOTE, USERS, loads_prefix, owner_of
from clickctl.domain.ledger import OutputFile
from clickctl.domain.loads import LoadNote, dump_note
from clickctl.lakes import Lake, PreconditionFailed
from clickctl.warehouse import CopyFile

_AT_ONCE = 16


@dataclass(frozen=True)
class HotFiles:
    """Of the lake under the root `processed`; `load_id` is in the names of what is put there for COPY."""

    lake: Lake
    processed: str
    load_id: str

    def check(self, files: Sequence[OutputFile]) -> None:
        """Look at every footer. Raises RunFailed for a file that is not as the ledger and the table need it."""
        with ThreadPoolExecutor(_AT_ONCE, "footer") as pool:
            problems = [found for found in pool.map(self._problem, files) if found]
        if problems:
            file, text = problems[0]
            more = f" ({len(problems) - 1} more files are not right)" if len(problems) > 1 else ""
            raise RunFailed(
                f"{file.key} cannot be loaded: {text}{more}.",
                hint=f"clickctl run-partition {owner_of(file.key)} --force",
            )

    @contextmanager
    def fitted(
        self, files: Iterable[OutputFile], wide: Collection[str]
    ) -> Iterator[tuple[dict[str, tuple[CopyFile, ...]], int]]:
        """What is to be copied of each table, and how many values were cut for that.

        It is the files themselves, or for those in `wide` copies without the texts that no VARCHAR can hold.
        """
        found: dict[str, list[CopyFile]] = {FACTS: [], USERS: []}
        copies: list[str] = []
        cut = 0
        try:
            for file in files:
                source = CopyFile(self._location(file), file.size, file.rows)
                if file.key in wide and (fitted := self._fit(file)):
                    source, changed = fitted
                    cut += changed
                    copies.append(source.location)
                found[file.table].append(source)
            yield {table: tuple(files) for table, files in found.items()}, cut
        finally:
            self._delete(copies)

    def clear(self, day: Day) -> None:
        """Delete all that loads of a day have put for COPY."""
        self._delete(info.location for info in self.lake.list(f"{self.processed}/{loads_prefix(day)}"))

    def note(self, note: LoadNote) -> None:
        """Leave word of a load for `dq-report`. Of two loads at once the later one's; without it all is right too."""
        location = f"{self.processed}/{LOAD_NOTE}"
        with suppress(ClickctlError, PreconditionFailed):
            found = self.lake.get(location)
            self.lake.put_if(location, dump_note(note), found[1] if found else None)

    def _delete(self, locations: Iterable[str]) -> None:
        """What cannot be deleted is left to lie: the warehouse is right all the same."""
        with suppress(ClickctlError):
            self.lake.delete(locations)

    def _problem(self, file: OutputFile) -> tuple[OutputFile, str] | None:
        from clickctl.transform.footers import footer_problem

        location = self._location(file)
        text = footer_problem(lambda count: self.lake.tail(location, count), file.table, file)
        return (file, text) if text else None

    def _location(self, file: OutputFile) -> str:
        return f"{self.processed}/{file.key}"

    def _fit(self, file: OutputFile) -> tuple[CopyFile, int] | None:
        from clickctl.transform.fitting import fit

        with tempfile.TemporaryDirectory(prefix="clickctl-") as folder:
            target = Path(folder, "fitted.parquet")
            with self.lake.open(self._location(file)) as source:
                changed = fit(source, target, file.table)
            if not changed.total():
                return None
            if file.table == USERS:
                changed.pop("user_id", 0)  # the same ids are counted in the facts
            # Of this run alone: another load may be copying its own just now.
            place = f"{self.processed}/{loads_prefix(file.day)}{self.load_id}-{file.table}-{Path(file.key).name}"
            self.lake.upload(target, place)
            return CopyFile(place, target.stat().st_size, file.rows), changed.total()
