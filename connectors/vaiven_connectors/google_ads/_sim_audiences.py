"""Customer Match: jobs that add people to lists and take them out, by digests that nobody can read back.

Facts: developers.google.com/google-ads/api/docs/remarketing/audience-segments/customer-match/get-started, the messages
of OfflineUserDataJobService and the sentences of OfflineUserDataJobErrorEnum of v26 (100,000 identifiers a request, 20
an operation). Since 2026-04-01 there are no new adopters: they get CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE and are
sent to the Data Manager API (blog of 2026-03-04); user lists themselves are still made here. Read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from vaiven_connectors.google_ads._sim_account import Account
from vaiven_connectors.google_ads._sim_body import Body, take
from vaiven_connectors.google_ads._sim_hashes import digests_of, sha256_form
from vaiven_connectors.google_ads._sim_mutate import Mutating
from vaiven_connectors.google_ads._sim_seed import Seeded
from vaiven_connectors.google_ads._sim_words import Json, Where, detail, failed, refuse
from vaiven_sdk import testing as sim
from vaiven_sdk.testing import Call, Quirk, action

_CATEGORY = "offlineUserDataJobError"
_MOST = 100_000
_MOST_EACH = 20
_CONSENT: Body = {"adUserData": str, "adPersonalization": str}
_JOB: Body = {
    "resourceName": str,
    "type": str,
    "externalId": int,
    "customerMatchUserListMetadata": {"userList": str, "consent": _CONSENT},
    "storeSalesMetadata": Any,
}
_CREATE: Body = {"customerId": str, "job": _JOB, "validateOnly": bool, "enableMatchRateRangePreview": bool}
_PERSON: Body = {
    "userIdentifiers": [
        {
            "userIdentifierSource": str,
            "hashedEmail": str,
            "hashedPhoneNumber": str,
            "mobileId": str,
            "thirdPartyUserId": str,
            "addressInfo": {
                **dict.fromkeys(("hashedFirstName", "hashedLastName", "city", "state", "countryCode"), str),
                **dict.fromkeys(("postalCode", "hashedStreetAddress"), str),
            },
        }
    ],
    **dict.fromkeys(("transactionAttribute", "userAttribute"), Any),
    "consent": _CONSENT,
}
_ADD: Body = {
    "resourceName": str,
    "operations": [{"create": _PERSON, "remove": _PERSON, "removeAll": bool}],
    **dict.fromkeys(("enablePartialFailure", "enableWarnings", "validateOnly"), bool),
}
_RUN: Body = {"resourceName": str, "validateOnly": bool}


@dataclass(slots=True)
class Job:
    """One job.

    Args:
        audience: id of the user list.
        operations: what it will do: a verb and digests.
        started: when it was run.
        done: it has been carried out.
    """

    audience: str
    operations: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    started: datetime | None = None
    done: bool = False


class Audiences(Seeded, Mutating):
    """Offline user data jobs."""

    job_seconds = Quirk(600.0, "that a job runs; hours at Google")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.jobs: dict[tuple[str, str], Job] = {}
        self.members: dict[tuple[str, str], set[frozenset[str]]] = {}
        self.users: set[str] | None = None

    @action
    def know(self, addresses: list[str]) -> None:
        """Say which addresses belong to Google accounts; before, all do."""
        self.users = (self.users or set()).union(*map(digests_of, addresses))

    def members_of(self, user_list: str, customer: str = "") -> set[frozenset[str]]:
        """The digests of each person on a list, which Google tells nobody."""
        self.settle()
        return self.members.setdefault((self.account(customer).id, user_list), set())

    def matched(self, user_list: str, customer: str = "") -> int:
        """How many people on a list Google knows."""
        held = self.members_of(user_list, customer)
        return len(held) if self.users is None else sum(bool(person & self.users) for person in held)

    # -------------------------------------------------------------------------------------------------------- paths

    @sim.post("/{version}/customers/{customer_id}/offlineUserDataJobs:create")
    def create_job(self, call: Call) -> Json:
        """An empty job."""
        self._allowed()
        body = take(call, _CREATE)
        account = self.account(call.slots["customer_id"])
        job = body.get("job", {})
        at: Where = [("job", None)]
        if job.get("type") != "CUSTOMER_MATCH_USER_LIST":
            message = "Type of the user list is not applicable for the job."
            raise refuse(_CATEGORY, "INVALID_USER_LIST_TYPE", message, at=[*at, ("type", None)])
        name = job.get("customerMatchUserListMetadata", {}).get("userList", "")
        key = account.key_of("user_list", name)
        row = account.rows["user_list"].get(key or "")
        where: Where = [*at, ("customer_match_user_list_metadata", None), ("user_list", None)]
        if row is None or key is None:
            message = "The user list ID provided for the job is invalid."
            raise refuse(_CATEGORY, "INVALID_USER_LIST_ID", message, at=where)
        if row["type"] != "CRM_BASED":
            message = "Type of the user list is not applicable for the job."
            raise refuse(_CATEGORY, "INVALID_USER_LIST_TYPE", message, at=where)
        if body.get("validateOnly"):
            return {}
        return {"resourceName": self._new_job(account, job, key)}

    def _new_job(self, account: Account, job: Mapping[str, Any], key: str) -> str:
        number = str(account.fresh_id(account.rows["offline_user_data_job"]))
        metadata = job["customerMatchUserListMetadata"]
        consent = metadata.get("consent", {})
        row = {
            "id": int(number),
            "external_id": job.get("externalId"),
            "type": job["type"],
            "status": "PENDING",
            "customer_match_user_list_metadata.user_list": metadata["userList"],
            "customer_match_user_list_metadata.consent.ad_user_data": consent.get("adUserData"),
            "customer_match_user_list_metadata.consent.ad_personalization": consent.get("adPersonalization"),
        }
        made = account.put("offline_user_data_job", number, row)
        self.jobs[account.id, number] = Job(key)
        return str(made["resource_name"])

    @sim.post("/{version}/customers/{customer_id}/offlineUserDataJobs/{job}:addOperations")
    def add_operations(self, call: Call) -> Json:
        """People for a job."""
        self._allowed()
        body = take(call, _ADD)
        job = self._job(call)
        if job.started is not None:
            message = "Once the upload job is started, new operations cannot be added."
            raise refuse(_CATEGORY, "JOB_ALREADY_STARTED", message, at=[("resource_name", None)])
        items = body.get("operations", [])
        if not items:
            raise refuse(
                "requestError", "REQUIRED_FIELD_MISSING", "Required field is missing", at=[("operations", None)]
            )
        if sum(len(_people(one).get("userIdentifiers", [])) for one in items) > _MOST:
            message = "Maximum number of user identifiers allowed per request is 100,000 and per operation is 20."
            raise refuse(_CATEGORY, "TOO_MANY_USER_IDENTIFIERS", message)
        errors: list[Json] = []
        taken: list[tuple[str, frozenset[str]]] = []
        for n, item in enumerate(items):
            wrong = self._wrong_operation(job, taken, item, [("operations", n)])
            errors += wrong
            if not wrong:
                taken.append(_operation(item))
        if errors and not body.get("enablePartialFailure"):
            raise failed(errors)
        if not body.get("validateOnly"):
            job.operations += taken
        return {"partialFailureError": self.status(errors)} if errors else {}

    @sim.post("/{version}/customers/{customer_id}/offlineUserDataJobs/{job}:run")
    def run_job(self, call: Call) -> Json:
        """Start a job; what comes back is a long-running operation."""
        self._allowed()
        body = take(call, _RUN)
        job, key = self._job(call), call.slots["customer_id"]
        if job.started is not None:
            message = "Once the upload job is started, new operations cannot be added."
            raise refuse(_CATEGORY, "JOB_ALREADY_STARTED", message, at=[("resource_name", None)])
        if not body.get("validateOnly"):
            job.started = self.clock.now()
            self.account(key).edit("offline_user_data_job", call.slots["job"], {"status": "RUNNING"})
            self.settle()
        return {"name": f"customers/{key}/operations/{call.slots['job']}"}

    # -------------------------------------------------------------------------------------------------------- parts

    def _allowed(self) -> None:
        if not self.uploads_allowed:
            raise refuse(
                "notAllowlistedError",
                "CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE",
                "Customer is not allowlisted for accessing this feature.",
            )

    def _job(self, call: Call) -> Job:
        found = self.jobs.get((call.slots["customer_id"], call.slots["job"]))
        if found is None:
            raise refuse("mutateError", "RESOURCE_NOT_FOUND", "Resource was not found.", at=[("resource_name", None)])
        self.settle()
        return found

    def _wrong_operation(
        self, job: Job, taken: list[tuple[str, frozenset[str]]], item: Mapping[str, Any], at: Where
    ) -> list[Json]:
        verbs = [name for name in ("create", "remove", "removeAll") if item.get(name)]
        if len(verbs) != 1:
            message = "Mutate operation should have either create, update, or remove specified."
            return [detail("requestError", "OPERATION_REQUIRED", message, at=at)]
        (verb,) = verbs
        before = {one for one, _ in (*job.operations, *taken)}
        if verb == "removeAll" and before:
            message = "When a remove-all operation is provided, it has to be the first operation of the operation list."
            return [detail(_CATEGORY, "INVALID_OPERATION_ORDER", message, at=at)]
        if verb != "removeAll" and before - {verb, "removeAll"}:
            message = "Mixing creation and removal of offline data in the same job is not allowed."
            return [detail(_CATEGORY, "CONFLICTING_OPERATION", message, at=at)]
        return [] if verb == "removeAll" else _wrong_person(item[verb], [*at, (verb, None)])

    def settle(self) -> None:
        """Carry out the jobs whose time has come."""
        for (customer, number), job in self.jobs.items():
            if job.done or job.started is None:
                continue
            if self.clock.now() < job.started + timedelta(seconds=self.job_seconds):
                continue
            job.done = True
            held = self.members.setdefault((customer, job.audience), set())
            for verb, digests in job.operations:
                if verb == "create":
                    held.add(digests)
                else:
                    held -= {person for person in held if verb == "removeAll" or person & digests}
            account = self.account(customer)
            account.edit("offline_user_data_job", number, {"status": "SUCCESS", **self._rate_range(job)})
            if job.audience in account.rows["user_list"]:
                self._resize(account, job.audience)

    def _rate_range(self, job: Job) -> Json:
        given = [digests for verb, digests in job.operations if verb == "create"]
        known = given if self.users is None else [one for one in given if one & self.users]
        rate = 100 * len(known) // len(given) if given else 0
        low = "LESS_THAN_20" if rate < 20 else next(text for least, text in _RANGES if rate >= least)
        return {"operation_metadata.match_rate_range": f"MATCH_RANGE_{low}"} if given else {}

    def _resize(self, account: Account, key: str) -> None:
        """Sizes are told in two digits."""
        size, all_of = self.matched(key, account.id), len(self.members[account.id, key])
        digits = max(len(str(size)) - 2, 0)
        shown = size // 10**digits * 10**digits
        band = next(name for least, name in _SIZES if shown >= least)
        values = {f"size_for_{net}": shown for net in ("search", "display")}
        bands = {f"size_range_for_{net}": band for net in ("search", "display")}
        rate = {"match_rate_percentage": 100 * size // all_of} if all_of else {}
        account.edit("user_list", key, {**values, **bands, **rate})

    def state(self) -> dict[str, Any]:
        """What the accounts hold, and who is on the lists."""
        self.settle()
        lists = {f"{customer}/{key}": sorted(map(sorted, held)) for (customer, key), held in self.members.items()}
        return {**super().state(), "members": lists}


_RANGES = (
    (91, "91_TO_100"),
    (81, "81_TO_90"),
    (71, "71_TO_80"),
    (61, "61_TO_70"),
    (51, "51_TO_60"),
    (41, "41_TO_50"),
    (31, "31_TO_40"),
    (20, "20_TO_30"),
)
_SIZES = (
    (100_000, "ONE_HUNDRED_THOUSAND_TO_THREE_HUNDRED_THOUSAND"),
    (50_000, "FIFTY_THOUSAND_TO_ONE_HUNDRED_THOUSAND"),
    (10_000, "TEN_THOUSAND_TO_FIFTY_THOUSAND"),
    (1_000, "ONE_THOUSAND_TO_TEN_THOUSAND"),
    (500, "LESS_THAN_ONE_THOUSAND"),
    (0, "LESS_THAN_FIVE_HUNDRED"),
)


def _people(item: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = item.get("create") or item.get("remove") or {}
    return found


def _operation(item: Mapping[str, Any]) -> tuple[str, frozenset[str]]:
    if item.get("removeAll"):
        return "removeAll", frozenset()
    verb = "create" if item.get("create") else "remove"
    return verb, frozenset(_digests(item[verb]))


def _digests(person: Mapping[str, Any]) -> list[str]:
    return [
        str(text)
        for one in person.get("userIdentifiers", [])
        for text in (one.get("hashedEmail"), one.get("hashedPhoneNumber"), one.get("thirdPartyUserId"))
        if text
    ]


def _wrong_person(person: Mapping[str, Any], at: Where) -> list[Json]:
    identifiers = person.get("userIdentifiers", [])
    where: Where = [*at, ("user_identifiers", None)]
    if len(identifiers) > _MOST_EACH:
        message = "Maximum number of user identifiers allowed per request is 100,000 and per operation is 20."
        return [detail(_CATEGORY, "TOO_MANY_USER_IDENTIFIERS", message, at=where)]
    if not identifiers or not all(_named(one) for one in identifiers):
        message = "The user identifier is missing valid data."
        return [detail(_CATEGORY, "MISSING_USER_IDENTIFIER", message, at=where)]
    hashed = [one.get(name) for one in identifiers for name in ("hashedEmail", "hashedPhoneNumber") if one.get(name)]
    if not all(sha256_form(str(text)) for text in hashed):
        return [detail(_CATEGORY, "INVALID_SHA256_FORMAT", "The SHA256 encoded value is malformed.", at=where)]
    if any(one.get("mobileId") for one in identifiers):
        message = "Upload data is not compatible with the upload key type of the associated user list."
        return [detail(_CATEGORY, "INCOMPATIBLE_UPLOAD_KEY_TYPE", message, at=where)]
    return []


def _named(one: Mapping[str, Any]) -> bool:
    names = ("hashedEmail", "hashedPhoneNumber", "mobileId", "thirdPartyUserId", "addressInfo")
    return any(one.get(name) for name in names)
