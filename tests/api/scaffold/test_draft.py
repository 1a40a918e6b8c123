"""What is drafted from a description, and what is left to a person."""

import copy

import pytest

from tests.api.scaffold.conftest import OPENAPI_31, SWAGGER_2, YAML
from vaiven_api.scaffold import DescriptionInvalid, empty, from_api, load, parse


def draft_of(document, slug="acme", most=12, auth=""):
    return from_api(parse(document), slug, "", "", auth, source="a test", most=most)


def stream(draft, name):
    return next(one for one in draft.collections if one.stream == name)


def mapped(draft, name):
    return {field.name: field.to for field in stream(draft, name).fields if field.to}


def fields(draft, name):
    return {field.name: field for field in stream(draft, name).fields}


def test_swagger_2(drafts):
    old = drafts["oldmail"]
    assert (old.name, old.base_url, old.docs) == (
        "Oldmail",
        "https://api.oldmail.example/v2",
        "https://docs.oldmail.example",
    )
    assert [way.code.partition("(")[0] for way in old.ways] == ["ApiKey", "OAuth2"]
    people = stream(old, "subscribers")
    assert people.page.code == 'Page.offset(size=50, total="total", param="offset", size_param="limit")'
    assert (people.key, people.cursor, people.scopes) == ("id", None, ("contacts.read",))
    assert people.params == {"list": "main"}
    assert any("`account`" in line for line in old.undone)  # a required parameter without a value


def test_types_names_and_what_cannot_be_declared(drafts):
    found = fields(drafts["oldmail"], "subscribers")
    kinds = {name: (field.type, field.nullable) for name, field in found.items()}
    assert kinds["id"] == ("str", False)
    assert kinds["state"] == ("str", False)
    assert kinds["first_name"] == ("str", True)
    assert kinds["born"] == ("date", True)
    assert kinds["score"] == ("Decimal", True)
    assert kinds["labels"] == ("list[str]", True)
    assert {"class_", "copy_", "date_"} <= set(kinds)
    left = " ".join(stream(drafts["oldmail"], "subscribers").left_out)
    assert "`visits`: a list of objects" in left
    assert "`odd.name`: its name cannot stand in a path" in left
    assert found["state"].values == ("on", "off")


def test_what_is_beyond_doubt_is_mapped_and_the_rest_is_told(drafts):
    new = drafts["newcrm"]
    assert mapped(drafts["oldmail"], "subscribers") == {"email_address": "email", "first_name": "given_name"}
    assert mapped(new, "people") == {
        "email": "email",
        "name_first": "given_name",
        "name_last": "family_name",
        "address_city": "city",
        "address_country": "country",
        "company_id": "company_id",
    }
    assert fields(new, "people")["company_id"].ref == "companies"
    maybe = " ".join(stream(new, "people").maybe)
    assert "`mobile` (str) may be `phone`" in maybe
    assert "billing_city" not in mapped(new, "people")
    assert mapped(drafts["payfast"], "charges") == {
        "currency": "currency",
        "status": "status",
        "description": "description",
    }
    assert "`amount` (int) may be `amount_minor`" in stream(drafts["payfast"], "charges").maybe


def test_openapi_31(drafts):
    new = drafts["newcrm"]
    assert new.base_url == "https://{config.region}.newcrm.example/api"
    assert [(one.name, one.choices, one.example) for one in new.settings] == [("region", ("eu", "us"), "eu")]
    people = stream(new, "people")
    assert people.page.code == 'Page.cursor("cursor", at="meta.next_cursor", size=200, size_param="page_size")'
    assert (people.cursor, people.since) == ("updated_at", "updated_since")
    assert stream(new, "companies").page.code == 'Page.number("page", size=100)'
    assert stream(new, "companies").items is None
    assert "`GET /weather`: no entity of the unified model fits" in new.undone
    assert any("openIdConnect" in line for line in new.undone)


