"""Everything that a simulator is asked and answers, held against a description as it goes by."""

import httpx
import pytest

from vaiven_sdk.testing import Fault, Vendor, get, post, serve
from vaiven_sdk.testing.spec import Asked, OpenApi, Reduced, unaccepted, watch

FACTS = {
    "ops": [
        {"a": "quill", "m": "GET", "p": "/readers", "resp": {"200": ["@R"]},
         "q": {"limit": "integer", "ids": ["string"]}},
        {"a": "quill", "m": "POST", "p": "/readers", "ct": "application/json", "body": "@R", "resp": {"200": "@R"}},
        {"a": "quill", "m": "GET", "p": "/readers/{id}", "resp": {"200": "@R"}, "err": [404]},
        {"a": "quill", "m": "POST", "p": "/form", "ct": "application/x-www-form-urlencoded", "resp": {"200": "any"},
         "body": {"age": "integer", "tags": ["string"], "at": {"|": [{"gt": "integer"}, "integer"]}}},
    ],
    "schemas": {"R": {"id!": "string ro", "name": "string?"}},
}  # fmt: skip


class Quill(Vendor):
    slug = "quill"
    answer: object = None

    def envelope(self, refusal):
        return {"message": refusal.message}

    @get("/v1/readers")
    def listing(self, call):
        return [self.answer or {"id": "1", "name": None}]

    @post("/v1/readers")
    def create(self, call):
        return {"id": "1", **call.json()}

    @post("/v1/form")
    def form(self, call):
        return {}

    @get("/v1/secret/file")
    def file(self, call):
        return {}


@pytest.fixture
def quill():
    return Quill()


def talk(quill, *requests):
    with serve(quill) as server, httpx.Client(base_url=f"{server.url}/v1", trust_env=False) as http:
        for method, path, *more in requests:
            try:
                http.request(method, path, **(more[0] if more else {}))
            except httpx.RemoteProtocolError:
                continue


def lines(check):
    return [str(one) for one in check.deviations]


@pytest.fixture
def check(quill):
    return watch(quill, Reduced(FACTS), base="/v1", ignore=["/v1/secret"])


def test_what_fits_leaves_no_trace(quill, check):
    talk(quill, ("GET", "/readers?limit=5&ids=a&ids=b"), ("POST", "/readers", {"json": {"name": "Ada"}}))
    check.verify()
    assert check.checked == 2


def test_requests_and_answers_are_told_apart(quill, check):
    quill.answer = {"name": 1}
    talk(quill, ("GET", "/readers?limit=many&page=2"), ("POST", "/readers", {"json": {"name": "A", "age": 3}}))
    assert lines(check) == [
        "GET /readers request query.limit: integer described, got string",
        "GET /readers request query.page: not described",
        "GET /readers 200 $[0].id: required, and absent",
        "GET /readers 200 $[0].name: string described, got 1",
        "POST /readers request $.age: not described",
        "POST /readers 200 $.age: not described",
    ]


def test_forms_have_types_too(quill, check):
    talk(quill, ("POST", "/form", {"data": {"age": "7", "tags[0]": "a", "tags[1]": "b", "at[gt]": "1"}}))
    assert lines(check) == []
    talk(quill, ("POST", "/form", {"data": {"age": "old", "at": "x"}}))
    assert lines(check) == [
        "POST /form request $.age: integer described, got string",
        "POST /form request $.at: object described, got string",
    ]


def test_a_path_that_nobody_described(quill, check):
    talk(quill, ("GET", "/writers"), ("GET", "/secret/file"), ("GET", "/../_sim/state"))
    assert lines(check) == ["GET /writers request path: no such operation"]


def test_an_answer_spoilt_on_purpose_is_not_the_vendors(quill, check):
    quill.faults.add(Fault(kind="html", times=0))
    talk(quill, ("GET", "/readers"))
    assert check.checked == 0
    with pytest.raises(AssertionError, match="nothing has been shown"):
        check.verify()


def test_a_lost_answer_is_checked_all_the_same(quill, check):
    quill.answer = {"id": 1}
    quill.faults.add(Fault(kind="lose_answer"))
    talk(quill, ("GET", "/readers"))
    assert lines(check) == ["GET /readers 200 $[0].id: string described, got 1"]


def test_accepted_deviations_have_a_reason_and_die_with_it(quill):
    reason = "the vendor's own client sends it (quill 2.0, 2026-11-25)"
    check = watch(quill, Reduced(FACTS), base="/v1", accepted={"GET * query.page: *": reason})
    talk(quill, ("GET", "/readers?page=2"))
    check.verify()
    check.accepted["GET /nowhere*"] = "was so once"
    with pytest.raises(AssertionError, match="accepted deviation that nothing needs: GET /nowhere"):
        check.verify()
    check.verify(stale=False)


def test_of_several_descriptions_the_one_that_fits_counts(quill):
    empty = OpenApi({"openapi": "3.1.0", "paths": {}})
    check = watch(quill, empty, Reduced(FACTS), base="/v1")
    talk(quill, ("GET", "/readers"))
    check.verify()


def test_a_description_of_another_version_may_look_at_requests_alone(quill):
    quill.answer = {"id": 1}
    check = watch(quill, Reduced(FACTS), base="/v1", answers=False)
    talk(quill, ("GET", "/readers"))
    check.verify()


def test_what_an_sdk_does_not_tell_is_not_held_against_a_request():
    facts = Reduced({**FACTS, "kind": "sdk-extracted"})
    assert facts.request(Asked("GET", "/readers", (("page", "2"),))) == []


def test_an_api_that_there_is_not_is_named():
    with pytest.raises(ValueError, match=r"no API \['quell'\]"):
        Reduced(FACTS, ["quell"])


def test_lines_are_counted_once():
    assert unaccepted(["a: b", "a: b", "c: d"], {"c*": "why"}) == ["a: b"]


def test_brackets_can_be_part_of_a_parameters_name():
    op = {"a": "q", "m": "GET", "p": "/r", "q": {"page[size]": "integer", "fields[reader]": ["string(id|name)"]}}
    facts = Reduced({"ops": [op], "schemas": {}})
    fitting = Asked("GET", "/r", (("page[size]", "5"), ("fields[reader]", "id"), ("fields[reader]", "name")))
    assert facts.request(fitting) == []
    wrong = Asked("GET", "/r", (("page[size]", "x"), ("fields[reader]", "id,age"), ("page[no]", "1")))
    assert [str(one) for one in facts.request(wrong)] == [
        "GET /r request query.page: not described",
        "GET /r request query.page[size]: integer described, got string",
        "GET /r request query.fields[reader][1]: 'age' is none of id|name",
    ]


def test_an_object_in_several_parts_of_an_all_of_has_the_properties_of_all():
    parts = {"&": [{"at": {"more": "string"}, "id": "string"}, {"id!": "string", "at!": {"name!": "string"}}]}
    facts = Reduced({"ops": [], "schemas": {}})
    assert facts.compare(parts, {"id": "1", "at": {"name": "Ada", "more": "x"}}) == []
    assert facts.compare(parts, {"at": {"other": 1}}) == [
        "$.id: required, and absent",
        "$.at.name: required, and absent",
        "$.at.other: not described",
    ]
