"""API descriptions in the OpenAPI formats: what fits, what does not, and where."""

import json

import pytest

from vaiven_sdk.testing.spec import Answered, Asked, OpenApi, load_openapi

READER = {
    "type": "object",
    "required": ["id", "email", "secret"],
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "email": {"type": "string"},
        "secret": {"type": "string", "writeOnly": True},
        "name": {"type": "string", "nullable": True},
        "status": {"type": "string", "enum": ["active", "left"], "nullable": True},
        "score": {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
        "at": {"type": "string", "format": "date-time"},
        "friend": {"$ref": "#/components/schemas/Reader"},
        "nullable": {"type": "boolean"},
    },
}


def three(version="3.0.3", **changes):
    """A small API in OpenAPI 3."""
    page = {
        "allOf": [
            {"$ref": "#/components/schemas/Page"},
            {
                "type": "object",
                "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/Reader"}}},
            },
        ]
    }
    listing = {
        "parameters": [
            {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}},
            {"name": "status", "in": "query", "schema": {"type": "array", "items": {"enum": ["active", "left"]}}},
            {"$ref": "#/components/parameters/Shop"},
        ],
        "responses": {
            "200": {"description": "", "content": {"application/json": {"schema": page}}},
            "4XX": {"$ref": "#/components/responses/Problem"},
        },
    }
    body = {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Reader"}}}}
    target = {"oneOf": [{"$ref": "#/components/schemas/ById"}, {"$ref": "#/components/schemas/ByMail"}]}
    merge = {
        "requestBody": {"content": {"application/json": {"schema": target}}},
        "responses": {"204": {"description": ""}},
    }
    reader = {
        "200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Reader"}}}}
    }
    return {
        "openapi": version,
        "servers": [{"url": "https://{region}.quill.example/v1", "variables": {"region": {"default": "eu"}}}],
        "paths": {
            "/readers": {"get": listing, "post": {"requestBody": body, "responses": reader}},
            "/readers/merge": {"post": merge},
            "/readers/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
                "get": {"responses": reader},
            },
        },
        "components": {
            "parameters": {"Shop": {"name": "X-Shop", "in": "header", "required": True, "schema": {"type": "string"}}},
            "responses": {"Problem": {"content": {"application/json": {"schema": {"type": "object"}}}}},
            "schemas": {
                "Reader": READER,
                "Page": {"required": ["next"], "properties": {"next": {"type": "string", "nullable": True}}},
                "ById": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
                "ByMail": {"type": "object", "required": ["mail"], "properties": {"mail": {"type": "string"}}},
            },
        },
        **changes,
    }  # fmt: skip


SHOP = {"x-shop": "a"}
GOOD = {"id": "1", "email": "a@b.c", "name": None, "status": None, "score": 1, "at": "2026-11-25T00:00:00Z"}


def answer(api, body, *, status=200, path="/readers", method="GET", media="application/json"):
    return [str(one) for one in api.answer(Asked(method, path), Answered(status, body, media))]


def request(api, method="POST", path="/readers", *, body=None, query=(), headers=None, media="application/json"):
    return [str(one) for one in api.request(Asked(method, path, tuple(query), headers or {}, body, media))]


@pytest.fixture(scope="module")
def api():
    return OpenApi(three())


def test_what_fits_passes(api):
    assert answer(api, {"next": None, "data": [GOOD]}) == []
    assert request(api, body={"email": "a@b.c", "secret": "s", "nullable": True}) == []
    assert request(api, "GET", query=[("limit", "5"), ("status", "active,left")], headers=SHOP) == []
    assert request(api, "GET", query=[("status", "active"), ("status", "left")], headers=SHOP) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"id": 1}, "$.data[0].id: string described, got 1"),
        ({"email": None}, "$.data[0].email: string described, got null"),
        ({"status": "gone"}, "$.data[0].status: 'gone' is none of active|left"),
        ({"at": "yesterday"}, "$.data[0].at: date-time described, got 'yesterday'"),
        ({"colour": "red"}, "$.data[0].colour: not described"),
        ({"friend": {"id": "2"}}, "$.data[0].friend.email: required, and absent"),
        ({"friend": {**GOOD, "colour": 1}}, "$.data[0].friend.colour: not described"),
        ({"score": 0}, "$.data[0].score: 0 is less than or equal to the minimum of 0"),
    ],
)
def test_each_deviation_has_its_place(api, changes, told):
    assert answer(api, {"next": None, "data": [{**GOOD, **changes}]}) == [f"GET /readers 200 {told}"]


