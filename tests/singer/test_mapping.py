"""What a stream probably is, and what is wrong with a mapping file, said so that one finds it."""

import pytest

from tests.support.taps import PEOPLE
from vaiven_sync_engine.singer.catalog import entries, selected
from vaiven_sync_engine.singer.errors import MappingInvalid
from vaiven_sync_engine.singer.mapping import parse
from vaiven_sync_engine.singer.process import secrets_of
from vaiven_sync_engine.singer.shape import record_class
from vaiven_sync_engine.singer.suggest import render, suggest


def entry(stream_name: str, /, key=("id",), method="FULL_TABLE", **types):
    stream = {
        "tap_stream_id": stream_name,
        "key_properties": list(key),
        "replication_method": method,
        "schema": {"properties": {n: t if isinstance(t, dict) else {"type": [t, "null"]} for n, t in types.items()}},
    }
    return entries({"streams": [stream]})[stream_name]


@pytest.mark.parametrize(
    ("name", "types", "kind"),
    [
        ("contacts", {"id": "string"}, "person"),
        ("list_members", {"id": "string"}, "person"),
        ("deals", {"id": "string"}, "deal"),
        ("organizations", {"id": "string"}, "company"),
        ("sheet_1", {"E-Mail": "string", "First Name": "string"}, "person"),
        ("sheet_1", {"Mail": "string", "Rain": "number"}, None),
        ("sheet_1", {"EMAIL": "string", "First_Name": "string"}, "person"),
        ("weather", {"id": "string", "rain": "number"}, None),
    ],
)
def test_an_entity_is_suggested_by_name_and_by_fields(name, types, kind):
    found = suggest(entry(name, **types)).entity
    assert (found.to if found else None) == kind


def test_a_field_is_suggested_by_name_and_doubted_by_type():
    fields = suggest(
        entry("contacts", id="string", email="string", fname="string", zip="integer", tags="string", lifecycle="string")
    ).fields
    assert {n: g.to for n, g in fields.items()} == {
        "email": "email",
        "fname": "given_name",
        "zip": "postal_code",
        "tags": "tags",
        "lifecycle": "lifecycle",
    }
    assert fields["email"].confidence > fields["fname"].confidence > 0.5
    assert fields["tags"].confidence < 0.5
    assert "another type" in fields["tags"].reason
    assert fields["lifecycle"].confidence < 0.5


def test_what_is_suggested_can_be_read_back_and_the_rest_is_a_comment():
    known = {
        one.id: one
        for one in (
            entry("contacts", id="integer", email="string", tags="string"),
            entry("odd name!", id="integer", email="string"),
            entry("keyless", key=(), name="string", rain="number"),
        )
    }
    text = render([suggest(one) for one in known.values()], known, "tap-x")
    found = parse(text, known)
    assert set(found) == {"contacts", "odd name!"}
    assert {n: t.to for n, t in found["contacts"].fields.items()} == {"email": "email"}
    assert '# tags = "tags"' in text
    assert "keyless" in text


GOOD = '[people]\nentity = "person"\n[people.fields]\nemail = "email"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[people", "mapping.toml is no TOML"),
        (GOOD.replace("people", "poeple"), "[poeple]: the tap has no stream 'poeple'; did you mean 'people'?"),
        (GOOD.replace('"person"', '"persn"'), "[people] entity: there is no entity 'persn'; did you mean 'person'?"),
        (
            GOOD.replace('= "email"', '= "emial"'),
            "[people.fields] email: person has no field 'emial'; did you mean 'email'?",
        ),
        (
            GOOD.replace('email = "', 'emial = "'),
            "[people.fields] emial: the stream has no field 'emial'; did you mean",
        ),
        (GOOD + 'first_name = "email"\n', "[people.fields] first_name: 'email' is taken by 'email' already"),
        (
            GOOD.replace("[people]\n", "[people]\nkeys = 1\n"),
            "[people] keys: there is no setting 'keys'; did you mean 'key'?",
        ),
        (GOOD.replace("[people]\n", '[people]\nversion = "at"\n'), "[people]: the stream has no field 'at'"),
        (GOOD + 'first_name = { to = "company_id", ref = "x" }\n', "ref 'x' is no mapped stream"),
        ('[people]\nentity = "person"\n', "[people.fields]: map at least one field"),
    ],
)
def test_a_mistake_is_named_with_its_place(text, said):
    with pytest.raises(MappingInvalid) as refused:
        parse(text, entries({"streams": [PEOPLE]}))
    assert said in str(refused.value)


def test_rows_become_records_with_their_types():
    mapped = parse(
        """
        [people]
        entity = "person"
        key = ["id"]
        version = "updated_at"
        [people.fields]
        email = "email"
        updated_at = "last_seen_at"
        first_name = { to = "email_consent", values = { yes = "granted" } }
        """,
        entries({"streams": [PEOPLE]}),
    )["people"]
    record = record_class(entries({"streams": [PEOPLE]})["people"], mapped)
    row = record.model_validate(
        {"id": 7, "email": "A@B.example", "first_name": "yes", "updated_at": "2026-11-25T10:00:00"}
    )
    assert (row.remote_id, row.record_version) == ("7", "2026-11-25T10:00:00.000000Z")
    assert row.unified() == {
        "email": "a@b.example",
        "last_seen_at": "2026-11-25T10:00:00.000000Z",
        "email_consent": "granted",
    }
    feed = record.model_validate({"id": "x", "updated_at": "Wed, 25 Nov 2026 10:00:00 GMT"})
    assert feed.record_version == "2026-11-25T10:00:00.000000Z"


def test_only_what_is_wanted_is_selected():
    other = {**PEOPLE, "tap_stream_id": "other", "stream": "other", "metadata": []}
    chosen = selected({"streams": [PEOPLE, other]}, {"people"}, {})["streams"]
    assert [s["selected"] for s in chosen] == [True, False]
    assert [s["metadata"][0]["metadata"]["selected"] for s in chosen] == [True, False]
    # What was discovered stays as it was.
    assert "selected" not in PEOPLE


def test_texts_that_may_be_secret_are_known():
    config = {
        "api_key": "abcdef123",
        "start_date": "2026-01-01T00:00:00Z",
        "path": "/data/people.csv",
        "url": "https://x.example/feed",
        "dsn": "postgres://ana:pass@x.example/db",
        "nested": {"client_secret": "/looks/like/a/path"},
        "short": "abc",
    }
    assert set(secrets_of(config)) == {"abcdef123", "postgres://ana:pass@x.example/db", "/looks/like/a/path"}
