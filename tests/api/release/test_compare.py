"""Every kind of change, and the step of the version that it needs."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaiven_api.release import Step, compare, declaration, digest, enough, needed, read, step_of
from vaiven_api.release.declaration import ReleaseUnreadable
from vaiven_registry import Registry
from vaiven_sdk import Bearer, Config, Connector, Limit, OAuth2, Record, Scope, get, wire
from vaiven_sdk.model import Person


class Settings(Config):
    shop: str
    region: str = "eu"


class Reader(Record[Person], key="id", cursor="changed"):
    id: str
    email: str | None = wire(to="email")
    age: int | None = None
    status: str | None = wire(to="email_consent", values={"on": "granted", "off": "denied"})
    changed: str


def declared():
    acme = Connector(
        "acme",
        Settings,
        name="Acme",
        category="email",
        base_url="https://{config.shop}.acme.example/v1",
        auth=[Bearer(), OAuth2("https://acme.example/a", "https://acme.example/t")],
        limits=[Limit(calls=10)],
        scopes=[Scope("read", "to read readers")],
        docs="https://acme.example/docs",
    )
    readers = acme.stream(Reader, get("/readers"), changes=get("/readers", since="{since}"))
    acme.stream(Reader, get("/leavers"), name="leavers")

    @readers.update()
    async def save(hub, writes):
        return []

    return json.loads(json.dumps(declaration(acme)))


BASE = {**declared(), "webhooks": ["Old()"]}
EMAIL = ("streams", "readers", "fields", "email")
STATUS = ("streams", "readers", "fields", "status")
STREAM = ("streams", "readers")
GONE = object()
SCOPE = {"write": False, "why": "w"}
SETTING = {**BASE["config"]["region"], "required": False}

CASES = {
    # what: (path, new value, step)
    "a field is gone": ((*EMAIL,), GONE, Step.MAJOR),
    "a field is retyped": ((*EMAIL, "type"), "int | None", Step.MAJOR),
    "a field has moved": ((*EMAIL, "path"), "mail", Step.MAJOR),
    "a field becomes something else": ((*EMAIL, "unified"), "phone", Step.MAJOR),
    "a field is unmapped": ((*EMAIL, "unified"), None, Step.MAJOR),
    "a field is mapped for the first time": (
        ("streams", "readers", "fields", "age", "unified"),
        "lead_score",
        Step.MINOR,
    ),
    "a field refers elsewhere": ((*EMAIL, "refers_to"), "lists", Step.MAJOR),
    "a field is no longer written": ((*EMAIL, "direction"), "read", Step.MAJOR),
    "a field must be there": ((*EMAIL, "required"), True, Step.MAJOR),
    "a value is no longer read": ((*STATUS, "values"), {"on": "granted"}, Step.MAJOR),
    "a value means something else": ((*STATUS, "values"), {"on": "granted", "off": "pending"}, Step.MAJOR),
    "a value more is read": ((*STATUS, "values"), {"on": "granted", "off": "denied", "x": "pending"}, Step.MINOR),
    "a new field": (("streams", "readers", "fields", "new"), BASE["streams"]["readers"]["fields"]["age"], Step.MINOR),
    "other words of a field": ((*EMAIL, "help"), "An address", Step.PATCH),
    "another key": ((*STREAM, "key"), ["email"], Step.MAJOR),
    "another cursor": ((*STREAM, "cursor"), None, Step.MAJOR),
    "another place for our id": ((*STREAM, "hub_id"), "age", Step.MAJOR),
    "another entity": ((*STREAM, "entity"), "company", Step.MAJOR),
    "a stream is gone": (("streams", "leavers"), GONE, Step.MAJOR),
    "a new stream": (("streams", "more"), BASE["streams"]["leavers"], Step.MINOR),
    "an operation is gone": ((*STREAM, "operations"), ["read changes", "read full"], Step.MAJOR),
    "a read is gone": ((*STREAM, "operations"), ["read full", "update"], Step.MAJOR),
    "a new operation": ((*STREAM, "operations"), ["delete", "read changes", "read full", "update"], Step.MINOR),
    "a weaker promise": (("streams", "leavers", "guarantee"), "audited", Step.MAJOR),
    "a stronger promise": ((*STREAM, "guarantee"), "exact", Step.MINOR),
    "another guard": ((*STREAM, "guard"), "etag", Step.PATCH),
    "reads trail by more": ((*STREAM, "lag"), 9.0, Step.PATCH),
    "a derived field": ((*STREAM, "derived", "city"), {"direction": "read", "refers_to": None}, Step.MINOR),
    "a scope of a stream": ((*STREAM, "scopes", "more"), SCOPE, Step.MAJOR),
    "a scope of the connector": (("scopes", "more"), SCOPE, Step.MAJOR),
    "a scope less": (("scopes", "read"), GONE, Step.MINOR),
    "another reason for a scope": (("scopes", "read", "why"), "other", Step.PATCH),
    "a required setting": (("config", "new"), {**SETTING, "required": True}, Step.MAJOR),
    "an optional setting": (("config", "new"), SETTING, Step.MINOR),
    "a setting is gone": (("config", "region"), GONE, Step.MAJOR),
    "a setting must be given": (("config", "region", "required"), True, Step.MAJOR),
    "a setting is retyped": (("config", "region", "type"), "integer", Step.MAJOR),
    "a setting takes less": (("config", "region", "pattern"), "^[a-z]+$", Step.MAJOR),
    "a setting takes a few values": (("config", "region", "choices"), ["eu", "us"], Step.MAJOR),
    "a setting means something else by default": (("config", "region", "default"), "us", Step.MAJOR),
    "other words of a setting": (("config", "region", "help"), "Where", Step.PATCH),
    "another host": (("base_url",), "https://api.other.example/v1", Step.MAJOR),
    "another path": (("base_url",), "https://{config.shop}.acme.example/v2", Step.PATCH),
    "one more host": (("hosts",), ["files.acme.example"], Step.MAJOR),
    "a way to sign in is gone": (("auth", "bearer"), GONE, Step.MAJOR),
    "a new way to sign in": (("auth", "basic"), BASE["auth"]["bearer"], Step.MINOR),
    "a credential needs more": (("auth", "bearer", "inputs", "x"), {"required": True}, Step.MAJOR),
    "a credential may hold more": (("auth", "bearer", "inputs", "x"), {"required": False}, Step.MINOR),
    "more is asked for at sign-in": (("auth", "oauth2", "scopes"), ["read", "write"], Step.MAJOR),
    "one signs in elsewhere": (("auth", "oauth2", "urls", "token_url"), "https://evil.example/t", Step.MAJOR),
    "webhooks are gone": (("webhooks",), [], Step.MAJOR),
    "webhooks": (("webhooks",), ["Old()", "Standard()"], Step.MINOR),
    "limits": (("limits",), [], Step.PATCH),
    "name": (("name",), "Acme Letters", Step.PATCH),
    "docs": (("docs",), "https://acme.example/api", Step.PATCH),
    "category": (("category",), "crm", Step.PATCH),
    "headers": (("headers",), {"Acme-Version": "2"}, Step.PATCH),
    "the slug": (("slug",), "acme2", Step.MAJOR),
}


def changed(*names):
    after = copy.deepcopy(BASE)
    for name in names:
        (*parents, last), value, _ = CASES[name]
        node = after
        for parent in parents:
            node = node.setdefault(parent, {}) if isinstance(node, dict) else node
        if value is GONE:
            node.pop(last, None)
        else:
            node[last] = copy.deepcopy(value)
    return after


@pytest.mark.parametrize("name", CASES)
def test_the_step_of(name):
    assert step_of(compare(BASE, changed(name))) is CASES[name][2]


def test_no_change_no_step():
    assert compare(BASE, copy.deepcopy(BASE)) == []
    assert digest(BASE) == digest({**BASE, "version": "9.9.9"})


def _apart(names):
    """Changes of which none lies within another: those would not both be there afterwards."""
    paths = [CASES[name][0] for name in names]
    return all(a == b or a[: len(b)] != b for a in paths for b in paths) and len(set(paths)) == len(paths)


@given(st.lists(st.sampled_from(sorted(CASES)), unique=True, max_size=4).filter(_apart))
def test_changes_together_need_the_largest_of_their_steps(names):
    largest = max((CASES[name][2] for name in names), default=Step.NONE)
    assert step_of(compare(BASE, changed(*names))) is largest


@pytest.mark.parametrize("slug", ["hubspot", "mailchimp", "stripe"])
def test_a_declaration_is_plain_json_and_always_the_same(slug):
    connector = Registry().load(slug)
    first = declaration(connector)
    assert json.loads(json.dumps(first)) == first == declaration(connector)
    assert compare(first, first) == []
    assert " at 0x" not in json.dumps(first)


def test_the_gravest_change_comes_first():
    steps = [one.step for one in compare(BASE, changed("docs", "a new stream", "another key"))]
    assert steps == sorted(steps, reverse=True)


@pytest.mark.parametrize(
    ("released", "declared_", "step", "good"),
    [
        ("1.2.3", "1.2.3", Step.NONE, True),
        ("1.2.3", "1.2.2", Step.NONE, False),
        ("1.2.3", "1.2.3", Step.PATCH, False),
        ("1.2.3", "1.2.4", Step.PATCH, True),
        ("1.2.3", "1.2.9", Step.MINOR, False),
        ("1.2.3", "1.3.0", Step.MINOR, True),
        ("1.2.3", "1.9.9", Step.MAJOR, False),
        ("1.2.3", "2.0.0", Step.MAJOR, True),
        ("1.2.3", "10.0.0", Step.MAJOR, True),
        ("0.1.0", "0.2.0", Step.MAJOR, False),
    ],
)
def test_which_version_is_enough(released, declared_, step, good):
    assert enough(released, declared_, step) is good
    assert enough(released, needed(released, step), step)


def test_a_file_that_is_no_release(tmp_path):
    path = tmp_path / "release.json"
    for text in ("{", "[]", '{"format": 99}'):
        path.write_text(text)
        with pytest.raises(ReleaseUnreadable):
            read(path)
    with pytest.raises(ReleaseUnreadable):
        read(tmp_path / "none.json")