def test_only_the_vendor_sets_ids_and_only_we_send_secrets(api):
    assert request(api, body={"email": "a@b.c"}) == ["POST /readers request $.secret: required, and absent"]
    without = {key: value for key, value in GOOD.items() if key != "id"}
    assert answer(api, {"next": None, "data": [without]}) == ["GET /readers 200 $.data[0].id: required, and absent"]


def test_parameters_of_every_place(api):
    told = request(api, "GET", query=[("limit", "500"), ("colour", "red"), ("status", "x")])
    assert told == [
        "GET /readers request query.limit: 500 is greater than the maximum of 100",
        "GET /readers request query.status[0]: 'x' is none of active|left",
        "GET /readers request header.X-Shop: required, and absent",
        "GET /readers request query.colour: not described",
    ]
    assert request(api, "GET", query=[("limit", "many")], headers=SHOP) == [
        "GET /readers request query.limit: integer described, got string"
    ]
    assert request(api, "GET", "/readers/abc") == ["GET /readers/{id} request path.id: integer described, got string"]
    assert request(api, "GET", "/readers/12") == []


def test_the_most_literal_path_and_the_servers_own_one(api):
    assert request(api, path="/readers/merge", body={"mail": "a@b.c"}) == []
    assert request(api, "GET", "/v1/readers/12") == []
    assert request(api, "GET", "/v2/readers") == ["GET /v2/readers request path: no such operation"]
    assert request(api, "PATCH", "/readers/12") == ["PATCH /readers/12 request path: no such operation"]
    assert answer(api, {}, path="/nowhere") == []


def test_of_alternatives_the_nearest_is_told(api):
    assert request(api, path="/readers/merge", body={"mail": 1}) == [
        "POST /readers/merge request $.mail: string described, got 1"
    ]


def test_bodies_and_content_types(api):
    assert request(api) == ["POST /readers request $: a body is required, and absent"]
    assert request(api, body=b"x", media="text/plain") == [
        "POST /readers request header.content-type: application/json described, got text/plain"
    ]
    assert request(api, "GET", body={"a": 1}, headers=SHOP) == [
        "GET /readers request $: has a body where none is described"
    ]
    assert answer(api, None) == ["GET /readers 200 $: a body is described, and absent"]
    assert answer(api, {"a": 1}, path="/readers/merge", method="POST", status=204) == [
        "POST /readers/merge 204 $: has a body where none is described"
    ]
    assert answer(api, b"<html>", media="text/html") == [
        "GET /readers 200 header.content-type: application/json described, got text/html"
    ]
    assert answer(api, b"{", media="application/json") == [
        "GET /readers 200 $: JSON described, got something that is none"
    ]


def test_statuses_by_range_and_those_that_nobody_described(api):
    assert answer(api, {"message": "no"}, status=404) == []
    assert answer(api, "no", status=404) == ["GET /readers 404 $: object described, got string"]
    assert answer(api, {}, status=500) == ["GET /readers 500 $: status 500 is not described"]


def test_openness_is_a_choice():
    lenient = OpenApi(three(), closed=False)
    assert answer(lenient, {"next": None, "data": [{**GOOD, "colour": "red"}]}) == []
    assert request(lenient, "GET", query=[("colour", "red")], headers=SHOP) == []


