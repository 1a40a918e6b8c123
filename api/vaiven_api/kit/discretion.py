"""Checks of what must not get out, and of what must not get in: secrets, the connection test, webhooks."""

from __future__ import annotations

import base64
import dataclasses
import logging
import traceback
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from vaiven_api.kit.kit import check
from vaiven_api.kit.reading import drivable, populate
from vaiven_api.kit.subject import NotNeeded
from vaiven_api.kit.writing import change, creation, people, records, send
from vaiven_sdk import Actor, VaivenError
from vaiven_sdk.errors import SignatureInvalid
from vaiven_sdk.testing import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vaiven_api.kit.kit import Kit
    from vaiven_sdk import Delivery
    from vaiven_sdk.webhooks import Webhook

CANARY = "canary-7f3a9c51e8d24b60"
"""A credential that no vendor accepts."""
_REFUSALS = (400, 401, 403, 404, 409, 422, 429, 500, 503)
_DAY = 86_400.0


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """Everything that is logged meanwhile, at every level."""
    heard: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            shown = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
            heard.append(f"{record.getMessage()} {record.args!r} {shown}")

    def hear(_: Any, __: str, event: Any) -> Any:
        heard.append(repr(event))
        raise structlog.DropEvent

    root, ear = logging.getLogger(), Ear(logging.DEBUG)
    level, before = root.level, structlog.get_config()
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    structlog.configure(processors=[hear], cache_logger_on_first_use=False)
    try:
        yield heard
    finally:
        structlog.configure(**before)
        root.setLevel(level)
        root.removeHandler(ear)


def told(problem: BaseException) -> list[str]:
    """Every text that an error can be shown as."""
    texts = [str(problem), repr(problem), "".join(traceback.format_exception(problem))]
    return [*texts, str(problem.as_dict())] if isinstance(problem, VaivenError) else texts


def forms(secrets: Mapping[str, str]) -> set[str]:
    """The secrets, and the spellings in which they travel."""
    found = {value for value in secrets.values() if len(value) > 5}
    return found | {base64.b64encode(value.encode()).decode().rstrip("=")[4:-4] for value in found if len(value) > 12}


@check("no-secrets")
async def no_secrets(kit: Kit) -> list[str]:
    """Reads, writes and refusals that quote the credential; then a search of everything that was said."""
    account = kit.bench.north
    streams = tuple(drivable(kit))
    populate(kit, account, *streams)
    secrets = forms(account.simulator.credential)
    account.asked.clear()
    heard: dict[str, list[str]] = {"an error": [], "a refusal of one record": []}
    with _overheard() as logged:
        hub = await kit.bench.fresh(account, streams)
        heard["the report of a run"] = [str(hub.engine.report.as_dict()) if hub.engine.report else ""]
        heard["the store"] = [hub.path.read_bytes().decode("latin-1")]
        heard["an address"] = [f"{one.path}?{one.query}" for one in account.asked if not _signs_by_query(kit)]
        await _refused(kit, heard["an error"])
        await _refused_writes(kit, heard["a refusal of one record"])
        async with AsyncExitStack() as stack:
            session = await kit.bench.session(stack, account)
            heard["a repr"] = [repr(kit.subject.connector), repr(session), repr(session.config), repr(hub.engine)]
    heard["a log line"] = logged
    return [
        f"{where} holds the credential: ...{_around(text, secret)}..."
        for where, texts in heard.items()
        for text in texts
        for secret in secrets
        if secret in text
    ]


def _around(text: str, secret: str) -> str:
    at = text.index(secret)
    return " ".join((text[max(0, at - 40) : at] + "***").split())


def _signs_by_query(kit: Kit) -> bool:
    return any("query" in f"{scheme.kind} {scheme!r}".lower() for scheme in kit.subject.connector.auth)


async def _refused(kit: Kit, heard: list[str]) -> None:
    """The vendor refuses each read with the credential in its sentence."""
    account = kit.bench.north
    body = _quoting(account.simulator.credential)
    async with AsyncExitStack() as stack:
        session = await kit.bench.session(stack, account)
        for status in _REFUSALS:
            account.simulator.faults.add(Fault(kind="status", status=status, body=body, times=0))
            try:
                if test := kit.subject.connector.hooks.get("account"):
                    await test(session)
            except Exception as problem:  # noqa: BLE001 - whatever it raises is looked at
                heard.extend(told(problem))
            hub = kit.bench.hub()
            hub.connect("north", account, writes=False)
            report = await hub.sync()
            for ended in report.errors.values():
                heard.extend(told(ended))
            heard.append(hub.path.read_bytes().decode("latin-1"))
            account.simulator.faults.clear()


