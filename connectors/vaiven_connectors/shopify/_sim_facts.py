"""Metafields, their definitions, and tags.

Source: the mutations' pages at shopify.dev/docs/api/admin-graphql/2026-10, read 2026-11-25.
"""

# ruff: noqa: ARG001 - a resolver takes what GraphQL gives it

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

import msgspec

from vaiven_connectors.shopify._sim_graph import Json, denied, desk, kind_of, resolves, tag_scope
from vaiven_connectors.shopify._sim_lists import listing, within
from vaiven_connectors.shopify._sim_search import Getter

if TYPE_CHECKING:
    from vaiven_connectors.shopify._sim_shop import Shop

OWNERS = {
    "Customer": "CUSTOMER",
    "Order": "ORDER",
    "Product": "PRODUCT",
    "ProductVariant": "PRODUCTVARIANT",
    "Shop": "SHOP",
}
_MOST = 25
"""Metafields in one `metafieldsSet`."""
_TYPES = {
    "single_line_text_field": r"[^\n]*",
    "multi_line_text_field": r"(?s:.*)",
    "number_integer": r"-?\d+",
    "number_decimal": r"-?\d+(\.\d+)?",
    "boolean": r"true|false",
    "date": r"\d{4}-\d\d-\d\d",
    "date_time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*",
    "json": r"(?s:.*)",
    "url": r"https?://.+|mailto:.+",
    "id": r".+",
    "color": r"#[0-9a-fA-F]{6}",
    "money": r"\{.*\}",
    "rating": r"\{.*\}",
    "list.single_line_text_field": r"\[.*\]",
}
DEFINITION_FIELDS: dict[str, Getter] = {
    "": lambda row: row["name"],
    "key": lambda row: row["key"],
    "namespace": lambda row: row["namespace"],
    "owner_type": lambda row: row["ownerType"],
    "type": lambda row: row["type"]["name"],
}


def wrong_metafields(given: list[Json]) -> list[Json]:
    """What is wrong with metafields in another record's input."""
    found = []
    for at, one in enumerate(given):
        problem = _wrong(one.get("type") or "single_line_text_field", one.get("value"))
        if problem:
            found.append({"field": ["metafields", str(at), "value"], "message": problem[1], "code": problem[0]})
    return found


def _wrong(kind: str, value: str | None) -> tuple[str, str] | None:
    if kind not in _TYPES:
        return "INCLUSION", f"Type must be one of the following: {', '.join(sorted(_TYPES))}."
    if not value:
        return "BLANK", "Value can't be blank."
    if not re.fullmatch(_TYPES[kind], value):
        return "INVALID_VALUE", f"Value must be a valid {kind}."
    return None


def keep_metafields(shop: Shop, owner: str, given: list[Json]) -> bool:
    """Set metafields of a record; says whether any of them changed."""
    held = shop.metafields.setdefault(owner, {}) if given else {}
    moved = False
    for one in given:
        key = f"{one.get('namespace') or 'custom'}.{one['key']}"
        before = held.get(key)
        known = _definition(shop, OWNERS[kind_of(owner)], key)
        kind = one.get("type") or (before or {}).get("type") or (known["type"]["name"] if known else "")
        kind = kind or "single_line_text_field"
        if before and (before["value"], before["type"]) == (one["value"], kind):
            continue
        moved = True
        held[key] = {
            "id": before["id"] if before else shop.gid("Metafield"),
            "namespace": key.partition(".")[0],
            "key": one["key"],
            "value": one["value"],
            "type": kind,
            "ownerId": owner,
            "createdAt": before["createdAt"] if before else shop.now(),
            "updatedAt": shop.now(),
        }
    return moved


def _definition(shop: Shop, owner_type: str, key: str) -> Json | None:
    for entry in shop.definitions.select(ownerType=owner_type):
        if f"{entry.row['namespace']}.{entry.row['key']}" == key:
            return entry.row
    return None


def _owned(row: Json, info: Any) -> dict[str, Json]:
    return desk(info).shop.metafields.get(row["id"], {})


@resolves("Customer.metafield", "Order.metafield", "Product.metafield", "ProductVariant.metafield", "Shop.metafield")
def metafield(row: Json, info: Any, key: str, namespace: str | None = None) -> Json | None:
    """One metafield; `key` may hold the namespace."""
    full = f"{namespace}.{key}" if namespace else key if "." in key else f"custom.{key}"
    return _owned(row, info).get(full)


@resolves("Customer.metafields", "Order.metafields", "Product.metafields", "ProductVariant.metafields")
@resolves("Shop.metafields")
def metafields(row: Json, info: Any, **arguments: Any) -> Json:
    """All metafields, or those of a namespace, or of `namespace.key`."""
    namespace, keys = arguments.get("namespace"), arguments.get("keys")
    found = [
        one
        for key, one in _owned(row, info).items()
        if (not namespace or one["namespace"] == namespace) and (not keys or key in keys)
    ]
    return within(desk(info), found, arguments)


