"""Which paging rule a list has, guessed from its parameters and from what its answer holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaiven_api.scaffold.description import plain, properties, words
from vaiven_api.scaffold.draft import Paging

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from vaiven_api.scaffold.description import Operation, Parameter

_SIZE = "limit pagesize perpage pagelimit maxresults count size resultsperpage itemsperpage maxitems".split()
_CURSOR = (
    "cursor pagecursor after pageafter pagetoken nextpagetoken nexttoken nextcursor continuationtoken paginationtoken"
    " startafter scrollid marker bookmark"
).split()
_AT = (
    "nextcursor nextpagetoken nexttoken endcursor cursornext pagingcursorsafter cursorsafter pagingnextafter nextafter"
    " continuationtoken nextpagecursor scrollid marker bookmark cursor after"
).split()
_OFFSET = "offset skip start startindex pageoffset".split()
_NUMBER = "page pagenumber pagenum pageno currentpage pageindex".split()
_LAST = "startingafter afterid sinceid lastid".split()
_MORE = "hasmore hasnext hasnextpage hasmoreitems more ismore".split()
_URL = "next nexturl nextlink linksnext nextpageurl nextpage pagingnext nexthref".split()
_TOTAL = "total totalcount totalitems totalresults totalrecords totalsize recordcount count".split()
_DEFAULT_SIZE = 100


def guess(operation: Operation, answer: Mapping[str, Any], items: str | None) -> Paging:
    """The paging rule of a list, with the evidence for it.

    Args:
        operation: the list.
        answer: schema of its answer.
        items: path of the records in it; None when the answer is the array.
    """
    query = [one for one in operation.parameters if one.where == "query"]
    found = {} if items is None else dict(_leaves(answer, items))
    sizing = _first(query, _SIZE)
    size = _size(sizing)
    token, last = _first(query, _CURSOR), _first(query, _LAST)
    offset, number = _first(query, _OFFSET), _first(query, _NUMBER)
    if offset and offset.schema.get("type") == "string":
        # Some vendors call an opaque token so.
        token, offset = token or offset, None
    named = next((p for p in found if token and p.rpartition(".")[2] == token.name and "next" in p.lower()), None)
    at, more, url = _path(found, _AT, "string"), _path(found, _MORE, "boolean"), _path(found, _URL, "string")
    total = _path(found, _TOTAL, "integer")
    sized = f', size={size}, size_param="{sizing.name}"' if sizing else f", size={size}"
    cut = (f'size_param="{sizing.name}"' if sizing else "size_param=None", f"size={size}", f"most={size}")
    at = named or at
    if token and at:
        why = f"parameter `{token.name}` and `{at}` in the answer"
        code = f'Page.cursor("{token.name}", at="{at}"{sized})'
        return Paging(code, f'ByCursor("{token.name}")', "ByCursor", (f'next="{at}"', *cut), why)
    if last and more:
        why = f"parameter `{last.name}` and `{more}` in the answer"
        code = f'Page.last_id("{last.name}", more="{more}"{sized})'
        by = f'ByKey("{last.name}", self.{{table}}.find_entry)'
        return Paging(code, by, "ByKey", (f'more="{more}"', *cut), why)
    if url and (token or number or offset or sizing or _addressed(found[url])):
        by, name = _by(token, number, offset)
        code = f'Page.next_url(at="{url}"{sized})'
        return Paging(code, by, name, (f'next_url="{url}"', *cut), f"`{url}` in the answer")
    if offset and sizing:
        return _offset(offset.name, sizing.name, size, total, cut)
    if number:
        return _numbered(number, sized, cut, {"total": total, "more": more})
    if operation.links:
        by, name = _by(token, number, offset)
        code = f"Page.link_header({sized.removeprefix(', ')})"
        return Paging(code, by, name, ("link=True", *cut), "a `Link` header in the answer")
    return Paging("", "", "", (), "nothing in the description: one page is read")


def _offset(param: str, size_param: str, size: int, total: str | None, cut: tuple[str, ...]) -> Paging:
    ends = f', total="{total}"' if total else ""
    told = f" and `{total}` in the answer" if total else ": ends at a page that is not full"
    code = f'Page.offset(size={size}{ends}, param="{param}", size_param="{size_param}")'
    pages = (f'total="{total}"', *cut) if total else cut
    return Paging(code, f'ByOffset("{param}")', "ByOffset", pages, f"parameter `{param}`{told}")


def _numbered(number: Parameter, sized: str, cut: tuple[str, ...], ends: Mapping[str, str | None]) -> Paging:
    first = number.schema.get("default", number.schema.get("minimum", 1))
    start = 0 if first == 0 and not isinstance(first, bool) else 1
    begun = ", first=0" if start == 0 else ""
    kind = next((name for name in ("total", "more") if ends[name]), None)
    end = f', {kind}="{ends[kind]}"' if kind else ""
    said = f"`{ends[kind]}` in the answer" if kind else "a page that is not full ends it"
    by = f'ByNumber("{number.name}"{begun})'
    told = (f'{kind}="{ends[kind]}"',) if kind else ()
    return Paging(
        f'Page.number("{number.name}"{sized}{begun}{end})',
        by,
        "ByNumber",
        (*told, *cut),
        f"parameter `{number.name}`, {said}",
    )


def _by(token: Parameter | None, number: Parameter | None, offset: Parameter | None) -> tuple[str, str]:
    if token:
        return f'ByCursor("{token.name}")', "ByCursor"
    if number:
        return f'ByNumber("{number.name}")', "ByNumber"
    return (f'ByOffset("{offset.name}")', "ByOffset") if offset else ('ByCursor("cursor")', "ByCursor")


def _addressed(schema: Mapping[str, Any]) -> bool:
    return schema.get("format") in {"uri", "url", "uri-reference"}


def _size(parameter: Parameter | None) -> int:
    if parameter is None:
        return _DEFAULT_SIZE
    for key in ("maximum", "default"):
        value = parameter.schema.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and 1 < value <= 1000:
            return value
    return _DEFAULT_SIZE


def _first(query: list[Parameter], names: list[str]) -> Parameter | None:
    by_name = {"".join(words(one.name)): one for one in query if plain(one.name)}
    return next((by_name[name] for name in names if name in by_name), None)


def _leaves(
    schema: Mapping[str, Any], items: str, way: str = "", depth: int = 0
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Paths of the answer's single values, without the records themselves."""
    for name, inner in properties(schema).items():
        path = f"{way}.{name}" if way else name
        if "." in name or not plain(name) or path == items:
            continue
        if inner.get("properties") and depth < 3:
            yield from _leaves(inner, items, path, depth + 1)
        elif inner.get("type") not in {"array", "object"}:
            yield path, inner


def _path(found: Mapping[str, Mapping[str, Any]], names: list[str], kind: str) -> str | None:
    ranked = []
    for path, schema in found.items():
        told = schema.get("type")
        if (
            told not in {kind, None}
            and not (kind == "string" and told == "integer")
            and not (kind == "integer" and told == "number")
        ):
            continue
        whole, tail = "".join(words(path)), "".join(words(path.rpartition(".")[2]))
        for rank, name in enumerate(names):
            if name in {whole, tail}:
                ranked.append((rank, path.count("."), path))
    return min(ranked)[2] if ranked else None
