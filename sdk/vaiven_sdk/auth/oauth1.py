"""OAuth 1.0a (RFC 5849): each request is signed with the application's and the account's secret."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal
from urllib.parse import parse_qsl, urlsplit

from vaiven_sdk.auth.base import Auth, Input, Outgoing, filled
from vaiven_sdk.config import check_slots

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaiven_sdk.config import Config


@dataclass(frozen=True, slots=True)
class OAuth1(Auth):
    """OAuth 1.0a with an account's token and its secret, which never end.

    The customer gets the token from the vendor's own page for applications. Parameters of the query and of a form body
    are signed.

    Args:
        method: `HMAC-SHA1` or `HMAC-SHA256`.
        realm: for the Authorization header, as `{config.account}`; NetSuite wants it.
    """

    method: Literal["HMAC-SHA1", "HMAC-SHA256"] = "HMAC-SHA1"
    realm: str = ""
    kind: ClassVar[str] = "oauth1"

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Key and secret of the application, token and secret of the account."""
        return (
            Input("consumer_key", secret=False),
            Input("consumer_secret"),
            Input("token", secret=False),
            Input("token_secret"),
        )

    def check(self, config: type[Config], where: str) -> None:
        """Refuse a realm that nothing fills."""
        check_slots(self.realm, config, where)

    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Sign with a nonce and the time of now."""
        from authlib.common.security import generate_token  # noqa: PLC0415 - heavy, and few vendors still want it
        from authlib.oauth1.rfc5849.parameters import prepare_headers  # noqa: PLC0415

        mine = [
            ("oauth_consumer_key", credential["consumer_key"]),
            ("oauth_token", credential["token"]),
            ("oauth_signature_method", self.method),
            ("oauth_timestamp", str(int(time.time()))),
            ("oauth_nonce", generate_token(32)),
            ("oauth_version", "1.0"),
        ]
        text = _base_string(request, mine)
        mine.append(
            ("oauth_signature", self._signature(text, credential["consumer_secret"], credential["token_secret"]))
        )
        realm = filled(self.realm, {}, config)
        request.headers["authorization"] = prepare_headers(mine, {}, realm=realm)["Authorization"]

    def _signature(self, text: str, consumer_secret: str, token_secret: str) -> str:
        from authlib.oauth1.rfc5849.util import escape  # noqa: PLC0415

        key = f"{escape(consumer_secret)}&{escape(token_secret)}".encode()
        digest = hashlib.sha1 if self.method == "HMAC-SHA1" else hashlib.sha256
        return b64encode(hmac.new(key, text.encode(), digest).digest()).decode()


def _base_string(request: Outgoing, mine: list[tuple[str, str]]) -> str:
    """RFC 5849 3.4.1.

    Of authlib only the parts of it: its whole one leaves out a query's `realm` and decodes `oauth_...` values twice.
    """
    from authlib.oauth1.rfc5849.signature import normalize_base_string_uri, normalize_parameters  # noqa: PLC0415
    from authlib.oauth1.rfc5849.util import escape  # noqa: PLC0415

    given = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        given += parse_qsl(request.body.decode(), keep_blank_values=True)
    parts = (request.method, normalize_base_string_uri(request.url), normalize_parameters([*given, *mine]))
    return "&".join(escape(part) for part in parts)
