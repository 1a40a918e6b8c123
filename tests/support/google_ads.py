"""The published messages of Google Ads, as a description to watch a simulator by, and as a gRPC front for it.

The messages are those of the official client (google-ads), the paths those of the http annotations of the protos
(googleapis/googleapis google/ads/googleads/v25/services, 2026-08-22; the same from v23 to v26). Google's own client
speaks gRPC only: the front turns each call into the REST call that it stands for, over HTTP, and the answer back.
"""

from __future__ import annotations

import datetime as dt
import importlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from google.protobuf import json_format

from vaiven_sdk.testing.spec import Answered, Asked, Deviation

MUTATED = {
    "CampaignBudgets": "campaignBudgets",
    "Campaigns": "campaigns",
    "AdGroups": "adGroups",
    "AdGroupAds": "adGroupAds",
    "ConversionActions": "conversionActions",
    "UserLists": "userLists",
}
_CUSTOMER = "/customers/{customer_id}"
_JOB = "/customers/{customer_id}/offlineUserDataJobs/{job}"


@dataclass(frozen=True, slots=True)
class Method:
    """One method: its service and name in gRPC, the names of its messages, and its HTTP method and path."""

    name: str
    request: str
    response: str
    verb: str
    path: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """The path below the version."""
        return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/:]+)", re.escape(self.path)))


METHODS = (
    Method(
        "GoogleAdsService/Search",
        "SearchGoogleAdsRequest",
        "SearchGoogleAdsResponse",
        "POST",
        f"{_CUSTOMER}/googleAds:search",
    ),
    Method(
        "GoogleAdsService/SearchStream",
        "SearchGoogleAdsStreamRequest",
        "SearchGoogleAdsStreamResponse",
        "POST",
        f"{_CUSTOMER}/googleAds:searchStream",
    ),
    Method(
        "GoogleAdsService/Mutate",
        "MutateGoogleAdsRequest",
        "MutateGoogleAdsResponse",
        "POST",
        f"{_CUSTOMER}/googleAds:mutate",
    ),
    Method(
        "CustomerService/ListAccessibleCustomers",
        "ListAccessibleCustomersRequest",
        "ListAccessibleCustomersResponse",
        "GET",
        "/customers:listAccessibleCustomers",
    ),
    *(
        Method(
            f"{name.removesuffix('s')}Service/Mutate{name}",
            f"Mutate{name}Request",
            f"Mutate{name}Response",
            "POST",
            f"{_CUSTOMER}/{path}:mutate",
        )
        for name, path in MUTATED.items()
    ),
    Method(
        "ConversionUploadService/UploadClickConversions",
        "UploadClickConversionsRequest",
        "UploadClickConversionsResponse",
        "POST",
        f"{_CUSTOMER}:uploadClickConversions",
    ),
    Method(
        "ConversionAdjustmentUploadService/UploadConversionAdjustments",
        "UploadConversionAdjustmentsRequest",
        "UploadConversionAdjustmentsResponse",
        "POST",
        f"{_CUSTOMER}:uploadConversionAdjustments",
    ),
    Method(
        "OfflineUserDataJobService/CreateOfflineUserDataJob",
        "CreateOfflineUserDataJobRequest",
        "CreateOfflineUserDataJobResponse",
        "POST",
        f"{_CUSTOMER}/offlineUserDataJobs:create",
    ),
    Method(
        "OfflineUserDataJobService/AddOfflineUserDataJobOperations",
        "AddOfflineUserDataJobOperationsRequest",
        "AddOfflineUserDataJobOperationsResponse",
        "POST",
        f"{_JOB}:addOperations",
    ),
    Method(
        "OfflineUserDataJobService/RunOfflineUserDataJob",
        "RunOfflineUserDataJobRequest",
        "Operation",
        "POST",
        f"{_JOB}:run",
    ),
)


def message(version: str, name: str) -> Any:
    """The class of a message of the services, or of google.longrunning."""
    if name == "Operation":
        from google.longrunning import operations_pb2

        return operations_pb2.Operation
    return getattr(importlib.import_module(f"google.ads.googleads.{version}.services"), name).pb()


def failure_class(version: str) -> Any:
    """The class of GoogleAdsFailure; once it is imported, an `Any` with it can be read."""
    return importlib.import_module(f"google.ads.googleads.{version}.errors.types.errors").GoogleAdsFailure.pb()


# ------------------------------------------------------------------------------------------------------ description


class Messages:
    """A description for `watch`: bodies must parse as the published messages of the version in the path, strictly."""

    def request(self, asked: Asked) -> list[Deviation]:
        """What does not fit in a request."""
        version, found = _method(asked)
        if found is None:
            return [Deviation(asked.method, asked.path, "request", "path", "no such operation")]
        problems = [f"query.{name}: not described" for name, _ in asked.query]
        body = {} if asked.body is None else asked.body
        problems += _parse(message(version, found.request), body)
        return [Deviation(asked.method, found.path, "request", "$", problem) for problem in problems]

    def answer(self, asked: Asked, answered: Answered) -> list[Deviation]:
        """What does not fit in an answer."""
        version, found = _method(asked)
        if found is None:
            return []
        failure_class(version)
        stream = found.name.endswith("Stream")
        bodies = answered.body if stream and isinstance(answered.body, list) else [answered.body]
        problems = ["a stream is an array"] if stream and not isinstance(answered.body, list) else []
        for body in bodies:
            if answered.status == httpx.codes.OK:
                problems += _parse(message(version, found.response), body, canonical=True)
            else:
                problems += _error(version, answered.status, body)
        part = str(answered.status)
        return [Deviation(asked.method, found.path, part, "$", problem) for problem in problems]


