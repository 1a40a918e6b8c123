"""What a recording holds, and what it must never hold."""

import asyncio
import base64
import dataclasses
import hashlib
import json
import re
from datetime import date
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sdk.testing.letters import Reader, Settings, Vendor, letters, readers, row
from vaiven_sdk.testing.cassette import (
    Cassette,
    CassetteUnsafe,
    Pseudonyms,
    Scrubber,
    record_stream,
    salt_of,
)
from vaiven_sdk.testing.cassette._marks import harmless, unified_kinds
from vaiven_sdk.testing.cassette._patterns import spellings
from vaiven_sdk.testing.cassette._pseudonyms import NAME_WORDS

SALT = b"0123456789abcdef"
TOKEN = "tok-7f3a9bc2e1d4"


def record(vendor, credential=None, **options):
    done = record_stream(
        letters,
        readers,
        Settings(),
        credential or {"token": TOKEN},
        salt=options.pop("salt", SALT),
        on="2026-11-25",
        source="a test",
        transport=vendor,
        **options,
    )
    return asyncio.run(done)


def text_of(recording):
    return json.dumps(recording.cassette.as_json(), ensure_ascii=False)


def test_a_recording_replays_and_holds_nobody():
    recording = record(Vendor([row(1), row(2), row(3)]), pages=5)
    assert asyncio.run(recording.cassette.check(letters)) == []
    assert [len(recording.cassette.exchanges), len(recording.cassette.expect)] == [2, 3]
    text = text_of(recording).lower()
    for personal in (
        "zenobia",
        "ottokarsson",
        "quuxfirm",
        "600 111",
        "1990-05-17",
        "hortaleza",
        "torrelodones",
        "28250",
    ):
        assert personal not in text
    assert recording.replaced["email"] == 3
    assert "set-cookie" not in text
    assert recording.cassette.exchanges[0].headers["x-ratelimit-limit"] == "10"


def test_the_same_person_is_the_same_in_every_record_and_every_run():
    first, again = (record(Vendor([row(1), row(2, email="zenobia1@quuxfirm.com")])) for _ in range(2))
    one, two = first.cassette.expect
    assert one["email"] == two["email"]
    assert one["given_name"] == two["given_name"] != "Zenobia"
    assert first.cassette == again.cassette
    other = record(Vendor([row(1)]), salt=b"another salt 123")
    assert other.cassette.expect[0]["email"] != one["email"]


def test_what_people_are_like_survives():
    rows = [row(1), row(2, email="info@quuxfirm.com"), row(3, email="z@gmail.com", status="left")]
    one, role, free = record(Vendor(rows), pages=9).cassette.expect
    assert one["email"].partition("@")[2] == role["email"].partition("@")[2] != "quuxfirm.com"
    assert role["email"].startswith("info@")
    assert free["email"].endswith("@gmail.com")
    assert (one["email_consent"], free["email_consent"]) == ("granted", "denied")
    assert one["phone"].startswith("+34")
    assert len(one["phone"]) == len("+34600111222")
    assert len(one["postal_code"]) == 5


def test_a_truncated_walk_is_replayed_as_far():
    recording = record(Vendor([row(n) for n in range(7)]), pages=2)
    assert recording.cassette.pages == 2
    assert len(recording.cassette.expect) == 4
    assert asyncio.run(recording.cassette.check(letters)) == []


def test_a_busy_moment_is_left_out():
    vendor = Vendor([row(1)])
    vendor.busy = 1
    assert [one.status for one in record(vendor).cassette.exchanges] == [200]


@pytest.mark.parametrize(
    "leak",
    [
        {"debug": f"you sent Bearer {TOKEN}"},
        {"debug": quote(TOKEN)},
        {"debug": base64.b64encode(f"user:{TOKEN}".encode()).decode()},
        {"debug": base64.urlsafe_b64encode(f"x{TOKEN}".encode()).decode()},
        {"next": f"https://api.letters.example/v1/x?access_token={TOKEN}"},
    ],
)
def test_the_credential_is_in_no_spelling_left(leak):
    recording = record(Vendor([row(1)], **leak))
    text = text_of(recording)
    assert not [spelling for spelling in spellings(TOKEN) if spelling in text]
    assert recording.replaced["secret"] >= 1


def test_tokens_that_the_vendor_gives_are_dropped_wherever_they_return():
    fresh = "at-91827364554433"
    recording = record(Vendor([row(1)], auth={"access_token": fresh}, echo=f"use {fresh} now"))
    assert fresh not in text_of(recording)


def test_a_key_in_the_query_is_neither_kept_nor_missed_in_replay():
    recording = record(Vendor([row(1)]), {"api_key": "k-5566778899"})
    assert "api_key" not in recording.cassette.exchanges[0].query
    assert asyncio.run(recording.cassette.check(letters)) == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("call +1 415 555 2671 now", "415 555"),
        ("write to bob.smithers@initech.com", "smithers"),
        ("from 93.184.216.34", "93.184"),
        ("card 4111 1111 1111 1111", "4111 1111"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc", "eyJzdWIi"),
        ("https://user:hunter22@x.example/", "hunter22"),
        ("https://x.example/?sig=abcdef123456", "abcdef123456"),
        ("sk_live_abcdefghij0123456789", "abcdefghij"),
    ],
)
def test_what_no_mapping_covers_is_found_by_its_look(text, left):
    assert left not in Scrubber(Pseudonyms(SALT)).text(text)