def test_yaml(drafts):
    charges = stream(drafts["payfast"], "charges")
    assert charges.page.code == 'Page.last_id("starting_after", more="has_more", size=20, size_param="limit")'
    assert charges.key == "charge_id"
    assert "`starting_after`" in charges.page.evidence


@pytest.mark.parametrize(
    ("parameters", "answer", "code"),
    [
        (["after", "limit"], {"paging": {"next": {"after": "string"}}}, 'Page.cursor("after", at="paging.next.after"'),
        (
            ["offset:string", "limit"],
            {"next_page": {"offset": "string"}},
            'Page.cursor("offset", at="next_page.offset"',
        ),
        (["page[size]", "page[cursor]"], {"links": {"next": "string"}}, 'Page.next_url(at="links.next"'),
        (
            ["page", "per_page"],
            {"meta": {"total": "integer"}},
            'Page.number("page", size=100, size_param="per_page", total',
        ),
        (["pageNumber"], {}, 'Page.number("pageNumber", size=100)'),
        (["skip", "limit"], {}, 'Page.offset(size=100, param="skip", size_param="limit")'),
        ([], {}, ""),
    ],
)
def test_paging_rules(parameters, answer, code):
    document = copy.deepcopy(OPENAPI_31)
    operation = document["paths"]["/people"]["get"]
    operation["parameters"] = [
        {"name": name, "in": "query", "schema": {"type": kind or ("integer" if name != "after" else "string")}}
        for name, _, kind in (one.partition(":") for one in parameters)
    ]

    def described(node):
        if isinstance(node, str):
            return {"type": node}
        return {"type": "object", "properties": {name: described(inner) for name, inner in node.items()}}

    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    schema["properties"] = {"data": schema["properties"]["data"], **described(answer)["properties"]}
    assert stream(draft_of(document), "people").page.code.startswith(code)


def test_a_link_header():
    document = copy.deepcopy(OPENAPI_31)
    answer = document["paths"]["/companies"]["get"]
    answer["parameters"] = []
    answer["responses"]["200"]["headers"] = {"Link": {"schema": {"type": "string"}}}
    assert stream(draft_of(document), "companies").page.code == "Page.link_header(size=100)"


def test_more_streams_than_wanted_are_listed():
    small = draft_of(OPENAPI_31, most=1)
    assert [one.stream for one in small.collections] == ["people"]
    assert "`GET /companies`: more than 1 streams; --streams N drafts more" in small.undone


def test_a_description_without_anything_useful_gives_the_placeholder():
    nothing = draft_of({"openapi": "3.0.0", "info": {}, "paths": {"/ping": {"get": {"responses": {}}}}})
    assert [one.stream for one in nothing.collections] == ["contacts"]
    assert any("placeholder" in line for line in nothing.undone)


def test_a_way_to_sign_in_can_be_named():
    for auth, kind in (("basic", "Basic"), ("api_key", "ApiKey"), ("oauth2", "OAuth2"), ("bearer", "Bearer")):
        assert [way.name for way in empty("acme", "Acme", "", auth).ways] == [kind]
        assert [way.name for way in draft_of(OPENAPI_31, auth=auth).ways] == [kind]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "is no JSON"),
        ("a: [", "neither JSON nor YAML"),
        ("hello", "has no paths"),
        ('{"paths": {}}', "no version that is known"),
        ('{"swagger": "1.2", "paths": {}}', "no version that is known"),
    ],
)
def test_what_is_no_description_says_why(tmp_path, text, problem):
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(DescriptionInvalid, match=problem):
        load(file)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DescriptionInvalid, match="cannot be read"):
        load(tmp_path / "none.json")


def test_references_in_a_circle_end():
    document = copy.deepcopy(SWAGGER_2)
    document["definitions"]["Page"] = {"$ref": "#/definitions/Page"}
    assert draft_of(document).collections[0].source == "a placeholder"
    assert YAML
