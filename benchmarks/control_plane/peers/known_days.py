"""clickctl's catalog step alone, in the words of the command: the days that have rows are known."""

from __future__ import annotations

import os
import sys
import time
from datetime import date
from pathlib import Path

from clickctl.config import load_config
from clickctl.domain.hours import Day
from clickctl.domain.layout import TABLES
from clickctl.plan.catalog import DaysWithRows
from clickctl.registering import apply_changes, compare
from clickctl.wiring import catalog_for, lake_for


def main(config_file: str, first: str, count: int) -> None:
    config = load_config(Path(config_file), os.environ)
    start = Day(date.fromisoformat(first))
    days = frozenset(start.plus(n) for n in range(count))
    rows = DaysWithRows(dict.fromkeys(TABLES, days), start.date.year)
    catalog, lake = catalog_for(config), lake_for(config.lake, config.aws)
    began = time.perf_counter()
    compared = compare(catalog, lake, rows, None, date.today().year)
    applied = apply_changes(catalog, lake, compared, [])
    seconds = time.perf_counter() - began
    if failed := [one.error for one in applied if one.error]:
        sys.exit(failed[0])
    print(seconds)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
