"""How Graph says no, and how it is asked: errors in its envelope, and parameters that are JSON in text.

Codes, subcodes and the envelope: developers.facebook.com/docs/graph-api/guides/error-handling and
/docs/marketing-api/error-reference. Sentences that no page of Meta prints are quoted from public bug reports, each
named beside its error. Read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec

from vaiven_sdk.testing import Call, Refusal
from vaiven_sdk.testing.ids import LETTERS

Json = dict[str, Any]

DOCS = "https://developers.facebook.com/docs/graph-api"


def graph_error(
    code: int,
    message: str,
    *,
    status: int = 400,
    subcode: int | None = None,
    kind: str = "OAuthException",
    title: str = "",
    user_msg: str = "",
    transient: bool | None = None,
    blame: Sequence[str] = (),
) -> Refusal:
    """A refusal with Graph's own words.

    Args:
        code: of the error.
        message: for developers; Graph puts `(#code)` before most of them.
        status: HTTP status, 400 for nearly all.
        subcode: tells errors of one code apart.
        kind: `type` of the envelope.
        title: for the person at the screen.
        user_msg: for the same person.
        transient: whether the same request may be sent again.
        blame: paths of the parameters at fault, in `error_data`.
    """
    about: Json = {"code": code, "type": kind, "message": message}
    if subcode is not None:
        about["error_subcode"] = subcode
    if transient is not None or title:
        about["is_transient"] = bool(transient)
    if title:
        about |= {"error_user_title": title, "error_user_msg": user_msg}
    if blame:
        about["error_data"] = {"blame_field_specs": [[name] for name in blame]}
    return Refusal("other", message, status=status, code=str(code), about=about)


def parameter(message: str, *blame: str) -> Refusal:
    """`(#100)`: a parameter that is missing, of another type or out of bounds."""
    return graph_error(100, f"(#100) {message}", blame=blame)


def invalid(subcode: int, title: str, user_msg: str, *blame: str) -> Refusal:
    """`Invalid parameter` with a subcode and a sentence for people, as rules of advertising are told."""
    return graph_error(100, "Invalid parameter", subcode=subcode, title=title, user_msg=user_msg, blame=blame)


def unsupported(method: str, key: str) -> Refusal:
    """No such object, or none that this token may see: Graph does not say which."""
    return graph_error(
        100,
        f"Unsupported {method.lower()} request. Object with ID '{key}' does not exist, cannot be loaded due to missing "
        f"permissions, or does not support this operation. Please read the Graph API documentation at {DOCS}",
        subcode=33,
        kind="GraphMethodException",
    )


def nonexisting(name: str, node_type: str) -> Refusal:
    """A field or an edge that the node does not have (bug report pdir/social-feed-bundle#153)."""
    return parameter(f"Tried accessing nonexisting field ({name}) on node type ({node_type})")


def too_much() -> Refusal:
    """More than Graph wants to compute at once (HTTP 500 in facebook-python-business-sdk#470 and airbyte#38025)."""
    message = "Please reduce the amount of data you're asking for, then retry your request"
    return Refusal("other", message, status=500, code="1", about={"code": 1, "message": message})


def body_of(refusal: Refusal, chance: Random) -> Json:
    """The envelope; what the toolkit refuses by itself gets Graph's nearest words."""
    about = dict(refusal.about)
    if "code" not in about:
        about = {"message": f"(#100) {refusal.message}", "type": "OAuthException", "code": 100}
        if refusal.kind in {"no_route", "wrong_method"}:
            about |= {"message": f"Unknown path components: {refusal.message}", "code": 2500}
    if about["code"] != 1:
        about["fbtrace_id"] = trace_id(chance)
    names = "message type code error_data error_subcode is_transient error_user_title error_user_msg fbtrace_id".split()
    return {"error": {name: about[name] for name in names if name in about}}


def trace_id(chance: Random) -> str:
    """What Meta's support asks for."""
    return "A" + "".join(chance.choices(f"{LETTERS}-_", k=22))


@dataclass
class Ask:
    """One request as a node or an edge sees it.

    Args:
        call: as it came.
        method: GET, POST or DELETE; `method` among the parameters stands in for another one.
        version: `v26.0`.
        node: id or name in the path.
        edge: behind it; empty for the node itself.
        given: parameters of query and body together.
        user: who the token belongs to, or which page.
        scopes: what it may do.
        inner: a part of another answer, asked for by field expansion.
    """

    call: Call
    method: str
    version: str
    node: str
    edge: str
    given: Json = field(default_factory=dict)
    user: str = ""
    page: str = ""
    scopes: frozenset[str] = frozenset()
    inner: bool = False

    def raw(self, name: str) -> Any:
        """A parameter; text that looks like JSON is decoded, and an empty one is none."""
        value = self.given.get(name)
        if isinstance(value, str) and value[:1] in {"[", "{"}:
            try:
                return msgspec.json.decode(value)
            except msgspec.DecodeError:
                raise parameter(f"param {name} must be valid JSON", name) from None
        return None if value == "" else value

    def text(self, name: str, default: str = "") -> str:
        """A parameter as text."""
        value = self.raw(name)
        return default if value is None else str(value)

    def number(self, name: str) -> int | None:
        """A whole number.

        Raises:
            Refusal: `(#100)`.
        """
        value = self.raw(name)
        if value is None:
            return None
        try:
            return int(str(value))
        except ValueError:
            raise parameter(f"Param {name} must be an integer", name) from None

    def flag(self, name: str) -> bool:
        """A boolean, false when it is absent."""
        return str(self.raw(name) or "").lower() in {"true", "1"}

    def listed(self, name: str) -> list[Any]:
        """A list: JSON, or text with commas."""
        value = self.raw(name)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        return [part.strip() for part in str(value).split(",") if part.strip()]

    def mapping(self, name: str) -> Mapping[str, Any] | None:
        """An object.

        Raises:
            Refusal: `(#100)`.
        """
        value = self.raw(name)
        if value is not None and not isinstance(value, dict):
            raise parameter(f"param {name} must be a JSON object", name)
        return value

    def within(self, node: str, edge: str, given: Mapping[str, Any]) -> Ask:
        """The same caller asks for a part of this answer."""
        return Ask(
            self.call, "GET", self.version, node, edge, dict(given), self.user, self.page, self.scopes, inner=True
        )


def parameters(call: Call) -> Json:
    """Query and body as one set of parameters; Graph does not mind where one stands.

    Raises:
        Refusal: a body that is neither a form nor a JSON object.
    """
    given: Json = {name: values[-1] for name, values in call.query.items()}
    media = call.headers.get("content-type", "")
    if not call.raw:
        return given
    if "json" in media:
        body = call.json()
        if not isinstance(body, dict):
            raise parameter("the body must be a JSON object")
        return {**given, **body}
    return {**given, **call.form()}
