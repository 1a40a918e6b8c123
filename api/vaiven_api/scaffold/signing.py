"""Ways to sign in, from a description's security schemes or from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vaiven_api.scaffold.draft import Way

if TYPE_CHECKING:
    from collections.abc import Mapping

AUTHS = ("bearer", "basic", "api_key", "oauth2")
"""What `--auth` takes."""


def named(kind: str, slug: str) -> Way:
    """The way that `--auth` names, with placeholders where a vendor's own words are needed."""
    if kind == "basic":
        return _basic(slug, "asked for with --auth")
    if kind == "api_key":
        return _key(slug, {"in": "header", "name": "X-Api-Key"}, "asked for with --auth")
    if kind == "oauth2":
        host = f"https://{slug.replace('_', '-')}.example"
        flow = {"authorizationUrl": f"{host}/oauth/authorize", "tokenUrl": f"{host}/oauth/token"}
        way, _ = _oauth(slug, {"authorizationCode": flow}, "asked for with --auth: its addresses are placeholders")
        return way or _bearer(slug, "asked for with --auth")
    return _bearer(slug, "asked for with --auth")


def ways_of(schemes: Mapping[str, Mapping[str, Any]], slug: str) -> tuple[list[Way], list[str]]:
    """The ways that a description names, preferred first, and a line for each that could not be drafted."""
    found: list[Way] = []
    undone: list[str] = []
    for name, scheme in schemes.items():
        kind, why = scheme.get("type"), f"security scheme `{name}`"
        form = str(scheme.get("scheme", "")).lower()
        if kind == "http" and form == "bearer":
            found.append(_bearer(slug, why))
        elif kind == "http" and form == "basic":
            found.append(_basic(slug, why))
        elif kind == "apiKey" and scheme.get("in") in {"header", "query"} and scheme.get("name"):
            found.append(_key(slug, scheme, why))
        elif kind == "oauth2":
            way, problem = _oauth(slug, scheme.get("flows") or {}, why)
            if way:
                found.append(way)
            else:
                undone.append(f"{why}: {problem}")
        else:
            undone.append(f"{why}: {kind} {form or scheme.get('in', '')} is not drafted".replace("  ", " "))
    if not found:
        undone.append("no way to sign in could be drafted; a bearer token stands in its place")
        found.append(_bearer(slug, "a guess"))
    # One credential's field must not mean two things.
    unique = {way.code: way for way in found}
    return sorted(unique.values(), key=lambda way: way.name == "OAuth2")[:3], undone


def _bearer(slug: str, why: str) -> Way:
    return Way("Bearer()", "Bearer", f'BearerAccess("{slug}-test-token")', "BearerAccess", ("token",), why)


def _basic(slug: str, why: str) -> Way:
    return Way("Basic()", "Basic", f'BasicAccess("{slug}-test-key")', "BasicAccess", ("api_key",), why)


def _key(slug: str, scheme: Mapping[str, Any], why: str) -> Way:
    name = _quoted(str(scheme["name"]))
    if scheme["in"] == "query":
        access = f'KeyAccess("{slug}-test-key", query="{name}")'
        return Way(f'ApiKey(param="{name}")', "ApiKey", access, "KeyAccess", ("api_key",), why)
    access = f'KeyAccess("{slug}-test-key", header="{name.lower()}")'
    return Way(f'ApiKey(header="{name}")', "ApiKey", access, "KeyAccess", ("api_key",), why)


def _oauth(slug: str, flows: Mapping[str, Any], why: str) -> tuple[Way | None, str]:
    flow = flows.get("authorizationCode")
    if not isinstance(flow, dict):
        return None, f"the flow {', '.join(flows) or 'is not named and'} is not drafted"
    page, token = str(flow.get("authorizationUrl") or ""), str(flow.get("tokenUrl") or "")
    if not (page.startswith("https://") and token.startswith("https://")) or "{" in page + token:
        return None, "its addresses are not whole https addresses"
    code = f'OAuth2(authorize_url="{_quoted(page)}", token_url="{_quoted(token)}")'
    access = f'BearerAccess("{slug}-test-token", field="access_token")'
    return Way(code, "OAuth2", access, "BearerAccess", ("access_token",), why), ""


def _quoted(text: str) -> str:
    return text.replace("\\", "").replace('"', "").replace("\n", " ")
