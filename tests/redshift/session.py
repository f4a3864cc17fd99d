"""One connection of a client, and the session of PostgreSQL behind it.

Messages are handled one at a time: each is sent on and its answers awaited, so that at every moment both sides are at
the same place, and the stand-in can do things of its own between any two.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.redshift import answers
from tests.redshift.faults import Rule
from tests.redshift.plan import Plan
from tests.redshift.record import Copy, Statement, values_of
from tests.redshift.statements import planned
from tests.redshift.tokens import Refused
from tests.redshift.upstream import FLUSH, Upstream
from tests.redshift.wire import Gone, ServerError, Wire, error, message, text

if TYPE_CHECKING:
    from tests.redshift.server import Standin

QUIET = "stand-in: not recorded"  # the application name of sessions that leave no record and meet no faults


@dataclass
class Prepared:
    """A prepared statement. `arrived` until the statement that came with its Parse is executed."""

    text: str
    plan: Plan
    types: tuple[int, ...] = ()
    statement: Statement = field(default_factory=Statement)
    rules: list[Rule] = field(default_factory=list)
    fresh: bool = True


class Session:
    def __init__(self, server: Standin, client: Wire, upstream: Upstream, number: int, quiet: bool) -> None:
        self.server, self.client, self.upstream = server, client, upstream
        self.number, self.quiet = number, quiet
        self._statements: dict[str, Prepared] = {}
        self._portals: dict[str, Prepared] = {}
        self._current: Prepared | None = None
        self._wrapped = False  # a transaction block of ours, around one statement that writes
        self._handlers = {b"P": self._parse, b"B": self._bind, b"D": self._describe, b"E": self._execute,
                          b"C": self._close_one, b"Q": self._simple}  # fmt: skip

    @property
    def rules(self) -> list[Rule]:
        """Those that the statement being run has met."""
        return self._current.rules if self._current else []

    @property
    def statement(self) -> Statement:
        return self._current.statement if self._current else Statement()

    def run(self) -> None:
        """Until one side leaves."""
        skipping = False
        while True:
            kind, body = self.client.read()
            if kind == b"X":
                return
            if kind == b"S":
                skipping = False
                self._sync()
            elif kind != b"H" and not skipping:
                skipping = not self._handled(kind, body) and kind != b"Q"

    def _handled(self, kind: bytes, body: bytes) -> bool:
        try:
            if kind not in self._handlers:
                raise Refused("08P01", f"the stand-in does not know the message {kind!r}")
            self._handlers[kind](body)
            return True
        except Refused as refused:
            self._fail_block()
            fields = refused.fields
        except ServerError as failed:
            fields = answers.as_redshift(failed.fields, self.upstream.pid)
        self.statement.outcome = fields["C"]
        self.client.put(error(fields))
        if kind == b"Q":
            self._sync()
        return False

    def _fail_block(self) -> None:
        """An error of ours fails the transaction block as one of PostgreSQL's does."""
        if self.upstream.status == b"T":
            try:
                self.upstream.query("SELECT standin_error")
            except ServerError:
                return

    def _sync(self) -> None:
        """The end of a batch, which ends a transaction that is not in a block of the client's own."""
        try:
            self._finish()
        except ServerError as failed:  # to commit
            fields = answers.as_redshift(failed.fields, self.upstream.pid)
            self.statement.outcome = fields["C"]
            self.client.put(error(fields))
        self.client.send(message(b"Z", self.upstream.status))

    def _finish(self) -> None:
        self.upstream.wire.send(message(b"S"))
        failed = self.upstream.rest()
        if self._wrapped:
            self._wrapped = False
            self.upstream.query("COMMIT" if self.upstream.status == b"T" else "ROLLBACK")
        if failed:
            raise failed

    def _relay(self, *last: bytes) -> None:
        """Pass on what PostgreSQL answers, up to and with one of these."""
        while True:
            kind, body = self.upstream.read()
            if kind == b"E":
                raise ServerError(answers.fields(body))
            if (answer := answers.edited(kind, body)) is not None:
                self.client.put(answer)
            if kind in last:
                return

    def _arrives(self, prepared: Prepared) -> None:
        """A statement is about to be run: noted, and met by the faults; writers wait for one another."""
        self._current = prepared
        prepared.statement, prepared.rules = Statement(prepared.text), []
        prepared.statement.connection = self.number
        if not self.quiet:
            self.server.record.statements.append(prepared.statement)
            prepared.rules = self.server.faults.of(prepared.statement)
        for rule in prepared.rules:
            if rule.call:
                rule.call(prepared.statement)
            if rule.cut_before:
                self.client.close(rule.reset)
                raise Gone
            if rule.refusal:
                refused = Refused("", "")
                refused.fields = rule.refusal
                raise refused

    def _ready(self, plan: Plan) -> None:
        if self.upstream.status == b"E" and not plan.ends_block:
            raise Refused("25P02", "current transaction is aborted, commands ignored until end of transaction block")
        if self.upstream.status == b"T":
            if plan.alone:
                raise Refused("25001", plan.alone)
            if plan.writes:
                self.upstream.query(f"LOCK TABLE {plan.writes} IN SHARE ROW EXCLUSIVE MODE")

    def _wrap(self, plan: Plan) -> None:
        """A statement that writes, alone, waits for other writers too, and then sees what they have written."""
        if plan.writes and self.upstream.status == b"I":
            self.upstream.query("BEGIN")
            self._wrapped = True

    def _parse(self, body: bytes) -> None:
        name, at = text(body)
        sql, at = text(body, at)
        (count,) = struct.unpack_from("!h", body, at)
        prepared = Prepared(sql, Plan(), struct.unpack_from(f"!{count}i", body, at + 2))
        self._arrives(prepared)
        prepared.plan = planned(sql)
        self._statements[name] = prepared
        self._ready(prepared.plan)
        if prepared.plan.special:
            self.client.put(message(b"1"))
            return
        types = body[at:]
        self.upstream.wire.send(message(b"P", f"{name}\0{prepared.plan.sql}\0".encode() + types), FLUSH)
        self._relay(b"1")

    def _bind(self, body: bytes) -> None:
        portal, at = text(body)
        name, at = text(body, at)
        if (prepared := self._statements.get(name)) is None:
            raise Refused("26000", f'prepared statement "{name}" does not exist')
        if not prepared.fresh:
            self._arrives(prepared)
        prepared.fresh = False
        self._current = self._portals[portal] = prepared
        prepared.statement.values = values_of(body, at, prepared.types)
        self._wrap(prepared.plan)
        self._ready(prepared.plan)
        if prepared.plan.special:
            self.client.put(message(b"2"))
            return
        self.upstream.wire.send(message(b"B", body), FLUSH)
        self._relay(b"2")

    def _describe(self, body: bytes) -> None:
        name, _ = text(body, 1)
        known = self._statements if body[:1] == b"S" else self._portals
        if (prepared := known.get(name)) and prepared.plan.special:
            parameters = message(b"t", b"\0\0") if body[:1] == b"S" else b""
            self.client.put(parameters, message(b"n"))
            return
        self.upstream.wire.send(message(b"D", body), FLUSH)
        self._relay(b"T", b"n")

    def _execute(self, body: bytes) -> None:
        name, _ = text(body)
        prepared = self._portals.get(name)
        if prepared is None:
            raise Refused("34000", f'portal "{name}" does not exist')
        self._current = prepared
        if prepared.plan.special:
            tag = prepared.plan.special(self)
        else:
            self.upstream.wire.send(message(b"E", body), FLUSH)
            tag = self._executed()
        self._done(prepared, tag)
        self.client.put(message(b"C", tag.encode() + b"\0") if tag else message(b"I"))

    def _executed(self) -> str:
        """Pass on the rows; the tag at their end, as Redshift words it."""
        while True:
            kind, body = self.upstream.read()
            if kind == b"E":
                raise ServerError(answers.fields(body))
            if kind in (b"C", b"I", b"s"):
                return answers.tag(body) if kind == b"C" else ""
            if (answer := answers.edited(kind, body)) is not None:
                self.client.put(answer)

    def _done(self, prepared: Prepared, tag: str) -> None:
        for sql in prepared.plan.after:
            self.upstream.query(sql)
        prepared.statement.outcome = tag
        for rule in prepared.rules:
            if rule.call_after:
                rule.call_after(prepared.statement)
            if rule.cut_after:
                self._finish()  # which commits what is not in a block
                prepared.statement.outcome = None
                self.client.close(rule.reset)
                raise Gone

    def _close_one(self, body: bytes) -> None:
        name, _ = text(body, 1)
        (self._statements if body[:1] == b"S" else self._portals).pop(name, None)
        self.upstream.wire.send(message(b"C", body), FLUSH)
        self._relay(b"3")

    def _simple(self, body: bytes) -> None:
        """A simple query, which the driver does not send and other clients do."""
        sql, _ = text(body)
        prepared = Prepared(sql, Plan())
        self._arrives(prepared)
        prepared.plan = planned(sql)
        self._wrap(prepared.plan)
        self._ready(prepared.plan)
        if prepared.plan.special:
            tag = prepared.plan.special(self)
        else:
            self.upstream.wire.send(message(b"Q", prepared.plan.sql.encode() + b"\0"))
            try:
                tag = self._executed()
            finally:
                self.upstream.rest()
        self._done(prepared, tag)
        self._finish()
        done = message(b"C", tag.encode() + b"\0") if tag else message(b"I")
        self.client.send(done, message(b"Z", self.upstream.status))

    def copied(self, table: str, files: tuple[tuple[str, int], ...], rows: int) -> None:
        """Note a COPY that was done."""
        if not self.quiet:
            self.server.record.copies.append(Copy(self.statement, table, files, rows))

    def close(self) -> None:
        self.client.close()
        self.upstream.close()
