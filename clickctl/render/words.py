"""Numbers as people read them."""

from __future__ import annotations


def size(count: float) -> str:
    """Bytes in decimal units: `1.3 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5 or (unit == "B" and count < 1000):
            return f"{count:.0f} {unit}" if unit == "B" or count >= 99.95 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def number(count: int) -> str:
    return f"{count:,}"


def plural(count: int, noun: str) -> str:
    """`1 file`, `2,000 files`."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def span(seconds: float) -> str:
    """A duration: `0.8 s`, `42 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def share(part: int, of: int) -> str:
    return f"{100 * part / of:.2f} %" if of else "-"


def dollars(amount: float) -> str:
    """`$0.05`, `$1,234.00`; below a cent `$0.006`, to the hundredth of one."""
    if amount >= 0.01 or amount == 0:
        return f"${amount:,.2f}"
    return f"${amount:.4f}".rstrip("0") if amount >= 0.0001 else "<$0.0001"


def query_cost(scanned: int, spent: float, seconds: float) -> str:
    """`1.2 GB scanned, $0.006, 3.4 s`; where nothing is billed, how long it took."""
    took = span(seconds)
    return f"{size(scanned)} scanned, {dollars(spent)}, {took}" if scanned or spent else took


def printable(text: str) -> str:
    """A text of others without characters that could command a terminal: `\\x1b` for the escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