def _method(asked: Asked) -> tuple[str, Method | None]:
    _, version, rest = asked.path.split("/", 2)
    for one in METHODS:
        if one.verb == asked.method and one.pattern.fullmatch(f"/{rest}"):
            return version, one
    return version, None


def _parse(kind: Any, body: Any, *, canonical: bool = False) -> list[str]:
    """What hinders a body from being a message; `canonical`: it must also be spelt as Google spells it."""
    try:
        made = json_format.ParseDict(body, kind())
    except json_format.ParseError as problem:
        return [str(problem)]
    return [*_misspelt(body, json_format.MessageToDict(made), "$")] if canonical else []


def _misspelt(body: Any, spelt: Any, at: str) -> Iterator[str]:
    """Texts that should be numbers (and the other way round: int64 is a text), and names that are not in camel case."""
    if isinstance(body, dict) and isinstance(spelt, dict):
        for name, value in body.items():
            if "_" in name:
                yield f"{at}.{name}: a name in snake case"
            if name in spelt:
                yield from _misspelt(value, spelt[name], f"{at}.{name}")
    elif isinstance(body, list) and isinstance(spelt, list):
        for n, (one, other) in enumerate(zip(body, spelt, strict=True)):
            yield from _misspelt(one, other, f"{at}[{n}]")
    elif isinstance(body, str) != isinstance(spelt, str):
        yield f"{at}: {body!r} is spelt {spelt!r}"


def _error(version: str, status: int, body: Any) -> list[str]:
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or error.get("code") != status or not {"message", "status"} <= error.keys():
        return [f"no error of Google's form: {body}"]
    problems = []
    for one in error.get("details", []):
        kind = one.get("@type", "")
        if kind == f"type.googleapis.com/google.ads.googleads.{version}.errors.GoogleAdsFailure":
            problems += _parse(failure_class(version), {name: value for name, value in one.items() if name != "@type"})
        elif not kind.startswith("type.googleapis.com/google.rpc."):
            problems.append(f"details of an unknown type {kind}")
    return problems


# ------------------------------------------------------------------------------------------------------- gRPC front

_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
}
_PASSED = {"authorization", "developer-token", "login-customer-id", "linked-customer-id"}


class Front(grpc.GenericRpcHandler):
    """Answers gRPC calls by REST calls to `url`."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, trust_env=False)
        self.calls: list[str] = []

    def service(self, details: Any) -> Any:
        """The handler of a method."""
        match = re.fullmatch(r"/google\.ads\.googleads\.(v\d+)\.services\.(\w+/\w+)", details.method)
        one = next((one for one in METHODS if match and one.name == match[2]), None)
        if match is None or one is None:
            return None
        self.calls.append(one.name)
        handle = self._streamed if one.name.endswith("Stream") else self._single
        make = (
            grpc.unary_stream_rpc_method_handler if one.name.endswith("Stream") else grpc.unary_unary_rpc_method_handler
        )
        return make(
            lambda request, context: handle(match[1], one, request, context),
            request_deserializer=message(match[1], one.request).FromString,
            response_serializer=lambda answer: answer.SerializeToString(),
        )

    def _single(self, version: str, one: Method, request: Any, context: Any) -> Any:
        answer = self._asked(version, one, request, context)
        return json_format.ParseDict(answer, message(version, one.response)())

    def _streamed(self, version: str, one: Method, request: Any, context: Any) -> Iterator[Any]:
        for part in self._asked(version, one, request, context):
            yield json_format.ParseDict(part, message(version, one.response)())

    def _asked(self, version: str, one: Method, request: Any, context: Any) -> Any:
        failure = failure_class(version)
        body = json_format.MessageToDict(request)
        path = _path(one, body)
        headers = {name: value for name, value in context.invocation_metadata() if name in _PASSED}
        sent = None if one.verb == "GET" else body
        answer = self.http.request(one.verb, f"/{version}{path}", json=sent, headers=headers)
        trailers: list[tuple[str, str | bytes]] = [("request-id", answer.headers.get("request-id", ""))]
        told = answer.json()
        if answer.status_code == httpx.codes.OK:
            context.set_trailing_metadata(tuple(trailers))
            return told
        error = (told[0] if isinstance(told, list) else told)["error"]
        for detail in error.get("details", []):
            if detail["@type"].endswith("GoogleAdsFailure"):
                held = {name: value for name, value in detail.items() if name != "@type"}
                trailers.append(
                    (
                        f"google.ads.googleads.{version}.errors.googleadsfailure-bin",
                        json_format.ParseDict(held, failure()).SerializeToString(),
                    )
                )
        context.set_trailing_metadata(tuple(trailers))
        return context.abort(_CODES.get(answer.status_code, grpc.StatusCode.INTERNAL), error["message"])


def _path(one: Method, body: dict[str, Any]) -> str:
    """The path of a call; what stands in it is no part of the body."""
    if "{job}" in one.path:
        return f"/{body.pop('resourceName')}{one.path[one.path.rindex(':') :]}"
    return one.path.replace("{customer_id}", body.pop("customerId", ""))


@contextmanager
def fronted(url: str, certificate: tuple[bytes, bytes]) -> Iterator[tuple[str, Front]]:
    """Serve the front with TLS on loopback: gives its endpoint, and the front."""
    front = Front(url)
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((front,))
    port = server.add_secure_port("localhost:0", grpc.ssl_server_credentials([certificate]))
    server.start()
    try:
        yield f"localhost:{port}", front
    finally:
        server.stop(None).wait()
        front.http.close()


def certificate_for_loopback(folder: Path) -> tuple[tuple[bytes, bytes], Path]:
    """A self-signed certificate of `localhost` with its key, and the file that a client must trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "localhost.pem"
    file.write_bytes(pem)
    return (private, pem), file
