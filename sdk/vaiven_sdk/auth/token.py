"""What a token address answers, read as the vendor writes it, and what its refusal means."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from vaiven_sdk.config import SETTING
from vaiven_sdk.errors import (
    AnswerMalformed,
    ReconnectRequired,
    RequestRefused,
    VaivenError,
    VendorBusy,
    VendorDown,
)
from vaiven_sdk.limits import retry_after

if TYPE_CHECKING:
    from vaiven_sdk.http import Answer

ABSURD = 10 * 365 * 86_400
"""Seconds: a token that is said to live longer is taken to be of unknown life."""
_OURS = {"invalid_request", "unsupported_grant_type", "invalid_scope", "unsupported_response_type"}
_LATER = {"temporarily_unavailable", "server_error"}


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """Where a token answer holds what; the defaults are RFC 6749's.

    A path goes down objects by dots, as in `authed_user.access_token`.

    Args:
        token: path of the token; empty when the whole body is the token, as text or as a JSON string.
        header: the answer's header that holds the token, instead of its body.
        refresh_token: path of the refresh token. One that comes replaces the one we have; without one, ours stays.
        expires: path of the token's life.
        expires_as: what stands there: seconds or milliseconds to live, or the instant of its end as an epoch in
            seconds or milliseconds or as ISO 8601.
        lasts: seconds that a token lives when the answer does not say, or says nonsense (nothing, less than nothing,
            over ten years). 0: unknown; then it is used until it is refused.
        scope: path of the scopes that were granted: a text, or a list.
        settings: settings of the connection that the answer tells (the address of the customer's own server): by name
            of the setting, the path or a function of the decoded answer. Each fills a setting that is empty.
    """

    token: str = "access_token"  # noqa: S105 - a path
    header: str = ""
    refresh_token: str = "refresh_token"  # noqa: S105 - a path
    expires: str = "expires_in"
    expires_as: Literal["seconds", "milliseconds", "epoch", "epoch_ms", "iso"] = "seconds"
    lasts: float = 0.0
    scope: str = "scope"
    settings: Mapping[str, str | Callable[[Any], object]] = field(default_factory=dict)

    def read(self, answer: Answer, *, name: str = "access_token") -> dict[str, str]:
        """The values that the answer brings: the token under `name`, `refresh_token`, `expires_at`, `scope`.

        Raises:
            ReconnectRequired: it is a refusal, whatever its status.
            AnswerMalformed: there is no token in it.
        """
        body = _decoded(answer)
        if answer.status >= 400:
            raise refusal(answer.status, body, answer.headers)
        token = answer.headers.get(self.header.lower(), "") if self.header else self._token(answer, body)
        if not token:
            if isinstance(body, dict) and (body.get("error") or body.get("ok") is False):
                raise refusal(400, body, answer.headers)  # some vendors refuse with status 200
            if isinstance(body, dict) and body.get("errors"):
                raise refusal(400, body, answer.headers)
            raise AnswerMalformed(
                "The token address gave no token.", why=f"nothing stands at {self.token or 'its body'}"
            )
        if not (token.isascii() and token.isprintable()):
            raise AnswerMalformed("The token address gave a token that no header can hold.")
        found = {name: token, "expires_at": self._end(body, datetime.fromtimestamp(time.time(), UTC))}
        for setting, at in self.settings.items():
            if told := _text(at(body) if callable(at) else dig(body, at)):
                found[SETTING + setting] = told
        refresh, scope = _text(dig(body, self.refresh_token)), _scope(dig(body, self.scope))
        return found | ({"refresh_token": refresh} if refresh else {}) | ({"scope": scope} if scope else {})

    def _token(self, answer: Answer, body: Any) -> str:
        if self.token:
            return _text(dig(body, self.token))
        return body if isinstance(body, str) else answer.content.decode("utf-8", "replace").strip()

    def _end(self, body: Any, now: datetime) -> str:
        """ISO 8601 of when the token ends; empty when that is not known."""
        given = dig(body, self.expires)
        end = instant(given) if self.expires_as == "iso" else None
        if self.expires_as != "iso" and (number := _number(given)) is not None:
            number /= 1000 if self.expires_as in {"milliseconds", "epoch_ms"} else 1
            left = number - now.timestamp() if self.expires_as.startswith("epoch") else number
            end = now + timedelta(seconds=left) if 0 < left <= ABSURD else None
        if end is None and self.lasts:
            end = now + timedelta(seconds=self.lasts)
        return end.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if end else ""


def refusal(status: int, body: Any, headers: Mapping[str, str]) -> VaivenError:
    """What a token address means by not giving a token."""
    code, why = _code(body), _why(body) or f"HTTP {status}"
    if status == 429:
        return VendorBusy(
            "The token address asks to slow down.", why=why, retry_after=retry_after(headers.get("retry-after"))
        )
    if status >= 500 or status == 408 or code in _LATER:
        return VendorDown("The token address failed.", why=why)
    if code in _OURS or status not in {400, 401, 403}:
        return RequestRefused("The token address refused the request.", why=why, status=status, body=body)
    if code in {"invalid_client", "unauthorized_client"}:
        return ReconnectRequired(
            "The vendor does not accept the application's own credential.",
            why=why,
            remedy="Check the client id, and its secret or key, at the vendor; then connect again.",
        )
    return ReconnectRequired("The vendor gives no new token.", why=why)


def instant(text: object) -> datetime | None:
    """The instant that a stored or answered text names: ISO 8601, or seconds since 1970; None when it names none."""
    if not isinstance(text, (str, int, float)) or isinstance(text, bool):
        return None
    number = _number(text)
    try:
        if number is not None:
            return datetime.fromtimestamp(number, UTC)
        found = datetime.fromisoformat(str(text))
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def dig(node: Any, path: str) -> Any:
    """What stands at a dotted path of objects and lists; None when nothing does."""
    for part in path.split(".") if path else ():
        if isinstance(node, dict):
            node = node.get(part)
        elif isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            return None
    return node


def _decoded(answer: Answer) -> Any:
    """JSON, or the form that older vendors answer with."""
    try:
        return msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    from urllib.parse import parse_qsl  # noqa: PLC0415 - rarely needed

    text = answer.content.decode("utf-8", "replace")
    return dict(parse_qsl(text)) if re.match(r"[\w.-]+=", text) else None


def _number(given: Any) -> float | None:
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        return None
    try:
        number = float(given)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _text(given: Any) -> str:
    return str(given) if isinstance(given, (str, int)) and not isinstance(given, bool) else ""


def _scope(given: Any) -> str:
    parts = given if isinstance(given, list) else re.split(r"[\s,]+", given) if isinstance(given, str) else []
    return " ".join(str(part) for part in parts if part)


def _code(body: Any) -> str:
    found = body.get("error") if isinstance(body, dict) else None
    return found if isinstance(found, str) else ""


def _why(body: Any) -> str:
    from vaiven_sdk.http._problem import reason  # noqa: PLC0415 - `http` needs this package first

    code, said = _code(body), reason(body)
    return f"{code}: {said}" if code and said and said != code else said or code
