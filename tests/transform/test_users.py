"""dim_users: the reduction is that of a plain loop, in any order and from any partial results."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clickctl.transform.schemas import USER_CHUNK
from clickctl.transform.users import reduce_users, sightings

quick = settings(max_examples=150, deadline=None)


class Seen(NamedTuple):
    user: str
    at: int
    agent: str | None
    ip: str | None


texts = st.sampled_from([None, "", "a", "b", "B", "é", "z", "😀", "\uffee"])
times = st.one_of(st.integers(-3, 3), st.integers(-(2**62), 2**62))
events = st.lists(
    st.builds(Seen, st.sampled_from(["u1", "u2", "U", "é", "😀", "\uffee"]), times, texts, texts), max_size=25
)


def batch(seen: list[Seen]) -> pa.RecordBatch:
    users, at, agents, ips = (pa.array([e[n] for e in seen], kind) for n, kind in enumerate(kinds))
    return sightings(users, at, agents, ips, np.zeros(len(seen), np.int64))[0]


kinds = (pa.string(), pa.int64(), pa.string(), pa.string())


def plainly(seen: list[Seen]) -> list[dict[str, Any]]:
    """What the data contract says, as a loop."""
    rows = []
    for user in sorted({e.user for e in seen}, key=str.encode):
        mine = [e for e in seen if e.user == user]
        row: dict[str, Any] = {
            "user_id": user,
            "first_seen": min(e.at for e in mine),
            "last_seen": max(e.at for e in mine),
        }
        for name, field in (("user_agent", "agent"), ("ip", "ip")):
            known = [(e.at, getattr(e, field).encode()) for e in mine if getattr(e, field) is not None]
            at, text = max(known, default=(None, None))
            row |= {name: text if text is None else text.decode(), f"{name}_at": at}
        rows.append(row)
    return rows


@quick
@given(events)
@example([])
@example([Seen("u1", 1, None, None)])
@example([Seen("u1", 1, "b", None), Seen("u1", 1, "a", "x"), Seen("u1", 2, None, "w")])
def test_users_are_reduced_as_a_plain_loop_would(seen: list[Seen]) -> None:
    reduced = reduce_users(batch(seen))
    assert reduced.schema == USER_CHUNK
    assert reduced.to_pylist() == plainly(seen)


@quick
@given(events, st.randoms(use_true_random=False), st.lists(st.integers(0, 25), max_size=4))
def test_neither_the_order_nor_partial_results_matter(seen: list[Seen], random: Any, cuts: list[int]) -> None:
    shuffled = random.sample(seen, len(seen))
    bounds = [0, *sorted(cuts), len(seen)]
    partial = [reduce_users(batch(shuffled[a:b])) for a, b in pairwise(bounds)]
    random.shuffle(partial)
    assert reduce_users(pa.Table.from_batches(partial)).to_pylist() == plainly(seen)


@quick
@given(events)
def test_reducing_again_changes_nothing(seen: list[Seen]) -> None:
    once = reduce_users(batch(seen))
    assert reduce_users(once).equals(once)


def test_of_two_agents_at_one_moment_the_greater_text_wins() -> None:
    seen = [Seen("u1", 5, "Zebra", "9.9.9.9"), Seen("u1", 5, "apple", "10.0.0.1"), Seen("u1", 4, "zz", "99")]
    for order in (seen, seen[::-1]):
        (row,) = reduce_users(batch(order)).to_pylist()
        assert (row["user_agent"], row["ip"]) == ("apple", "9.9.9.9")


def test_a_later_event_without_an_agent_does_not_hide_an_earlier_one() -> None:
    (row,) = reduce_users(batch([Seen("u1", 1, "old", None), Seen("u1", 2, None, "new")])).to_pylist()
    assert (row["user_agent"], row["user_agent_at"], row["ip"], row["last_seen"]) == ("old", 1, "new", 2)


def test_slices_are_reduced_as_slices() -> None:
    seen = [Seen(f"u{n % 3}", n, f"a{n}", None) for n in range(30)]
    assert reduce_users(batch(seen).slice(7, 11)).to_pylist() == plainly(seen[7:18])


def test_a_user_of_half_of_all_events_becomes_one_row_where_they_are_read() -> None:
    seen = [Seen("bot" if n % 2 else f"u{n}", n, "agent", "ip") for n in range(2000)]
    assert reduce_users(batch(seen)).num_rows == 1001
