"""The three simulated vendors as processes of their own, filled with the generated company."""

from __future__ import annotations

import http.client
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import msgspec

from vaiven_api.demo.company import BEGIN, END
from vaiven_api.demo.people import HUBSPOT, MAILCHIMP, STRIPE, TOOLS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaiven_api.demo.company import Company

QUIRKS: dict[str, dict[str, Any]] = {
    # A setting of the portal: which lifecycle stage a contact gets without anybody's doing.
    HUBSPOT: {"default_lifecycle_stage": ""},
    MAILCHIMP: {},
    STRIPE: {"livemode": True},
}
_BATCH = 1000
"""Rows in one call to a simulator's `seed`."""
_PATIENCE = 30.0
"""Seconds that a simulator may take to start, to answer or to stop."""


@dataclass(slots=True)
class Vendor:
    """One running simulator.

    Args:
        base_url: what a connection takes as its address.
        credential: what it accepts.
        config: the connector's settings that fit it.
    """

    slug: str
    process: subprocess.Popen[bytes]
    url: str
    base_url: str
    credential: dict[str, str]
    config: dict[str, str]

    @classmethod
    def start(cls, slug: str, seed: int, quirks: Mapping[str, Any]) -> Self:
        """Run `vaiven sim` for a vendor; it stops when this process is gone, however it went."""
        switches = [f"--quirk={name}={msgspec.json.encode(value).decode()}" for name, value in quirks.items()]
        command = [sys.executable, "-m", "vaiven_api.cli", "sim", slug, "--json", "--with-parent", f"--seed={seed}"]
        process = subprocess.Popen(  # noqa: S603 - our own command line
            [*command, *switches], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        line = process.stdout.readline() if process.stdout else b""
        if not line:
            raise RuntimeError(f"the {slug} simulator did not start (exit code {process.wait(_PATIENCE)})")
        said = msgspec.json.decode(line)
        return cls(slug, process, said["url"], said["base_url"], said["credential"], said["config"])

    def call(self, action: str, **args: Any) -> Any:
        """Do what a user of the vendor does."""
        return msgspec.json.decode(self._ask("POST", "/_sim/call", {"action": action, "args": args}))

    def state(self, *only: str) -> dict[str, Any]:
        """Everything that the vendor holds, or these parts of it."""
        found: dict[str, Any] = msgspec.json.decode(self.snapshot(*only))
        return found

    def snapshot(self, *only: str) -> bytes:
        """The same, not yet decoded: a tenth of the memory."""
        return self._ask("GET", "/_sim/state" + ("?only=" + "&only=".join(only) if only else ""))

    def _ask(self, method: str, path: str, body: Any = None) -> bytes:
        where = urlsplit(self.url)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=_PATIENCE)
        try:
            connection.request(method, path, None if body is None else msgspec.json.encode(body))
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{self.slug} simulator, {path}: {content[:500].decode(errors='replace')}")
        return content

    def stop(self) -> None:
        """End the process."""
        if self.process.stdin:
            with suppress(OSError):
                self.process.stdin.close()
        self.process.terminate()
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


@dataclass(slots=True)
class Vendors:
    """Running vendors, and which record of theirs is which human: the truth. Use it as a context manager.

    Args:
        truth: (tool, the record's id there) -> number of the human.
        ids: tool -> ids of its people in the company's order.
    """

    vendors: dict[str, Vendor] = field(default_factory=dict)
    truth: dict[tuple[str, str], int] = field(default_factory=dict)
    ids: dict[str, list[str]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for vendor in self.vendors.values():
            vendor.stop()


@dataclass(slots=True)
class World(Vendors):
    """The three vendors of the office."""

    companies: list[str] = field(default_factory=list)

    def start(self, seed: int, quirks: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Start every vendor, with these quirks beside the demo's own."""
        for slug in TOOLS:
            self.vendors[slug] = Vendor.start(slug, seed, {**QUIRKS[slug], **(quirks or {}).get(slug, {})})

    def fill(self, company: Company) -> None:
        """Give every vendor its part of the company."""
        self._fill_hubspot(company)
        self._fill_mailchimp(company)
        self._fill_stripe(company)
        for tool, of in (
            (HUBSPOT, company.contacts_of),
            (MAILCHIMP, company.members_of),
            (STRIPE, company.customers_of),
        ):
            self.truth.update({(tool, i): human for i, human in zip(self.ids[tool], of, strict=True)})

    def snapshots(self) -> dict[str, bytes]:
        """The same as `states`, not yet decoded."""
        return {slug: vendor.snapshot() for slug, vendor in self.vendors.items()}

    def states(self) -> dict[str, dict[str, Any]]:
        """What each vendor holds now."""
        return {slug: vendor.state() for slug, vendor in self.vendors.items()}

    def _fill_hubspot(self, company: Company) -> None:
        self.companies = self._import("companies", company.companies)
        contacts = self.ids[HUBSPOT] = self._import("contacts", company.contacts)
        deals = self._import("deals", company.deals)
        hubspot = self.vendors[HUBSPOT]
        pairs = [[contacts[c], self.companies[f]] for c, f in company.works_at]
        hubspot.call("associate", from_type="contacts", to_type="companies", pairs=pairs)
        pairs = [[deals[d], contacts[c]] for d, c, _ in company.sold_to]
        hubspot.call("associate", from_type="deals", to_type="contacts", pairs=pairs)
        pairs = [[deals[d], self.companies[f]] for d, _, f in company.sold_to]
        hubspot.call("associate", from_type="deals", to_type="companies", pairs=pairs)
        for position in company.opted_out:
            hubspot.call("unsubscribe", contact_id=contacts[position])

    def _import(self, object_type: str, rows: list[dict[str, Any]]) -> list[str]:

        step = (END - BEGIN) / max(len(rows), 1)
        made: list[str] = []
        for start in range(0, len(rows), _BATCH):
            made += self.vendors[HUBSPOT].call(
                "seed",
                object_type=object_type,
                records=rows[start : start + _BATCH],
                at=(BEGIN + step * start).isoformat(),
                step_ms=int(step.total_seconds() * 1000),
            )
        return made

    def _fill_mailchimp(self, company: Company) -> None:
        mailchimp = self.vendors[MAILCHIMP]
        for start in range(0, len(company.members), _BATCH):
            mailchimp.call("seed", members=company.members[start : start + _BATCH])
        mailchimp.call("seed_campaigns", campaigns=company.campaigns)
        by_address = {m["email_address"].lower(): m["contact_id"] for m in mailchimp.state()["members"].values()}
        self.ids[MAILCHIMP] = [by_address[row["email_address"].lower()] for row in company.members]

    def _fill_stripe(self, company: Company) -> None:
        made = self.vendors[STRIPE].call(
            "seed",
            customers=company.customers,
            products=company.products,
            prices=company.prices,
            orders=company.orders,
            subscriptions=company.subscriptions,
        )
        self.ids[STRIPE] = made["customers"]