@resolves("Metafield.jsonValue")
def json_value(row: Json, info: Any) -> Any:
    """The value as JSON."""
    if row["type"] in {"number_integer", "boolean", "json", "money", "rating"} or row["type"].startswith("list."):
        return msgspec.json.decode(row["value"].encode())
    return row["value"]


@resolves("Metafield.owner")
def owner(row: Json, info: Any) -> Json | None:
    """The record that has it."""
    shop = desk(info).shop
    return {"id": row["ownerId"]} if kind_of(row["ownerId"]) == "Shop" else shop.find(row["ownerId"])


@resolves("MetafieldDefinition.validations")
def validations(row: Json, info: Any) -> list[Json]:
    """What its values must be, beside their type."""
    return row.get("validations") or []


@resolves("Metafield.ownerType")
def owner_type(row: Json, info: Any) -> str:
    """Kind of the record that has it."""
    return OWNERS[kind_of(row["ownerId"])]


@resolves("Metafield.sizeInBytes")
def size(row: Json, info: Any) -> int:
    """Of the value."""
    return len(row["value"].encode())


@resolves("Metafield.compareDigest")
def digest(row: Json, info: Any) -> str:
    """Changes with the value."""
    return hashlib.sha256(row["value"].encode()).hexdigest()


@resolves("Metafield.definition")
def definition(row: Json, info: Any) -> Json | None:
    """What the shop's owner said of it."""
    return _definition(desk(info).shop, owner_type(row, info), f"{row['namespace']}.{row['key']}")


@resolves("Mutation.metafieldsSet")
def metafields_set(row: Json, info: Any, metafields: list[Json]) -> Json:
    """Set up to 25 metafields, all of them or none."""
    shop, wrong = desk(info).shop, []
    if len(metafields) > _MOST:
        said = f"Exceeded the maximum metafields input limit of {_MOST}."
        return {"metafields": None, "userErrors": [_error(["metafields"], said, "LESS_THAN_OR_EQUAL_TO")]}
    for at, one in enumerate(metafields):
        _allowed(info, one["ownerId"], "metafieldsSet")
        path = ["metafields", str(at)]
        if kind_of(one["ownerId"]) not in OWNERS or _record(shop, one["ownerId"]) is None:
            wrong.append(_error([*path, "ownerId"], "Owner does not exist.", "INVALID", at))
            continue
        full = f"{one.get('namespace') or 'custom'}.{one['key']}"
        known = _definition(shop, OWNERS[kind_of(one["ownerId"])], full)
        before = shop.metafields.get(one["ownerId"], {}).get(full)
        kind = one.get("type") or (known["type"]["name"] if known else "") or (before or {}).get("type")
        if not kind:
            wrong.append(_error([*path, "type"], "Type can't be blank", "BLANK", at))
        elif known and kind != known["type"]["name"]:
            said = f"Type must be consistent with the definition's type: {known['type']['name']}."
            wrong.append(_error([*path, "type"], said, "INVALID_TYPE", at))
        elif problem := _wrong(kind, one["value"]):
            wrong.append(_error([*path, "value"], problem[1], problem[0], at))
    if wrong:
        return {"metafields": None, "userErrors": wrong}
    made = []
    for one in metafields:
        if keep_metafields(shop, one["ownerId"], [one]):
            _touch(shop, one["ownerId"])
        made.append(shop.metafields[one["ownerId"]][f"{one.get('namespace') or 'custom'}.{one['key']}"])
    return {"metafields": made, "userErrors": []}


@resolves("Mutation.metafieldsDelete")
def metafields_delete(row: Json, info: Any, metafields: list[Json]) -> Json:
    """Drop metafields; null stands where there was none."""
    shop, gone = desk(info).shop, []
    for one in metafields:
        _allowed(info, one["ownerId"], "metafieldsDelete")
        held = shop.metafields.get(one["ownerId"], {}).pop(f"{one['namespace']}.{one['key']}", None)
        gone.append(one if held else None)
        if held:
            _touch(shop, one["ownerId"])
    return {"deletedMetafields": gone, "userErrors": []}


def _touch(shop: Shop, gid: str) -> None:
    table = shop.tables.get(kind_of(gid))
    if table is not None:
        shop.touch(table, gid)


def _record(shop: Shop, gid: str) -> Any:
    return {"id": gid} if kind_of(gid) == "Shop" else shop.find(gid)


def _allowed(info: Any, gid: str, name: str) -> None:
    scope = tag_scope(gid)
    if not desk(info).may(scope):
        raise denied(name, scope)


def _error(field: list[str] | None, message: str, code: str, at: int | None = None) -> Json:
    return {"field": field, "message": message, "code": code, "elementIndex": at}


