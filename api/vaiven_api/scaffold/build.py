"""A draft from an API description, or from nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import vaiven_sdk
from vaiven_api.scaffold import paging, signing
from vaiven_api.scaffold.description import items, plain, properties, words
from vaiven_api.scaffold.draft import Collection, Draft, Field, Paging, Setting
from vaiven_api.scaffold.fields import cursor_of, fields_of, key_of
from vaiven_api.scaffold.unify import entity_of, suggest
from vaiven_sdk.model import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vaiven_api.scaffold.description import Api, Operation

_ARRAYS = "data items results records values list rows entries objects content collection elements response".split()
_SINCE = (
    "updatedsince updatedafter updatedatmin updatedatgte modifiedsince modifiedafter lastmodifiedafter updatedafterdate"
    " sincelastchanged minupdatedat updatedgte lastupdatedafter updatedfrom"
).split()
_NO_RECORDS = frozenset("errors error warnings links included meta messages notices".split())
_NOT_DATA = re.compile(r"/(oauth2?|webhooks?|metadata|schemas?|permissions?|scopes)(/|$)", re.IGNORECASE)
"""Paths of the vendor's own machinery."""
_CATEGORIES = {
    "deal": "crm", "ad_group": "ads", "ad_account": "ads", "ticket": "support", "conversation": "support",
    "campaign": "email", "order": "ecommerce", "subscription": "billing", "payment": "payments", "list": "email",
    "form": "forms", "company": "crm", "lead": "crm", "person": "crm",
}  # fmt: skip


def empty(slug: str, name: str, category: str, auth: str) -> Draft:
    """A connector for a vendor of which nothing is known: one list of contacts, to be put in the vendor's words."""
    page = Paging(
        'Page.cursor("after", at="next", size=100, size_param="limit")',
        'ByCursor("after")',
        "ByCursor",
        ('next="next"', 'size_param="limit"', "size=100", "most=100"),
        "a placeholder: put the vendor's own rule here",
    )
    fields = [
        Field("id", "id", "str", nullable=False),
        Field("email", "email", "str", to="email"),
        Field("first_name", "first_name", "str", to="given_name"),
        Field("last_name", "last_name", "str", to="family_name"),
        Field("updated_at", "updated_at", "AwareDatetime", nullable=False),
    ]
    contacts = Collection(
        "contacts", "Contact", "Person", "/contacts", "contacts", "id", fields, page,
        since="updated_since", cursor="updated_at", source="a placeholder",
    )  # fmt: skip
    host = slug.replace("_", "-")
    return Draft(
        slug, _plain(name) or slug.title(), category or "crm", f"https://api.{host}.example/v1",
        f"https://developers.{host}.example", [],
        [signing.named(auth or "bearer", slug)], [contacts], "placeholders; no vendor was looked at",
    )  # fmt: skip


def from_api(api: Api, slug: str, name: str, category: str, auth: str, *, source: str, most: int) -> Draft:
    """A connector drafted from a description.

    Args:
        api: the description.
        slug: of the connector.
        name: of the product; the description's title when empty.
        category: from the closed list; guessed when empty.
        auth: a way to sign in that replaces the description's, or empty.
        source: the description's name, for README and cassettes.
        most: streams at most; the others are listed.
    """
    undone: list[str] = []
    ways, problems = ([signing.named(auth, slug)], []) if auth else signing.ways_of(api.schemes, slug)
    undone += problems
    base_url, settings, more = _server(api, slug)
    undone += more
    collections, more = _collections(api)
    undone += more
    if len(collections) > most:
        undone += [f"`GET {one.path}`: more than {most} streams; --streams N drafts more" for one in collections[most:]]
        del collections[most:]
    streams: dict[str, str] = {}
    for one in collections:
        streams.setdefault(_kind(one), one.stream)
    for one in collections:
        one.maybe = suggest(_kind(one), one.fields, one.key, streams)
    guessed = next((_CATEGORIES[kind] for kind in _CATEGORIES if kind in streams), "data")
    address = urlsplit(base_url)
    docs = api.docs if api.docs.startswith("https://") else f"https://{re.sub(r'{[^}]*}', 'www', address.netloc)}"
    if not api.docs.startswith("https://"):
        undone.append("the address of the vendor's documentation (`docs=`) is not in the description")
    title = re.sub(r"\s*\b(rest|web|http|public|open)?\s*api\b.*$", "", api.title, flags=re.IGNORECASE).strip()
    if not collections:
        undone.append("no list fits an entity of the unified model; a placeholder stands in its place")
        placeholder = empty(slug, name, category, auth)
        collections, guessed = placeholder.collections, "crm"
    return Draft(
        slug, _plain(name) or _plain(title) or slug.title(), category or guessed, base_url, docs, settings, ways,
        collections, source, undone=undone,
    )  # fmt: skip