@pytest.mark.parametrize("text", ["2026-03-01T09:30:00+00:00", "1572406217883", "16.1.0", "r000123", "next page"])
def test_times_ids_and_words_stay(text):
    assert Scrubber(Pseudonyms(SALT)).text(text) == text


def test_a_hash_of_an_address_stays_the_hash_of_the_address():
    email = "zenobia@quuxfirm.com"
    scrubber = Scrubber(Pseudonyms(SALT), (), [Reader])
    body = {**row(1, email=email), "hash": hashlib.md5(email.encode()).hexdigest()}
    scrubber.learn(body)
    clean = scrubber.clean(body)
    assert clean["hash"] == hashlib.md5(clean["email"].encode()).hexdigest() != body["hash"]


def test_a_cursor_that_packs_an_address_is_packed_anew():
    cursor = base64.b64encode(b'{"after":"zenobia1@quuxfirm.com"}').decode()
    scrubber = Scrubber(Pseudonyms(SALT), (), [Reader])
    scrubber.learn(row(1))
    assert b"zenobia" not in base64.b64decode(scrubber.text(cursor))


def test_ids_are_replaced_when_asked():
    recording = record(Vendor([row(17), row(18)]), keep_ids=False)
    ids = [one["id"] for one in recording.cassette.exchanges[0].answer["readers"]]
    assert len(set(ids)) == 2
    assert not {"r17", "r18"} & set(ids)


def test_the_canary_refuses_what_is_left(monkeypatch):
    monkeypatch.setattr(Scrubber, "clean", lambda _, body: body)
    with pytest.raises(CassetteUnsafe) as refused:
        record(Vendor([row(1)], debug=TOKEN))
    assert "secret at $.exchanges" in refused.value.why
    assert TOKEN not in str(refused.value)
    assert "Zenobia" not in str(refused.value)


def test_an_edited_recording_is_reported_as_edited(tmp_path):
    path = tmp_path / "readers.json"
    record(Vendor([row(1)])).cassette.save(path)
    assert Cassette.load(path).origin == "recorded"
    document = json.loads(path.read_text())
    document["expect"][0]["city"] = "Elsewhere"
    path.write_text(json.dumps(document))
    assert Cassette.load(path).origin == "edited"
    path.write_text(json.dumps({key: value for key, value in document.items() if key != "digest"}))
    assert Cassette.load(path).origin == "edited"


def test_the_salt_is_kept_beside_and_out_of_git(tmp_path):
    salt = salt_of(tmp_path)
    assert salt == salt_of(tmp_path)
    assert (tmp_path / ".salt").stat().st_mode & 0o077 == 0
    assert (tmp_path / ".gitignore").read_text() == ".salt\n"


TAKEN = {*harmless([Reader]), *re.findall(r"\w+", json.dumps([row(), [*Reader.mapped()]]).lower())} | set(
    "paging next limit hello said recorded origin source response request headers exchanges query path body config"
    " expect digest readers version stream method redacted content type application".split()
)
"""Words with a meaning of their own; hypothesis draws the constants that it finds in the code."""
WORDS = st.text("abcdefghijklmnopqrstuvwxyzäßéñ", min_size=5, max_size=12).filter(
    lambda word: word not in TAKEN and not any(word in known or known in word for known in NAME_WORDS)
)
PEOPLE = st.builds(
    lambda first, last, firm, digits, day, note: {
        "email": f"{first}.{last}@{firm.encode('idna').decode() if firm.isascii() else 'firm'}.com",
        "name": {"first": first.title(), "last": last.title()},
        "phone": f"+346{digits:08}",
        "born": day.isoformat(),
        "place": {"line": f"{first} street 7", "town": last.title(), "zip": f"{digits % 100000:05}"},
        "note": f"{note} {first}",
        "firm": firm,
    },
    WORDS.filter(str.isascii),
    WORDS.filter(str.isascii),
    WORDS,
    st.integers(10_000_000, 99_999_999),
    st.dates(min_value=date(1930, 1, 1), max_value=date(2010, 1, 1)),
    WORDS,
)


def directly(values):
    """The unified values, pseudonymised field by field with no wire and no file in between."""
    pseudonyms, kinds = Pseudonyms(SALT), unified_kinds(Reader)
    return {k: pseudonyms.of(kinds[k], v) if k in kinds and v else v for k, v in values.items()}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PEOPLE, min_size=1, max_size=3), st.text("abcdefgh0123456789", min_size=12, max_size=30))
def test_no_person_and_no_secret_survives_and_replay_equals_the_direct_way(people, token):
    rows = [row(n, **person) for n, person in enumerate(people)]
    recording = record(Vendor(rows, echo={"said": f"hello {rows[0]['name']['first']}", "you": token}), {"token": token})
    text = json.dumps(recording.cassette.as_json(), ensure_ascii=False).casefold()
    for person in people:
        values = [person["email"], person["phone"], *person["name"].values(), person["firm"], person["note"]]
        for value in (*values, person["place"]["line"], person["place"]["town"]):
            assert not re.search(rf"(?<!\w){re.escape(value.casefold())}(?!\w)", text)
    assert not [spelling for spelling in spellings(token) if spelling.casefold() in text]
    expected = [directly(Reader.model_validate(one).unified()) for one in rows[:4]]
    assert [dict(one) for one in recording.cassette.expect] == expected
    assert dataclasses.replace(recording.cassette).origin == "recorded"
