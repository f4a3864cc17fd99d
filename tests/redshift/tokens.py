"""SQL cut into tokens, as Redshift reads them, and a reader that goes over them.

Unlike PostgreSQL, Redshift folds quoted names to lower case as well (unless enable_case_sensitive_identifier is on),
and knows backslash escapes in every string. Both are rewritten here, so what follows sees PostgreSQL's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PATTERN = re.compile(
    r"""
    (?P<space>\s+ | --[^\n]* | /\*.*?\*/)
  | (?P<text>'(?:[^'\\] | '' | \\.)*')
  | (?P<name>"(?:[^"] | "")+")
  | (?P<param>\$\d+)
  | (?P<number>(?:\d+(?:\.\d*)? | \.\d+)(?:[eE][+-]?\d+)?)
  | (?P<word>[^\W\d][\w$]*)
  | (?P<op>:: | \|\| | <= | >= | <> | != | ->> | -> | \#>> | \#> | @> | <@ | !~~?\*? | ~~?\*? | :=
        | [-+*/%^=<>(),.;:\[\]{}?@\#&|!~$\\`])
    """,
    re.VERBOSE | re.DOTALL,
)


class Refused(Exception):
    """A statement that is not run: the SQLSTATE and message the client gets."""

    def __init__(self, code: str, text: str, detail: str | None = None) -> None:
        super().__init__(text)
        self.fields = {"S": "ERROR", "C": code, "M": text, **({"D": detail} if detail else {})}


def syntax(near: str) -> Refused:
    return Refused("42601", f'syntax error at or near "{near}"' if near else "syntax error at end of input")


def unsupported(what: str) -> Refused:
    """What Redshift refuses."""
    return Refused("0A000", f"{what} is not supported")


def beyond(what: str) -> Refused:
    """What Redshift can do and the stand-in cannot: nobody shall take that for Redshift's answer."""
    return Refused("0A000", f"the stand-in for Redshift does not know {what}")


@dataclass(frozen=True)
class Token:
    """`kind` as in the pattern; `text` as PostgreSQL is to read it; `key` its word in capitals, or its text."""

    kind: str
    text: str
    gap: bool  # space before it

    @property
    def key(self) -> str:
        return self.text.upper() if self.kind == "word" else self.text

    @property
    def value(self) -> str:
        """The text a string literal stands for, or the name an identifier stands for."""
        if self.kind == "text":
            raw = self.text.removeprefix("E")[1:-1].replace("''", "'")
            return re.sub(r"\\(.)", r"\1", raw, flags=re.DOTALL) if self.text.startswith("E") else raw
        return self.text[1:-1].replace('""', '"') if self.kind == "name" else self.text.lower()


def tokens(sql: str) -> list[Token]:
    """Without space and comments, and without the semicolon at the end. Refused: text that is no SQL."""
    found: list[Token] = []
    at, gap = 0, False
    while at < len(sql):
        match = _PATTERN.match(sql, at)
        if match is None or match.lastgroup is None:
            raise syntax(sql[at : at + 20])
        at = match.end()
        if match.lastgroup == "space":
            gap = True
            continue
        found.append(Token(match.lastgroup, _as_postgres(match.lastgroup, match.group()), gap))
        gap = False
    while found and found[-1].text == ";":
        found.pop()
    if any(token.text == ";" for token in found):
        raise Refused("42601", "cannot insert multiple commands into a prepared statement")
    return found


def _as_postgres(kind: str, text: str) -> str:
    if kind == "name":
        return text.lower()
    return f"E{text}" if kind == "text" and "\\" in text else text


def joined(parts: list[Token]) -> str:
    """SQL again. Newlines are not kept."""
    return "".join((" " if token.gap and index else "") + token.text for index, token in enumerate(parts))


class Reader:
    """Goes over tokens from left to right; whatever is not as asked for is a syntax error there."""

    def __init__(self, found: list[Token]) -> None:
        self.found = found
        self.at = 0

    @property
    def left(self) -> list[Token]:
        return self.found[self.at :]

    def key(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.found[place].key if place < len(self.found) else ""

    def sees(self, *keys: str) -> bool:
        return all(self.key(ahead) == key for ahead, key in enumerate(keys))

    def skip(self, *keys: str) -> bool:
        """Pass over these when they come next."""
        if self.sees(*keys):
            self.at += len(keys)
            return True
        return False

    def skip_any(self, *keys: str) -> str:
        if (key := self.key()) in keys:
            self.at += 1
            return key
        return ""

    def need(self, *keys: str) -> None:
        for key in keys:
            if not self.skip(key):
                raise self.error()

    def error(self) -> Refused:
        return syntax(self.found[self.at].text if self.at < len(self.found) else "")

    def take(self, *kinds: str) -> Token:
        if self.at >= len(self.found) or self.found[self.at].kind not in kinds:
            raise self.error()
        self.at += 1
        return self.found[self.at - 1]

    def name(self) -> str:
        """A name, quoted for PostgreSQL."""
        return '"' + self.take("word", "name").value.replace('"', '""') + '"'

    def qualified(self) -> str:
        """A name, perhaps with a schema."""
        parts = [self.name()]
        while self.skip("."):
            parts.append(self.name())
        return ".".join(parts)

    def names(self) -> list[str]:
        """Names in parentheses."""
        self.need("(")
        found = [self.name()]
        while self.skip(","):
            found.append(self.name())
        self.need(")")
        return found

    def group(self) -> list[Token]:
        """What is between this parenthesis and its partner."""
        self.need("(")
        start, depth = self.at, 1
        while depth:
            if self.at >= len(self.found):
                raise self.error()
            depth += {"(": 1, ")": -1}.get(self.key(), 0)
            self.at += 1
        return self.found[start : self.at - 1]

    def rest(self) -> str:
        left, self.at = self.left, len(self.found)
        return joined(left)

    def end(self) -> None:
        if self.at < len(self.found):
            raise self.error()


def pairs(found: list[Token]) -> Iterator[tuple[int, str, str]]:
    """Every token's place, key, and the key after it."""
    for place, token in enumerate(found):
        yield place, token.key, found[place + 1].key if place + 1 < len(found) else ""