def _kind(one: Collection) -> str:
    return next(kind for kind, entity in ENTITIES.items() if entity.__name__ == one.entity)


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w .&'()-]", "", text).split())[:60]


def _server(api: Api, slug: str) -> tuple[str, list[Setting], list[str]]:
    """The base address with its variables as settings."""
    undone: list[str] = []
    url = re.sub(r"[^\w.:/{}@~-]", "", api.server)
    if not url.startswith(("https://", "http://")) or not urlsplit(url).netloc:
        undone.append(f"the server's address is {url or 'missing'!r}, not a whole one: base_url is a placeholder")
        url = f"https://api.{slug.replace('_', '-')}.example{url if url.startswith('/') else ''}"
    if url.startswith("http://"):
        undone.append("the server's address is http; https is taken")
        url = f"https://{url.removeprefix('http://')}"
    settings = []
    for variable in dict.fromkeys(re.findall(r"{([^}]+)}", url)):
        given = api.variables.get(variable, {})
        choices = tuple(str(one) for one in given.get("enum") or () if re.fullmatch(r"[\w.-]+", str(one)))
        default = str(given.get("default") or "")
        if "/" in default or ("." in default and not choices):
            url = url.replace(f"{{{variable}}}", default.strip("/"))
            continue
        python = "_".join(words(variable)) or "account"
        example = default if default in choices or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,60}", default) else ""
        url = url.replace(f"{{{variable}}}", f"{{config.{python}}}")
        told = (
            " ".join(str(given.get("description") or "").split()) or f"What stands for {variable} in the API's address"
        )
        settings.append(
            Setting(
                python,
                " ".join(words(variable)).capitalize(),
                told[:200],
                example or (choices or ("example",))[0],
                choices,
            )
        )
    return url.rstrip("/"), settings, undone


def _collections(api: Api) -> tuple[list[Collection], list[str]]:
    best: dict[str, tuple[tuple[int, ...], Collection]] = {}
    undone: list[str] = []
    for operation in api.operations:
        if not plain(re.sub(r"[{}]", "", operation.path)) or " " in operation.path:
            undone.append("a path with characters that no path has")
            continue
        if "{" in operation.path:
            if (
                operation.answer
                and not operation.path.endswith("}")
                and any(True for _ in _arrays(operation.answer))
                and entity_of([_last(operation.path)])
            ):
                undone.append(f"`GET {operation.path}`: it is a list below another record")
            continue
        drafted = _collection(operation)
        if isinstance(drafted, str):
            if drafted:
                undone.append(f"`GET {operation.path}`: {drafted}")
            continue
        # Of two versions of one list the newer, of two paths the better described one.
        version = max((int(n) for n in re.findall(r"/v(\d+)", operation.path)), default=0)
        rank = (version, bool(drafted.page.code), -operation.path.count("/"), len(drafted.fields))
        held = best.get(drafted.stream)
        if held is None or rank > held[0]:
            best[drafted.stream] = (rank, drafted)
    order = list(ENTITIES)
    found = [one for _, one in best.values()]
    taken: set[str] = set()
    for one in found:
        first, number = one.record, 2
        while one.record in taken:
            one.record, number = f"{first}{number}", number + 1
        taken.add(one.record)
    return sorted(found, key=lambda one: (order.index(_kind(one)), one.stream)), undone


def _collection(operation: Operation) -> Collection | str:
    """One list as a stream; a reason when it cannot be one, empty when it is plainly none."""
    if operation.answer is None:
        return "its answer is not described" if entity_of([_last(operation.path)]) else ""
    last = _last(operation.path)
    found = None if _NOT_DATA.search(operation.path) else _pick(operation.answer, last)
    if found is None:
        return ""
    where, record = found
    if entity_of([last]) is None and where:
        last = where.rpartition(".")[2]
    kind = entity_of([last])
    if kind is None:
        return "no entity of the unified model fits"
    params = _constants(operation)
    if isinstance(params, str):
        return params
    singular = _singular(last)
    fields, left = fields_of(record)
    key = key_of(fields, singular)
    if key is None:
        return "its records have no id" if fields else "its records are not described"
    cursor = cursor_of([one for one in fields if one is not key])
    since = None if cursor is None else _since(operation)
    return Collection(
        stream="_".join(words(last)) or kind,
        record=_class_name(singular),
        entity=ENTITIES[kind].__name__,
        path=operation.path,
        items=where or None,
        key=key.name,
        fields=fields,
        page=paging.guess(operation, operation.answer, where or None),
        params=params,
        since=since,
        cursor=cursor.name if cursor else None,
        source=f"GET {operation.path}" + (f" ({operation.id})" if re.fullmatch(r"[\w.:/-]+", operation.id) else ""),
        scopes=_readable(operation.scopes),
        left_out=left,
    )