def test_3_1_speaks_json_schema():
    document = three("3.1.1")
    document["components"]["schemas"]["Reader"] = {
        "type": "object",
        "properties": {"id": {"type": ["string", "null"]}, "score": {"type": "integer", "exclusiveMinimum": 0}},
    }
    api = OpenApi(document)
    assert answer(api, {"next": "x", "data": [{"id": None, "score": 1}]}) == []
    told = answer(api, {"next": "x", "data": [{"id": 1, "score": 0}]})
    assert told == [
        "GET /readers 200 $.data[0].id: string or null described, got 1",
        "GET /readers 200 $.data[0].score: 0 is less than or equal to the minimum of 0",
    ]


SWAGGER = {
    "swagger": "2.0",
    "basePath": "/v2",
    "consumes": ["application/json"],
    "produces": ["application/json"],
    "paths": {
        "/readers": {
            "post": {
                "parameters": [
                    {"in": "body", "name": "b", "required": True, "schema": {"$ref": "#/definitions/Reader"}}
                ],
                "responses": {"200": {"schema": {"$ref": "#/definitions/Reader"}}, "default": {"description": "any"}},
            },
            "get": {
                "parameters": [{"in": "query", "name": "ids", "type": "array", "items": {"type": "integer"}}],
                "responses": {"200": {"schema": {"type": "array", "items": {"$ref": "#/definitions/Reader"}}}},
            },
        },
        "/login": {
            "post": {
                "consumes": ["application/x-www-form-urlencoded"],
                "parameters": [{"in": "formData", "name": "age", "type": "integer", "required": True}],
                "responses": {"204": {"description": ""}},
            }
        },
    },
    "definitions": {"Reader": {"type": "object", "properties": {"name": {"type": "string", "x-nullable": True}}}},
}  # fmt: skip


def test_swagger_2():
    api = OpenApi(SWAGGER)
    assert request(api, path="/v2/readers", body={"name": None}) == []
    assert request(api, path="/v2/readers", body={"name": 1, "a": 2}) == [
        "POST /readers request $.name: string or null described, got 1",
        "POST /readers request $.a: not described",
    ]
    assert request(api, "GET", "/v2/readers", query=[("ids", "1,2,x")]) == [
        "GET /readers request query.ids[2]: integer described, got string"
    ]
    assert answer(api, [{"name": 1}], path="/v2/readers") == [
        "GET /readers 200 $[0].name: string or null described, got 1"
    ]
    form = "application/x-www-form-urlencoded"
    assert request(api, path="/v2/login", body={"age": "7"}, media=form) == []
    assert request(api, path="/v2/login", body={"age": "old"}, media=form) == [
        "POST /login request $.age: integer described, got string"
    ]


def test_files_beside_one_another_in_yaml(tmp_path):
    (tmp_path / "parts.yaml").write_text("Reader:\n  type: object\n  properties:\n    on: {type: string}\n")
    (tmp_path / "api.yaml").write_text(
        "openapi: 3.0.0\npaths:\n  /readers:\n    get:\n      responses:\n        200:\n          content:\n"
        "            application/json:\n              schema: {$ref: 'parts.yaml#/Reader'}\n"
    )
    api = load_openapi(tmp_path / "api.yaml")
    assert answer(api, {"on": 1}) == ["GET /readers 200 $.on: string described, got 1"]
    assert api.operations() == [("GET", "/readers")]


def test_a_file_elsewhere_is_not_read(tmp_path):
    (tmp_path / "secret.json").write_text("{}")
    (tmp_path / "in").mkdir()
    document = three()
    document["components"]["schemas"]["Reader"] = {"$ref": "../secret.json"}
    file = tmp_path / "in" / "api.json"
    file.write_text(json.dumps(document))
    with pytest.raises(ValueError, match="cannot be followed within its folder"):
        answer(load_openapi(file), {"next": None, "data": [{}]})


@pytest.mark.parametrize("content", [{}, {"openapi": "4.0"}, {"swagger": "1.2"}, {"info": {}}])
def test_another_format_is_refused(content):
    with pytest.raises(ValueError, match="no OpenAPI"):
        OpenApi(content)
