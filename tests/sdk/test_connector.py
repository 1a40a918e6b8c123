"""What a connector declares, and what is refused at import."""

import pytest

from vaiven_sdk import Bearer, Config, Connector, CreateKey, Deletes, Guarantee, Guard, Record, get, wire
from vaiven_sdk.guarantees import guarantee_of
from vaiven_sdk.model import Company, Person


async def nothing(hub, writes):
    return []


def connector(**changes):
    given = {"slug": "acme", "base_url": "https://acme.example", **changes}
    slug = given.pop("slug")
    return Connector(slug, Config, name="Acme", category="crm", auth=[Bearer()], **given)


@pytest.mark.parametrize("slug", ["", "a", "A1", "1a", "a-b", "a b", "ä1", "a.b", "../x", "a" * 41, "ab\n"])
def test_a_slug_is_a_plain_word(slug):
    with pytest.raises(ValueError, match="slug"):
        connector(slug=slug)


@pytest.mark.parametrize("slug", ["ab", "google_ads", "a1", "a" * 40])
def test_slugs_that_are_fine(slug):
    assert connector(slug=slug).slug == slug


@pytest.mark.parametrize("base", ["http://acme.example", "acme.example", "", "ftp://acme.example", "//acme.example"])
def test_the_base_url_is_https(base):
    with pytest.raises(ValueError, match="acme: base_url must be https"):
        connector(base_url=base)


def test_two_streams_cannot_have_one_name(acme, person):
    acme.stream(person)
    with pytest.raises(ValueError, match="acme: two streams are called 'persons'"):
        acme.stream(person)
    acme.stream(person, name="others")
    assert list(acme.streams) == ["persons", "others"]


@pytest.mark.parametrize(
    ("name", "plural"),
    [("Contact", "contacts"), ("Company", "companies"), ("Day", "days"), ("AdGroup", "ad_groups"), ("A", "as")],
)
def test_a_stream_is_named_after_its_record(acme, name, plural):
    made = type(Record)(name, (Record[Company],), {"__module__": __name__, "__annotations__": {"id": str}}, key="id")
    assert acme.stream(made).name == plural


def test_a_stream_that_is_only_read(acme, person):
    people = acme.stream(person, get("/people"))
    assert (people.entity, people.direction, people.incremental, people.writable) == ("person", "read", False, set())
    assert people.guarantee is Guarantee.EXACT
    assert people.deletes is Deletes.FULL_SCAN


def test_deletions_are_tombstones_where_they_are_read(acme, person):
    assert acme.stream(person, gone=get("/gone")).deletes is Deletes.TOMBSTONES
    assert acme.stream(person, name="b", gone=get("/gone"), deletes=Deletes.EVENTS).deletes is Deletes.EVENTS


def test_changes_make_it_incremental(acme, person):
    assert acme.stream(person, changes=get("/people", since="{since}")).incremental
    other = acme.stream(person, name="other")

    @other.reader("full")
    async def full(hub, window, state):
        yield

    assert not other.incremental
    other.reader("changes")(full)
    assert other.incremental


def test_a_reader_has_one_of_three_kinds(acme, person):
    with pytest.raises(ValueError, match=r"acme\.persons: .*'chnages'"):
        acme.stream(person).reader("chnages")


def test_what_is_read_only_or_has_no_way_back_is_not_writable(acme):
    class Contact(Record[Person], key="id"):
        id: str
        email: str | None = wire(to="email")
        phone: str | None = wire(to="phone", read_only=True)
        company: str | None = wire("companies.0.id", to="company_id", ref="companies")

    contacts = acme.stream(Contact)
    contacts.update()(nothing)
    assert contacts.writable == {"email"}
    assert contacts.direction == "both"


def test_an_upsert_is_a_create_and_an_update(acme, person):
    people = acme.stream(person)
    people.upsert(batch=50, needs=("email",), consent="email")(nothing)
    create, update = people.writers["create"], people.writers["update"]
    assert (create.batch, create.needs, create.consent) == (50, ("email",), "email")
    assert (update.batch, update.needs, update.consent) == (50, (), None)
    people.delete(batch=2)(nothing)
    people.find(batch=7)(nothing)
    assert (people.writers["delete"].batch, people.finder.batch) == (2, 7)


def test_a_need_that_the_record_does_not_map_is_refused(acme, person):
    people = acme.stream(person)
    with pytest.raises(TypeError, match=r"acme\.persons: needs 'phone', which its record does not map"):
        people.create(needs=("email", "phone"))
    with pytest.raises(TypeError, match="needs 'sms_consent'"):
        people.create(consent="sms_consent")(nothing)


@pytest.mark.parametrize("mark", ["create", "update", "upsert", "delete", "find"])
def test_a_batch_holds_at_least_one(acme, person, mark):
    with pytest.raises(ValueError, match=r"acme\.persons: batch must be at least 1, not 0"):
        getattr(acme.stream(person), mark)(batch=0)(nothing)


def test_hooks_are_kept_and_given_back(acme):
    for mark in ("account", "connected", "prepare", "error"):
        assert getattr(acme, mark)(nothing) is nothing
    assert set(acme.hooks) == {"account", "connected", "prepare", "error"}


# --------------------------------------------------------------------------------------------------------- guarantees

EXACT, AUDITED, ONCE = Guarantee.EXACT, Guarantee.AUDITED, Guarantee.AT_LEAST_ONCE
UPDATES = {
    Guard.ETAG: EXACT,
    Guard.UNMODIFIED_SINCE: EXACT,
    Guard.AUDITED: AUDITED,
    Guard.READ_THEN_WRITE: ONCE,
    Guard.NONE: ONCE,
}


@pytest.mark.parametrize("guard", Guard)
@pytest.mark.parametrize("key", CreateKey)
def test_every_combination_has_its_class(guard, key):
    assert guarantee_of(guard, key, creates=False, writes=False) is EXACT
    assert guarantee_of(guard, key, creates=False, writes=True) is UPDATES[guard]
    created = ONCE if key is CreateKey.NONE else UPDATES[guard]
    assert guarantee_of(guard, key, creates=True, writes=True) is created


def test_a_streams_class_follows_what_it_can_write(acme, person):
    people = acme.stream(person, guard=Guard.ETAG)
    people.update()(nothing)
    assert people.guarantee is EXACT
    people.create()(nothing)
    assert people.guarantee is ONCE
