"""AWS Signature Version 4, for APIs behind AWS: S3, Amazon's own, and API Gateway with IAM."""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from vaiven_sdk.auth.base import Auth, Input, Outgoing, filled
from vaiven_sdk.config import check_slots

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaiven_sdk.config import Config


@dataclass(frozen=True, slots=True)
class AwsSigV4(Auth):
    """AWS Signature Version 4.

    Source: https://docs.aws.amazon.com/general/latest/gr/sigv4-create-canonical-request.html, 2026-11-25.

    Args:
        service: as AWS names it in signatures: `s3`, `execute-api`, `ses`.
        region: as `eu-central-1` or `{config.region}`.
    """

    service: str
    region: str = "{config.region}"
    kind: ClassVar[str] = "aws_sigv4"

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The access key; a session token only with temporary keys."""
        return (
            Input("access_key_id", "Access key ID", secret=False),
            Input("secret_access_key", "Secret access key"),
            Input("session_token", "Session token", "Only with temporary keys.", required=False),
        )

    def check(self, config: type[Config], where: str) -> None:
        """Refuse a region that nothing fills."""
        check_slots(self.region, config, where)

    def sign(self, request: Outgoing, credential: Mapping[str, str], config: Config) -> None:
        """Sign with the time of now; the query is rewritten to the form that is signed."""
        region = filled(self.region, {}, config) or ""
        at = datetime.fromtimestamp(time.time(), UTC).strftime("%Y%m%dT%H%M%SZ")
        parts = urlsplit(request.url)
        query = _query(parts.query)
        request.url = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
        request.headers["host"] = request.headers.get("host") or parts.netloc
        request.headers["x-amz-date"] = at
        payload = hashlib.sha256(request.body).hexdigest()
        if self.service == "s3":
            request.headers["x-amz-content-sha256"] = payload
        if token := credential.get("session_token"):
            request.headers["x-amz-security-token"] = token
        signed = sorted(n for n in request.headers if n in {"host", "content-type"} or n.startswith("x-amz-"))
        lines = "".join(f"{name}:{' '.join(request.headers[name].split())}\n" for name in signed)
        path = parts.path or "/" if self.service == "s3" else quote(_straight(parts.path), safe="/~")
        names = ";".join(signed)
        canonical = f"{request.method}\n{path}\n{query}\n{lines}\n{names}\n{payload}"
        scope = f"{at[:8]}/{region}/{self.service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"AWS4{credential['secret_access_key']}".encode()
        for step in scope.split("/"):
            key = hmac.digest(key, step.encode(), "sha256")
        request.headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credential['access_key_id']}/{scope}, SignedHeaders={names}, "
            f"Signature={hmac.new(key, text.encode(), 'sha256').hexdigest()}"
        )


def _query(query: str) -> str:
    """Sorted, each character but the unreserved ones percent-encoded; a plus sign has meant a blank."""
    pairs = [(quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(query, keep_blank_values=True)]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _straight(path: str) -> str:
    """Without empty and dot segments (RFC 3986 5.2.4)."""
    found: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del found[-1:]
        elif segment not in {"", "."}:
            found.append(segment)
    return f"/{'/'.join(found)}{'/' if found and path.endswith('/') else ''}"
