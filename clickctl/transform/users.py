"""dim_users: many sightings of users to one row each.

The same reduction serves a block of events and the partial rows of many blocks, so that a user
with half of all events is reduced where the events are read.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from clickctl.transform.schemas import USER_CHUNK
from clickctl.transform.times import Int64s

Indices = npt.NDArray[np.int64]


def sightings(
    user_id: pa.StringArray, at: pa.Int64Array, user_agent: pa.StringArray, ip: pa.StringArray, days: Int64s
) -> tuple[pa.RecordBatch, Int64s]:
    """Events as partial rows and the event-day of each, alike ones (those of a session) as one."""
    table = pa.table([user_id, user_agent, ip, at, pa.array(days)], ["user_id", "user_agent", "ip", "at", "day"])
    grouped = table.group_by(["day", "user_id", "user_agent", "ip"], use_threads=False)
    alike = grouped.aggregate([("at", "min"), ("at", "max")])
    names = ("user_id", "at_min", "at_max", "user_agent", "at_max", "ip", "at_max")
    batch = pa.RecordBatch.from_arrays([alike[name].combine_chunks() for name in names], schema=USER_CHUNK)
    return batch, alike["day"].to_numpy()


def reduce_users(rows: pa.RecordBatch | pa.Table) -> pa.RecordBatch:
    """One row per user, sorted by user_id: first and last sighting, the last agent and ip known.

    Of two agents (or addresses) seen at the same microsecond the greater text wins, so that the
    order of the input does not matter.
    """
    table = pa.table(rows).combine_chunks() if isinstance(rows, pa.RecordBatch) else rows.combine_chunks()
    if table.num_rows == 0:
        return pa.RecordBatch.from_arrays([pa.array([], f.type) for f in USER_CHUNK], schema=USER_CHUNK)
    column = {name: table[name].chunk(0) for name in table.column_names}
    names, user = ranked(column["user_id"].dictionary_encode())
    first, last = (column[name].to_numpy(zero_copy_only=False) for name in ("first_seen", "last_seen"))
    agent, agent_at = _latest(user, len(names), column["user_agent"], column["user_agent_at"])
    address, address_at = _latest(user, len(names), column["ip"], column["ip_at"])
    earliest = np.full(len(names), np.iinfo(np.int64).max)
    latest = np.full(len(names), np.iinfo(np.int64).min)
    np.minimum.at(earliest, user, first)
    np.maximum.at(latest, user, last)
    return pa.record_batch([names, earliest, latest, agent, agent_at, address, address_at], schema=USER_CHUNK)


def ranked(encoded: pa.DictionaryArray) -> tuple[pa.StringArray, Indices]:
    """The distinct texts of a column in order of their bytes, and the place of each row's among them."""
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    rows: Indices = ranks[encoded.indices.to_numpy(zero_copy_only=False)]
    return encoded.dictionary.take(pa.array(order)), rows


def _latest(user: Indices, users: int, text: pa.StringArray, at: pa.Int64Array) -> tuple[pa.StringArray, pa.Int64Array]:
    """For each user the non-null text with the greatest (time, text), and its time."""
    present = np.flatnonzero(text.is_valid().to_numpy(zero_copy_only=False))
    when: Int64s = at.fill_null(0).to_numpy(zero_copy_only=False)[present]
    who = user[present]
    values, rank = ranked(text.take(pa.array(present)).dictionary_encode())
    order = np.lexsort((rank, when, who))
    is_last = np.ones(len(order), np.bool_)
    is_last[:-1] = who[order[1:]] != who[order[:-1]]
    winners = order[is_last]
    chosen, moment = np.zeros(users, np.int64), np.zeros(users, np.int64)
    missing = np.ones(users, np.bool_)
    chosen[who[winners]], moment[who[winners]], missing[who[winners]] = rank[winners], when[winners], False
    return values.take(pa.array(chosen, mask=missing)), pa.array(moment, mask=missing)