def _class_name(singular: str) -> str:
    """A name that hides neither the entity that the record becomes nor a name of the SDK."""
    name = "".join(word.capitalize() for word in words(singular))
    taken = {entity.__name__ for entity in ENTITIES.values()} | {*vaiven_sdk.__all__, "Settings", "Field"}
    name = f"The{name}" if name[:1].isdigit() else name
    return f"{name}Record" if name in taken else name


def _last(path: str) -> str:
    parts = [re.sub(r"\.(json|xml)$", "", part) for part in path.split("/") if part and not part.startswith("{")]
    while len(parts) > 1 and "".join(words(parts[-1])) in {"list", "all", "search", "query", "find", "getall"}:
        parts.pop()
    last = parts[-1] if parts else ""
    return re.sub(r"(?<=\w)[_-]?list$", "", last, flags=re.IGNORECASE) if len(words(last)) > 1 else last


def _singular(name: str) -> str:
    low = name.lower()
    if low == "people":
        return "person"
    if low.endswith("ies"):
        return name[:-3] + "y"
    return name[:-1] if low.endswith("s") and not low.endswith("ss") else name


def _arrays(schema: Mapping[str, Any], way: str = "", depth: int = 0) -> Iterator[tuple[str, Mapping[str, Any]]]:
    inner = items(schema)
    if inner is not None:
        if inner.get("properties"):
            yield way, inner
        return
    for name, one in properties(schema).items():
        if depth < 3 and name.lower() not in _NO_RECORDS and "." not in name and plain(name):
            yield from _arrays(one, f"{way}.{name}" if way else name, depth + 1)


def _pick(answer: Mapping[str, Any], last: str) -> tuple[str, Mapping[str, Any]] | None:
    """The array that holds the records: the one called like the list, or like such arrays are, or the only one."""
    found = list(_arrays(answer))
    wanted = ["".join(words(last)), "".join(words(_singular(last))), *_ARRAYS]

    def rank(one: tuple[str, Any]) -> tuple[int, int]:
        name = "".join(words(one[0].rpartition(".")[2]))
        return (one[0].count("."), wanted.index(name) if name in wanted else 99)

    named = [one for one in found if rank(one)[1] < 99 or not one[0]]
    shallow = [one for one in found if "." not in one[0]]
    pool = named or (shallow if len(shallow) == 1 else [])
    return min(pool, key=rank) if pool else None


def _constants(operation: Operation) -> dict[str, str] | str:
    """Values for the query parameters that the vendor insists on; a reason when there is none for one of them."""
    found: dict[str, str] = {}
    paged = set(paging._SIZE + paging._NUMBER + paging._OFFSET)  # noqa: SLF001 - the rule sends these
    for one in operation.parameters:
        if one.where != "query" or not one.required or "".join(words(one.name)) in paged:
            continue
        value = next((one.schema[k] for k in ("default", "example") if isinstance(one.schema.get(k), str | int)), None)
        if value is None or isinstance(value, bool) or not plain(one.name):
            return f"the vendor insists on the parameter `{one.name}`, and the description gives no value for it"
        found[one.name] = _quoted(str(value))
    return found


def _quoted(text: str) -> str:
    return re.sub(r'["\\\n{}]', "", text)


def _since(operation: Operation) -> str | None:
    by_name = {
        "".join(words(one.name)): one.name for one in operation.parameters if one.where == "query" and plain(one.name)
    }
    return next((by_name[name] for name in _SINCE if name in by_name), None)


def _readable(scopes: tuple[str, ...]) -> tuple[str, ...]:
    """The narrowest scopes: those for reading where there are some."""
    clean = [scope for scope in scopes if re.fullmatch(r"[\w.:/-]{1,200}", scope)]
    reading = [scope for scope in clean if "read" in scope.lower() and "write" not in scope.lower()]
    return tuple((reading or [s for s in clean if not re.search(r"write|admin|manage|delete", s.lower())])[:1])
