"""The two tables as a catalog of Hive's kind (Glue) should describe them: pure.

Athena projects partitions from the table's parameters and ignores registered ones; Redshift
Spectrum and EMR read registered partitions and ignore projection (Athena User Guide, "Use
partition projection"). So a table has both. A day out of the projected range gives no rows and no
error, which is why the range is looked at here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from clickctl.domain.hours import Day
from clickctl.domain.layout import FACTS, USERS, partition_prefix

Column = tuple[str, str]
"""A name and a type in Hive's words."""

COLUMNS: dict[str, tuple[Column, ...]] = {
    FACTS: (
        ("click_id", "string"),
        ("event_time", "timestamp"),
        ("user_id", "string"),
        ("session_id", "string"),
        ("action", "string"),
        ("page_url", "string"),
        ("attrs", "string"),
    ),
    USERS: (
        ("user_id", "string"),
        ("first_seen", "timestamp"),
        ("last_seen", "timestamp"),
        ("user_agent", "string"),
        ("ip", "string"),
    ),
}
KEYS: tuple[Column, ...] = (("year", "string"), ("month", "string"), ("day", "string"))
EXTERNAL = "EXTERNAL_TABLE"

_MONTHS, _DAYS = (1, 12), (1, 31)
_DIGITS = {"year": "4", "month": "2", "day": "2"}


@dataclass(frozen=True)
class Storage:
    """Where the files of a table or a partition lie, and how they are read."""

    location: str
    columns: tuple[Column, ...]
    serde: str = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    reader: str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    writer: str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    @property
    def format(self) -> tuple[str, str, str]:
        return (self.serde, self.reader, self.writer)


@dataclass(frozen=True)
class TableWanted:
    """A table as it should be: `name` in the catalog, `table` in the layout under `root`.

    `days` are the event-days to be registered. `years`, first and last, must be projected;
    `years_made` are given to a table whose range is new or must be widened.
    """

    name: str
    table: str
    root: str
    days: frozenset[Day]
    years: tuple[int, int]
    years_made: tuple[int, int]

    @property
    def storage(self) -> Storage:
        return Storage(f"{self.root}/{self.table}/", COLUMNS[self.table])

    def partition(self, day: Day) -> Storage:
        return Storage(f"{self.root}/{partition_prefix(self.table, day)}", COLUMNS[self.table])


@dataclass(frozen=True)
class TableSeen:
    """A table as it is. `kind` is Glue's table type, or a table format's name, such as ICEBERG.

    `partitions` are those registered (all, or those asked for), by their values.
    """

    kind: str
    storage: Storage
    keys: tuple[Column, ...]
    parameters: dict[str, str] = field(default_factory=dict)
    partitions: dict[tuple[str, ...], Storage] = field(default_factory=dict)


def new_table(wanted: TableWanted) -> TableSeen:
    return TableSeen(EXTERNAL, wanted.storage, KEYS, parameters_to_set(wanted, {}))


def repaired(wanted: TableWanted, seen: TableSeen) -> TableSeen:
    """The table with everything right that can be made right, and all else as people set it.

    Columns are only added at the end: what a column of another type should become is not known here.
    """
    ours = wanted.storage
    missing = ours.columns[len(seen.storage.columns) :]
    columns = seen.storage.columns + (missing if not conflicts(seen.storage.columns, ours.columns) else ())
    location = seen.storage.location if same_place(seen.storage.location, ours.location) else ours.location
    storage = replace(ours, location=location, columns=columns)
    parameters = seen.parameters | parameters_to_set(wanted, seen.parameters)
    return replace(seen, kind=EXTERNAL, storage=storage, parameters=parameters)


def parameters_to_set(wanted: TableWanted, present: Mapping[str, str]) -> dict[str, str]:
    """The table parameters that must change. A wider projected range is kept, never made narrower."""
    fixed = {
        "EXTERNAL": "TRUE",
        "classification": "parquet",
        "parquet.compression": "SNAPPY",
        "projection.enabled": "true",
        **{f"projection.{key}.type": "integer" for key in _DIGITS},
        **{f"projection.{key}.digits": digits for key, digits in _DIGITS.items()},
        **{name: "1" for key in _DIGITS if (name := f"projection.{key}.interval") in present},
    }
    found = {name: value for name, value in fixed.items() if _differs(value, present.get(name, ""))}
    # Its letters' case matters, and a slash at its end does not.
    template = wanted.storage.location + "year=${year}/month=${month}/day=${day}/"
    if not same_place(present.get("storage.location.template", ""), template):
        found["storage.location.template"] = template
    ranges = {"year": (wanted.years, wanted.years_made), "month": (_MONTHS, _MONTHS), "day": (_DAYS, _DAYS)}
    for key, (needed, made) in ranges.items():
        name = f"projection.{key}.range"
        if widened := _widened(needed, made, present.get(name, "")):
            found[name] = widened
    return found


def _differs(value: str, present: str) -> bool:
    """Athena reads these without regard to case and to white space around them."""
    return present.strip().lower() != value.lower()


def _widened(needed: tuple[int, int], made: tuple[int, int], present: str) -> str:
    """The range to set, or nothing if the present one reaches far enough."""
    found = _range(present)
    if found is None:
        return f"{made[0]},{made[1]}"
    if found[0] <= needed[0] and needed[1] <= found[1]:
        return ""
    return f"{min(made[0], found[0])},{max(made[1], found[1])}"


def _range(text: str) -> tuple[int, int] | None:
    try:
        first, last = (int(part) for part in text.split(","))
    except ValueError:
        return None
    return (first, last) if first <= last else None


def conflicts(columns: tuple[Column, ...], ours: tuple[Column, ...]) -> tuple[str, ...]:
    """What is told of columns that are there under another name or type, or in another order."""
    return tuple(
        f"column {n} is {there[0]} {there[1]}, not {own[0]} {own[1]}"
        for n, (there, own) in enumerate(zip(columns, ours, strict=False), 1)
        if (there[0].lower(), there[1].strip().lower()) != own
    )


def same_place(location: str, other: str) -> bool:
    return location.strip().rstrip("/") == other.rstrip("/")


def day_of(values: tuple[str, ...]) -> Day | None:
    """The event-day of a partition's values, or None if they are not as the layout writes them."""
    try:
        year, month, day = values
        found = Day(date(int(year), int(month), int(day)))
    except ValueError:
        return None
    return found if values_of(found) == values else None


def values_of(day: Day) -> tuple[str, ...]:
    return tuple(str(day).split("-"))
