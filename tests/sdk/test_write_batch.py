"""Answers of batches matched to writes without guessing, and what a patch holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaiven_sdk import Record, Write, multistatus, wire
from vaiven_sdk.model import Person as Unified
from vaiven_sdk.write import complete, fitting


class Contact(Record[Unified], key="id", clear=""):
    id: str | None = wire(read_only=True)
    email: str | None = wire("properties.email", to="email")
    first: str | None = wire("properties.first", to="given_name")
    city: str | None = wire("city", to="city")


def write(hub_id, remote_id=None, op=None, email=None):
    record = Contact.model_construct(id=remote_id, email=email or f"{hub_id}@x.com", first=None, city=None)
    return Write(op or ("update" if remote_id else "create"), hub_id, record, remote_id, frozenset({"email"}))


def seen(outcomes):
    return [(o.hub_id, o.status, o.id, o.code) for o in outcomes]


# -- multistatus


def test_rows_in_the_order_of_the_writes():
    writes = [write("a"), write("b", "7"), write("c", "8", "delete")]
    found = multistatus(writes, [{"id": 5}, {"id": 7, "x": 1}, {}], stored=lambda row: row if "x" in row else None)
    assert seen(found) == [("a", "created", "5", ""), ("b", "updated", "7", ""), ("c", "deleted", "8", "")]
    assert [o.stored for o in found] == [None, {"id": 7, "x": 1}, None]


@pytest.mark.parametrize("rows", [[], [{"id": 1}], [{"id": 1}, {"id": 2}, {"id": 3}]])
def test_another_number_of_rows_tells_nothing(rows):
    writes = [write("a"), write("b")]
    assert multistatus(writes, rows) == []
    assert [o.code for o in complete(writes, multistatus(writes, rows))] == ["no_answer", "no_answer"]


def test_rows_in_any_order_by_a_key():
    writes = [write("a"), write("b"), write("c")]
    rows = [{"email": "C@x.com", "id": 3}, {"email": "A@x.com", "id": 1}, {"email": "nobody@x.com", "id": 9}]
    found = multistatus(writes, rows, key=lambda r: r["email"].lower(), of=lambda w: w.record.email)
    assert seen(found) == [("a", "created", "1", ""), ("c", "created", "3", "")]


def test_what_could_be_either_is_neither():
    twice = [{"email": "a@x.com", "id": 1}, {"email": "a@x.com", "id": 2}, {"email": "b@x.com", "id": 3}]
    by_email = {"key": lambda r: r["email"], "of": lambda w: w.record.email}
    assert seen(multistatus([write("a"), write("b")], twice, **by_email)) == [("b", "created", "3", "")]
    same = [write("a", email="a@x.com"), write("b", email="a@x.com")]
    assert multistatus(same, [{"email": "a@x.com", "id": 1}], **by_email) == []


def test_without_of_the_id_counts_or_the_hubs_id_of_what_is_made():
    writes = [write("a"), write("b", "7")]
    rows = [{"ref": 7, "id": 7}, {"ref": "a", "id": 5}]
    assert seen(multistatus(writes, rows, key=lambda r: r["ref"])) == [
        ("a", "created", "5", ""),
        ("b", "updated", "7", ""),
    ]


def test_refused_rows_and_rows_without_an_id():
    writes = [write("a"), write("b", "7"), write("c")]
    rows = [{"error": {"code": "BAD", "text": "No address."}}, {}, {}]
    found = multistatus(
        writes, rows, failed=lambda r: (r["error"]["code"], r["error"]["text"]) if "error" in r else None
    )
    assert seen(found) == [("a", "rejected", None, "BAD"), ("b", "updated", "7", "")]


@given(st.permutations(range(8)), st.sets(st.integers(0, 7)), st.sets(st.integers(0, 7)))
def test_whatever_the_vendor_leaves_out_or_shuffles_no_write_gets_anothers_answer(order, dropped, bad):
    writes = [write(f"h{n}") for n in range(8)]
    rows = [{"key": f"h{n}", "id": f"id{n}", "bad": n in bad} for n in order if n not in dropped]
    found = multistatus(writes, rows, key=lambda r: r["key"], failed=lambda r: ("no", "No.") if r["bad"] else None)
    for number, outcome in enumerate(complete(writes, found)):
        assert outcome.hub_id == f"h{number}"
        if number in dropped:
            assert outcome.code == "no_answer"
        elif number in bad:
            assert outcome.code == "no"
        else:
            assert outcome.id == f"id{number}"


# -- patches

FIELDS = {"email": ("properties", "email"), "first": ("properties", "first"), "city": ("city",)}


@given(
    st.fixed_dictionaries({n: st.none() | st.text(min_size=1, max_size=5) for n in FIELDS}),
    st.sets(st.sampled_from(sorted(FIELDS))),
)
def test_a_patch_holds_exactly_what_changed_and_none_goes_out_as_cleared(values, changed):
    patch = Write("update", "h", Contact.model_construct(id="1", **values), "1", frozenset(changed)).patch
    flat = {("properties", k): v for k, v in patch.get("properties", {}).items()}
    flat |= {(k,): v for k, v in patch.items() if k != "properties"}
    assert flat == {FIELDS[n]: "" if values[n] is None else values[n] for n in changed}
    assert patch.get("properties") != {}


def test_read_only_fields_are_in_no_patch():
    assert Write("update", "h", Contact.model_construct(id="1", city=None), "1", frozenset({"id", "city"})).patch == {
        "city": ""
    }


# -- groups by size


@given(st.lists(st.integers(0, 200), max_size=30), st.integers(0, 400))
def test_groups_hold_everything_in_order_and_no_more_than_fits(sizes, most):
    writes = [write(f"h{n}", email="x" * size) for n, size in enumerate(sizes)]
    groups = list(fitting(writes, most))
    assert [w for group in groups for w in group] == writes
    assert all(groups)
    if most == 0:
        assert len(groups) == bool(writes)
    for group in groups if most else ():
        room = sum(len(w.record.email) + len('{"properties":{"email":""}},') for w in group)
        assert len(group) == 1 or room <= most


def test_a_link_is_known_by_what_it_ties():
    record = Contact.model_construct(id="l1/p1", email=None, first=None, city=None)
    made = Write("create", "h", record, None).added({"id": "l1/p1"})
    assert (made.status, made.id, made.stored) == ("created", "l1/p1", {"id": "l1/p1"})
