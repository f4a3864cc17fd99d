"""The columns, as Arrow holds them between reading and writing, and as Parquet does.

Between the stages a click_id is its 16 bytes; in Parquet it is 32 hex digits.
"""

from __future__ import annotations

import pyarrow as pa

from clickctl.domain import layout

TEXT_FIELDS = ("user_id", "session_id", "action", "page_url", "user_agent", "ip")

FACT_CHUNK = pa.schema(
    [
        pa.field("click_id", pa.binary(16), nullable=False),
        pa.field("event_time", pa.int64(), nullable=False),
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("session_id", pa.string()),
        pa.field("action", pa.string()),
        pa.field("page_url", pa.string()),
        pa.field("attrs", pa.string()),
    ]
)

USER_CHUNK = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("first_seen", pa.int64(), nullable=False),
        pa.field("last_seen", pa.int64(), nullable=False),
        pa.field("user_agent", pa.string()),
        pa.field("user_agent_at", pa.int64()),
        pa.field("ip", pa.string()),
        pa.field("ip_at", pa.int64()),
    ]
)

_UTC = pa.timestamp("us", "UTC")

FACTS = pa.schema(
    [
        ("click_id", pa.string()),
        ("event_time", _UTC),
        ("user_id", pa.string()),
        ("session_id", pa.string()),
        ("action", pa.string()),
        ("page_url", pa.string()),
        ("attrs", pa.string()),
    ]
)

USERS = pa.schema(
    [
        ("user_id", pa.string()),
        ("first_seen", _UTC),
        ("last_seen", _UTC),
        ("user_agent", pa.string()),
        ("ip", pa.string()),
    ]
)

PARQUET = {layout.FACTS: FACTS, layout.USERS: USERS}
"""The columns of each table's files, in their order."""
