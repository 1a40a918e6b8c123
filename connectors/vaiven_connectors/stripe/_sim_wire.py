"""What goes over Stripe's wire: form-encoded parameters in, typed errors out."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]

DOCS = "https://docs.stripe.com/error-codes/"
METADATA_KEYS, METADATA_KEY, METADATA_VALUE = 50, 40, 500
"""Keys per object, characters per key and per value (https://docs.stripe.com/metadata, 2026-11-22)."""
CURRENCIES = frozenset(
    """
    usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bif bmd bnd bob brl bsd bwp byn bzd cad
    cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd
    hnl htg huf idr ils inr isk jmd jpy kes kgs khr kmf krw kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd
    mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln pyg qar ron rsd
    rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah ugx uyu uzs vnd
    vuv wst xaf xcd xof xpf yer zar zmw bhd jod kwd omr tnd
    """.split()
)
"""Presentment currencies of https://docs.stripe.com/currencies (2026-11-22)."""
ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split())
"""Currencies without a minor unit (https://docs.stripe.com/currencies#zero-decimal, 2026-11-22)."""


class StripeError(ValueError):
    """An error as Stripe answers it: HTTP status and the fields of the `error` object.

    `began` says whether the endpoint had begun to execute: only then is the answer kept under the
    idempotency key
    (https://docs.stripe.com/api/idempotent_requests, 2026-11-22).
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
        began: bool = True,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.began = began
        self.headers: dict[str, str] = {}
        found = {"code": code, "message": message, "param": param, "type": kind, **more}
        self.body: Json = {name: value for name, value in found.items() if value is not None}
        if code:
            self.body["doc_url"] = DOCS + code.replace("_", "-")


def bad(message: str, *, code: str | None = None, param: str | None = None) -> StripeError:
    """A parameter that fails validation: 400, nothing was executed."""
    return StripeError(400, message, code=code, param=param, began=False)


def empty(param: str) -> StripeError:
    """A parameter that '' cannot unset."""
    return bad(
        f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset a "
        "parameter; "
        f"however '{param}' cannot be unset. You should remove '{param}' from your request or supply a "
        "non-empty value.",
        code="parameter_invalid_empty",
        param=param,
    )


def missing(noun: str, ident: str, param: str = "id") -> StripeError:
    """An unknown id: 404 when it is in the path, 400 when a parameter refers to it."""
    return StripeError(
        404 if param == "id" else 400, f"No such {noun}: '{ident}'", code="resource_missing", param=param
    )


def tree(text: str) -> Json:
    """Parse `a[b][0][c]=x&d[]=y` into nested dicts, in which list positions are keys."""
    root: Json = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        head, *rest = re.split(r"\[", name)
        keys = [head, *(part.removesuffix("]") for part in rest)]
        node = root
        for key, following in pairwise(keys):
            slot = key
            if key == "":
                last = str(len(node) - 1)
                again = (
                    last in node and following != "" and isinstance(node[last], dict) and following not in node[last]
                )
                slot = last if again else str(len(node))
            inner = node.get(slot)
            if not isinstance(inner, dict):
                inner = node[slot] = {}
            node = inner
        node[keys[-1] or str(len(node))] = value
    return root


def check(given: Mapping[str, Any], spec: Mapping[str, Any], at: str = "") -> Json:
    """Validate and convert `given` by `spec`, answering in Stripe's own words.

    A spec is a dict of parameter -> type: `str`, `int`, `bool`, `meta`, `currency`, `time`, an enum `a|b`, a
    dict (hash), a one-element list (array), or a tuple of a scalar and a hash. `!` after a name makes it
    required;
    `?` after a type other than `str` lets '' unset it.
    """
    known = {name.removesuffix("!"): kind for name, kind in spec.items()}
    unknown = [name for name in given if name not in known]
    if unknown:
        names = ", ".join(_path(at, name) for name in unknown)
        plural = "s" if len(unknown) > 1 else ""
        raise bad(
            f"Received unknown parameter{plural}: {names}",
            code="parameter_unknown",
            param=_path(at, unknown[0]),
        )
    for name in spec:
        param = _path(at, name.removesuffix("!"))
        if name.endswith("!") and given.get(name[:-1]) == "":
            raise empty(param)
        if name.endswith("!") and name[:-1] not in given:
            raise bad(f"Missing required param: {param}.", code="parameter_missing", param=param)
    return {name: _convert(value, known[name], _path(at, name)) for name, value in given.items()}


def _path(at: str, name: str) -> str:
    return f"{at}[{name}]" if at else name


def _convert(value: Any, kind: Any, param: str) -> Any:
    if isinstance(kind, tuple):
        kind = kind[1] if isinstance(value, dict) else kind[0]
    if kind == "meta":
        return _metadata(value, param)
    if isinstance(kind, dict):
        if value == "":
            return None
        if not isinstance(value, dict):
            raise bad("Invalid object", param=param)
        return check(value, kind, param)
    if isinstance(kind, list):
        if value == "":
            return []
        if not isinstance(value, dict) or not all(key.isdigit() for key in value):
            raise bad("Invalid array", param=param)
        return [
            _convert(item, kind[0], f"{param}[{n}]") for n, item in sorted(value.items(), key=lambda kv: int(kv[0]))
        ]
    if not isinstance(value, str):
        raise bad("Invalid string: {...}", param=param)
    return _scalar(value, kind, param)


def _scalar(value: str, kind: str, param: str) -> Any:
    if value == "":
        if kind == "str" or kind.endswith("?"):
            return None
        raise empty(param)
    kind = kind.removesuffix("?")
    if kind in {"int", "time"}:
        if kind == "time" and value == "now":
            return value
        if not re.fullmatch(r"-?\d{1,15}", value):
            raise bad(f"Invalid integer: {value}", code="parameter_invalid_integer", param=param)
        return int(value)
    if kind == "bool":
        if value not in {"true", "false"}:
            raise bad(f"Invalid boolean: {value}", param=param)
        return value == "true"
    if kind == "currency":
        if value.lower() not in CURRENCIES:
            raise bad(f"Invalid currency: {value.lower()}.", param=param)
        return value.lower()
    if "|" in kind and value not in kind.split("|"):
        *first, last = kind.split("|")
        raise bad(f"Invalid {param}: must be one of {', '.join(first)}, or {last}", param=param)
    return value


def _metadata(value: Any, param: str) -> dict[str, str]:
    if value == "":
        return {"": ""}
    if not isinstance(value, dict):
        raise bad("Invalid object", param=param)
    for key, text in value.items():
        if not isinstance(text, str):
            raise bad("Invalid string: {...}", param=f"{param}[{key}]")
        if len(key) > METADATA_KEY:
            raise bad(
                f"Metadata keys can have up to {METADATA_KEY} characters, but you passed in a key "
                f"that is {len(key)} "
                f"characters. Invalid key: {key}",
                param=param,
            )
        if len(text) > METADATA_VALUE:
            raise bad(
                f"Metadata values can have up to {METADATA_VALUE} characters, but you passed in a "
                "value that is "
                f"{len(text)} characters. Invalid value: {text}",
                param=f"{param}[{key}]",
            )
    return dict(value)


def merge_metadata(held: Mapping[str, str], given: Mapping[str, str] | None) -> dict[str, str]:
    """Apply a metadata parameter: keys not named stay, '' unsets a key, '' for the whole unsets all."""
    if given is None:
        return dict(held)
    if given == {"": ""}:
        return {}
    merged = {key: text for key, text in {**held, **given}.items() if text != ""}
    if len(merged) > METADATA_KEYS:
        raise bad(
            f"You can only set up to {METADATA_KEYS} metadata keys; this object would have {len(merged)}.",
            param="metadata",
        )
    return merged