async def _refused_writes(kit: Kit, heard: list[str]) -> None:
    """The vendor refuses each write with the credential in its sentence."""
    account = kit.bench.north
    for name, stream in kit.subject.connector.streams.items():
        if not stream.writers or stream.shape != "record":
            continue
        values = (await people(kit, stream))[:1] if "create" in stream.writers else []
        account.renew().sample(name, 1)
        writes = {"create": [creation(stream, one) for one in values]}
        one = next(iter((await records(kit, account, stream)).values()))
        writes["update"] = [change(one, one.unified())] if "update" in stream.writers else []
        async with AsyncExitStack() as stack:
            session = await kit.bench.session(stack, account)
            account.simulator.faults.add(
                Fault(kind="status", status=400, body=_quoting(account.simulator.credential), times=0)
            )
            for op, some in writes.items():
                try:
                    outcomes = await send(stream, session, op, some) if some else []
                except Exception as problem:  # noqa: BLE001 - whatever it raises is looked at
                    heard.extend(told(problem))
                else:
                    heard.extend(f"{outcome.code} {outcome.reason}" for outcome in outcomes)
            account.simulator.faults.clear()


def _quoting(credential: Mapping[str, str]) -> str:
    sentence = f"this is not right: {' '.join(credential.values())}"
    kinds = {"message": sentence, "detail": sentence, "title": "refused", "error_description": sentence}
    return msgspec.json.encode({**kinds, "error": {**kinds, "code": "refused"}}).decode()


@check("connection-test")
async def connection_test(kit: Kit) -> list[str]:
    """It names the account; with a wrong credential it names the customer."""
    hook = kit.subject.connector.hooks.get("account")
    if hook is None:
        return ["nothing is marked `@connector.account`"]
    account = kit.bench.north
    account.renew()
    found = []
    async with AsyncExitStack() as stack:
        await hook(await kit.bench.session(stack, account))
    # Of the right form, so that it is the vendor who refuses it.
    wrong = {name: f"{CANARY}{value[len(CANARY) :]}" for name, value in account.simulator.credential.items()}
    try:
        async with AsyncExitStack() as stack:
            answer = await hook(await kit.bench.session(stack, account, wrong))
    except VaivenError as problem:
        if problem.actor is not Actor.CUSTOMER:
            found.append(
                f"a wrong credential ends with {problem.code}, which names {problem.actor.value}, not the customer"
            )
        found += ["the error quotes the credential" for text in told(problem) if CANARY in text][:1]
    else:
        found.append(f"a wrong credential is taken: it gives {answer!r}")
    return found


@check("webhooks")
def webhooks(kit: Kit) -> list[str]:
    """A delivery as the vendor signs it, and five that it did not send, or not now."""
    connector = kit.subject.connector
    if not connector.webhooks:
        return ["nothing is marked `@connector.webhook`"]
    simulator = kit.bench.north.renew()
    secret = "whsec_" + base64.b64encode(b"the secret of the kit's bench").decode()
    names = [name for name, ids in ((n, simulator.sample(n, 1)) for n in drivable(kit)) if ids]
    found: list[str] = []
    heard = 0
    for name in names:
        try:
            delivery = simulator.delivery(name, secret)
        except NotImplementedError:
            continue
        heard += 1
        for hook in connector.webhooks:
            found += [f"{name}: {problem}" for problem in _delivered(kit, hook, delivery, secret)]
    if not heard:
        raise NotNeeded("") if not names else LookupError(f"{connector.slug} simulator: no delivery() for any stream")
    return found


def _delivered(kit: Kit, hook: Webhook, delivery: Delivery, secret: str) -> list[str]:
    now = kit.bench.north.clock.now().timestamp()
    found = []
    hints = hook.receive(delivery, [secret], now=now).hints
    if not hints:
        found.append("a signed delivery gives no hint")
    if strange := {hint.stream for hint in hints} - set(kit.subject.connector.streams):
        found.append(f"a hint names {', '.join(sorted(strange))}, which is no stream")
    signed = {n: v for n, v in delivery.headers.items() if "sign" in n or "hmac" in n or "webhook-" in n}
    bare = dataclasses.replace(delivery, headers={n: v for n, v in delivery.headers.items() if n not in signed}, url="")
    forged = {
        "unsigned": (bare, secret, now),
        "signed with another secret": (delivery, secret[::-1], now),
    }
    if not hook.signature.delivery_id(delivery) or "stamp" in vars(hook.signature) or hook.signature.weak:
        # A delivery without an id cannot be told from its copy: its time must be signed, too.
        forged["a day old"] = (delivery, secret, now + _DAY)
    if not hook.signature.weak:
        forged["changed in one byte"] = (dataclasses.replace(delivery, body=delivery.body + b" "), secret, now)
    for what, (sent, key, at) in forged.items():
        try:
            hook.receive(sent, [key], now=at)
        except SignatureInvalid:
            continue
        found.append(f"a delivery that is {what} is accepted")
    return found