@resolves("QueryRoot.metafieldDefinitions")
def definitions(row: Json, info: Any, ownerType: str, **arguments: Any) -> Json:  # noqa: N803
    """What the shop's owner, or apps, have defined for one kind of record."""
    here = desk(info)
    wanted = {name: arguments[name] for name in ("namespace", "key") if arguments.get(name)}
    return listing(
        here, here.shop.definitions, DEFINITION_FIELDS, arguments, "metafieldDefinitions", ownerType=ownerType, **wanted
    )


@resolves("QueryRoot.metafieldDefinition")
def one_definition(row: Json, info: Any, id: str | None = None, identifier: Json | None = None) -> Json | None:  # noqa: A002
    """One definition."""
    shop = desk(info).shop
    if id:
        return shop.definitions.find(id)
    wanted = identifier or {}
    return _definition(shop, wanted.get("ownerType", ""), f"{wanted.get('namespace') or 'custom'}.{wanted.get('key')}")


@resolves("MetafieldDefinition.metafieldsCount")
def metafields_count(row: Json, info: Any, **arguments: Any) -> int:
    """How many records have it filled in."""
    full = f"{row['namespace']}.{row['key']}"
    kept = desk(info).shop.metafields.items()
    return sum(1 for gid, held in kept if full in held and OWNERS[kind_of(gid)] == row["ownerType"])


@resolves("Mutation.metafieldDefinitionCreate")
def definition_create(row: Json, info: Any, definition: Json) -> Json:
    """Define a metafield."""
    shop = desk(info).shop
    namespace = definition.get("namespace") or "custom"
    if _definition(shop, definition["ownerType"], f"{namespace}.{definition['key']}"):
        said = f"Key is in use for {definition['ownerType'].title()} metafields on the '{namespace}' namespace."
        return {"createdDefinition": None, "userErrors": [_error(["definition", "key"], said, "TAKEN")]}
    if definition["type"] not in _TYPES:
        said = f"Type name {definition['type']} is not a valid type."
        return {"createdDefinition": None, "userErrors": [_error(["definition", "type"], said, "INCLUSION")]}
    return {"createdDefinition": define(shop, {**definition, "namespace": namespace}), "userErrors": []}


@resolves("Mutation.metafieldDefinitionDelete")
def definition_delete(row: Json, info: Any, id: str | None = None, **more: Any) -> Json:  # noqa: A002
    """Take a definition back."""
    shop = desk(info).shop
    held = one_definition(row, info, id, more.get("identifier"))
    if held is None:
        wrong = {"field": ["id"], "message": "Definition not found.", "code": "NOT_FOUND"}
        return {"deletedDefinitionId": None, "userErrors": [wrong]}
    shop.definitions.remove(held["id"])
    return {"deletedDefinitionId": held["id"], "userErrors": []}


def define(shop: Shop, given: Json) -> Json:
    """Keep a definition."""
    kind = given["type"]
    category = {"number_integer": "NUMBER", "number_decimal": "NUMBER", "boolean": "TRUE_FALSE"}.get(kind, "TEXT")
    return shop.definitions.add(
        {
            "namespace": given["namespace"],
            "key": given["key"],
            "name": given["name"],
            "description": given.get("description"),
            "ownerType": given["ownerType"],
            "type": {"name": kind, "category": category, "supportsDefinitionMigrations": True},
            "pinnedPosition": 1 if given.get("pin") else None,
            "validationStatus": "ALL_VALID",
        }
    )


@resolves("Mutation.tagsAdd")
def tags_add(row: Json, info: Any, id: str, tags: list[str]) -> Json:  # noqa: A002
    """Add tags to a customer, order or product."""
    return _tagged(info, id, "tagsAdd", lambda held, new: [*held, *new], tags)


@resolves("Mutation.tagsRemove")
def tags_remove(row: Json, info: Any, id: str, tags: list[str]) -> Json:  # noqa: A002
    """Take tags off; those that are not there are no error."""

    def without(held: list[str], gone: list[str]) -> list[str]:
        drop = {tag.strip().casefold() for tag in gone}
        return [tag for tag in held if tag.casefold() not in drop]

    return _tagged(info, id, "tagsRemove", without, tags)


def _tagged(info: Any, gid: str, name: str, change: Any, tags: list[str]) -> Json:
    from vaiven_connectors.shopify._sim_record import clean_tags  # noqa: PLC0415 - each needs the other

    _allowed(info, gid, name)
    shop = desk(info).shop
    table = shop.tables.get(kind_of(gid))
    held = table.find(gid) if table is not None else None
    if table is None or held is None or "tags" not in held:
        wrong = {"field": ["id"], "message": f"{kind_of(gid) or 'Resource'} does not exist"}
        return {"node": None, "userErrors": [wrong]}
    after = clean_tags(change(held["tags"], clean_tags(tags)))
    return {"node": held if after == held["tags"] else table.change(gid, {"tags": after}), "userErrors": []}
