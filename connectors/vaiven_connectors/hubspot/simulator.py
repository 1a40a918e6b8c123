"""HubSpot on loopback: contacts, companies, deals, associations, properties, owners, pipelines and OAuth."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from vaiven_connectors.hubspot import _sim_objects as objects
from vaiven_connectors.hubspot import _sim_settings as settings
from vaiven_connectors.hubspot._sim_access import Limits
from vaiven_connectors.hubspot._sim_call import Call, Handler
from vaiven_connectors.hubspot._sim_drive import Driven
from vaiven_connectors.hubspot._sim_errors import VendorError, migrating, missing_scopes
from vaiven_connectors.hubspot._sim_paths import PATHS
from vaiven_connectors.hubspot._sim_portal import Collection, Portal
from vaiven_connectors.hubspot._sim_records import Hand, Record
from vaiven_connectors.hubspot._sim_schema import iso
from vaiven_sdk.testing import Clock, action

_JSON = "application/json;charset=utf-8"
_NOT_FOUND = (
    '<html>\n<head>\n<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>\n'
    "<title>Error 404 Not Found</title>\n</head>\n<body><h2>HTTP ERROR 404 Not Found</h2>\n</body>\n</html>\n"
)


class HubSpotSimulator(Driven):
    """A HubSpot portal.

    Quirks, with what the real HubSpot does as the default (2026-11-22; "search" is the page
    developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm, "limits" the page
    developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines):

    - `burst_limit` (100): requests in 10 rolling seconds for the private app of a Free or Starter portal
      [limits]; 0 is no limit, here and below. Professional and Enterprise have 190, with the capacity pack
      250.
    - `oauth_burst_limit` (110): the same for an OAuth app in one portal [limits].
    - `daily_limit` (250000): requests a day of a Free or Starter portal, private app alone [limits].
    - `search_limit` (5): searches a second and portal; they do not count for the burst, and carry no limit
      headers [search].
    - `retry_after` (False): send `Retry-After` with a 429. HubSpot documents none there.
    - `access_token_ttl` (1800): seconds that an OAuth access token is good for [spec auth-oauth@v1].
    - `search_lag` (0): seconds until search sees a write. HubSpot: "a few moments" [search].
    - `merge_new_id` (True): a merge makes a record with a new id; False: the primary record keeps its own
      (amp-labs/connectors#3487). Both stay out of lists and search, and are listed in `hs_merged_object_ids`.
    - `merged_id_redirects` (True): the id of a merged record leads to the record it went into; False: 404.
    - `recreate_restores` (False): creating a contact with the address of an archived one brings that one
      back.
    - `lifecycle_forward_only` (True): the API cannot set `lifecyclestage` back: it answers 200 and leaves it;
      clear it first (guide to the contacts API).
    - `default_lifecycle_stage` ("lead"): what a new contact or company gets; "" is none. A portal setting.
    - `touch_on_unchanged` (False): a write that changes no value moves the modified date all the same. Not
      documented either way.
    - `batch_update_by_email` (False): accept `idProperty: email` in batch/update, which HubSpot refuses
      (HubSpot/hubspot-api-nodejs#548); batch/upsert takes it.
    - `association_ids_as_numbers` (False): v4 associations give `toObjectId` as a number. The published
      description says string; answers that users quote show numbers.
    - `validate_deal_stage` (True): `pipeline` and `dealstage` take ids that there are, and only a stage of the
      deal's own pipeline (legacy pipelines overview, guide to the deals API); HubSpot's sentence for the latter
      is not documented. False: any text.
    - `migrating` (False): the account moves to another data centre: 477 with Retry-After (page "error-handling",
      read 2026-11-25; its sentence is not documented).
    - `missing_scopes` (()): object types, or `owners`, for which the token lacks the scope: 403.

    A row's fault in batch/create, /update or /upsert fails the whole batch with that row's 400 or 409 and
    nothing is written, unless every row has an `objectWriteTraceId`: then 207 and an error for each (page
    "error-handling"). A record that batch/read or /update does not find is a 207 in any case. A null clears
    a property as an empty string does.
    """

    slug: ClassVar[str] = "hubspot"
    calm: ClassVar[dict[str, Any]] = {"burst_limit": 0, "oauth_burst_limit": 0, "daily_limit": 0, "search_limit": 0}
    quirks: ClassVar[dict[str, Any]] = {
        "burst_limit": 100,
        "oauth_burst_limit": 110,
        "daily_limit": 250_000,
        "search_limit": 5,
        "retry_after": False,
        "access_token_ttl": 1800,
        "search_lag": 0,
        "merge_new_id": True,
        "merged_id_redirects": True,
        "recreate_restores": False,
        "lifecycle_forward_only": True,
        "default_lifecycle_stage": "lead",
        "touch_on_unchanged": False,
        "batch_update_by_email": False,
        "association_ids_as_numbers": False,
        "validate_deal_stage": True,
        "migrating": False,
        "missing_scopes": (),
    }

    def __init__(self, *, seed: int = 0, clock: Clock | None = None, quirks: Mapping[str, Any] | None = None) -> None:
        super().__init__(seed=seed, clock=clock, quirks=quirks)
        self.portal = Portal(self.random.randint(20_000_000, 49_000_000), self.quirk, self.random, self._now)
        self.limits = Limits(self.quirk)
        self._private_app = Hand("INTEGRATION", str(self.random.randint(1_000_000, 9_000_000)))
        self._public_app = Hand("INTEGRATION", str(self.random.randint(1_000_000, 9_000_000)))
        # The ids are those of the owner that the guide to the owners API shows.
        self._user = Hand("CRM_UI", "userId:9586504", 9_586_504)
        user = {"email": "owner@example.com", "firstName": "HubSpot", "lastName": "Test Owner"}
        self.portal.owners.add(user, self._now(), (41_629_779, 9_586_504))
        self._refresh_token = self.portal.access.new_refresh_token()

    def _now(self) -> int:
        now = self.clock.now()
        return int(now.timestamp()) * 1000 + now.microsecond // 1000

    @property
    def credential(self) -> dict[str, str]:
        """The private app's token."""
        return {"access_token": self.portal.access.private_token}

    @property
    def oauth_credential(self) -> dict[str, str]:
        """The public app's client and the refresh token of this portal's consent."""
        access = self.portal.access
        return {
            "client_id": access.client_id,
            "client_secret": access.client_secret,
            "refresh_token": self._refresh_token,
        }

    def routes(self) -> Sequence[BaseRoute]:
        """HubSpot's paths; anything else is a page that says 404."""
        known = [Route(path, self._endpoint(path, handler), methods=[method]) for method, path, handler in PATHS]
        every = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return [*known, Route("/{path:path}", self._unknown, methods=every)]

    async def _unknown(self, _: Request) -> Response:
        self.requests += 1
        return Response(_NOT_FOUND, 404, media_type="text/html")

    def _endpoint(self, path: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        is_open, is_search = path.startswith("/oauth/"), path.endswith("/search")

        async def answer(request: Request) -> Response:
            self.requests += 1
            raw = await request.body()
            headers: dict[str, str] = {}
            try:
                hand = self._private_app
                now = self._now()
                if self.quirk["migrating"]:
                    raise migrating()
                if not is_open:
                    by_oauth = self.portal.access.check(request.headers.get("authorization"), now)
                    headers = self.limits.take(now, oauth=by_oauth, search=is_search)
                    hand = self._public_app if by_oauth else self._private_app
                    self._check_scope(request)
                query = parse_qs(request.url.query, keep_blank_values=True) if request.url.query else {}
                status, body = handler(self.portal, Call(request.path_params, query, raw, hand, now, cap=self.page_cap))
            except VendorError as refused:
                status, body = refused.status, {**refused.body, "correlationId": self._correlation_id()}
                headers = {**headers, **refused.headers}
            if body is None:
                return Response(status_code=status, headers=headers)
            return Response(msgspec.json.encode(body), status, headers, _JSON)

        return answer

    def _check_scope(self, request: Request) -> None:
        lacking = self.quirk["missing_scopes"]
        # Any object's scope, and the owners' too, opens the pipelines (`sec` of crm-pipelines@v3).
        if not lacking or request.url.path.startswith("/crm/v3/pipelines/"):
            return
        if "owners" in lacking and request.url.path.startswith("/crm/v3/owners"):
            raise missing_scopes("crm.objects.owners.read")
        for slot in ("objectType", "fromObjectType", "toObjectType"):
            given = request.path_params.get(slot)
            name = self.portal.collection(given).kind.name if given else None
            if name in lacking:
                reads = request.method == "GET" or request.url.path.endswith(("/search", "/read"))
                raise missing_scopes(f"crm.objects.{name}.{'read' if reads else 'write'}")

    def _correlation_id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    # ------------------------------------------------------------------- what HubSpot's users do in its UI
    def _collection(self, object_type: str) -> Collection:
        return self.portal.collection(object_type)

    def _record(self, object_type: str, record_id: str, *, archived: bool = False) -> Record:
        record = self._collection(object_type).find(str(record_id), archived=archived)
        if record is None:
            raise ValueError(f"no such {object_type} record: {record_id}")
        return record

    @action
    def seed(
        self, object_type: str, records: list[dict[str, Any]], at: str | None = None, step_ms: int = 0
    ) -> list[str]:
        """Import records, each a mapping of properties.

        `at` (ISO 8601) is the first one's instant, now by default; with `step_ms` 0 they share one
        millisecond.
        """
        collection = self._collection(object_type)
        ms = self._at(at)
        hand = Hand("IMPORT", "1")
        with _as_value_error():
            return [str(collection.create(row, hand, ms + i * step_ms).id) for i, row in enumerate(records)]

    def _at(self, at: str | None) -> int:
        return self._now() if at is None else int(datetime.fromisoformat(at).timestamp() * 1000)

    @action
    def create_record(self, object_type: str, properties: dict[str, Any]) -> str:
        """Add one record by hand; gives its id."""
        with _as_value_error():
            return str(self._collection(object_type).create(properties, self._user, self._now()).id)

    @action
    def edit_record(self, object_type: str, record_id: str, properties: dict[str, Any]) -> None:
        """Change one record by hand; an empty string clears a property."""
        self.bulk_edit(object_type, [record_id], properties)

    @action
    def bulk_edit(self, object_type: str, record_ids: list[str], properties: dict[str, Any]) -> None:
        """Change many records at once: they all get the same modified millisecond."""
        collection, ms = self._collection(object_type), self._now()
        records = [self._record(object_type, record_id) for record_id in record_ids]
        with _as_value_error():
            for record in records:
                collection.update(record, properties, self._user, ms)

    @action
    def archive_records(self, object_type: str, record_ids: list[str]) -> None:
        """Delete records into the recycling bin; their modified date stays."""
        ms = self._now()
        for record_id in record_ids:
            self._collection(object_type).archive(self._record(object_type, record_id), ms)

    @action
    def restore_record(self, object_type: str, record_id: str) -> None:
        """Take a record out of the recycling bin."""
        with _as_value_error():
            self._collection(object_type).restore(self._record(object_type, record_id, archived=True))

    @action
    def erase_record(self, object_type: str, record_id: str) -> None:
        """Delete a record for good, as a privacy request demands."""
        self._collection(object_type).erase(self._record(object_type, record_id), self._now())

    @action
    def merge_records(self, object_type: str, primary_id: str, other_id: str) -> str:
        """Merge two records; gives the id of the outcome."""
        collection = self._collection(object_type)
        primary, other = self._record(object_type, primary_id), self._record(object_type, other_id)
        return str(collection.merge(primary, other, self._user, self._now()).id)

    @action
    def unsubscribe(self, contact_id: str) -> None:
        """Let a contact opt out of all e-mail."""
        contact = self._record("contacts", contact_id)
        hand = Hand("EMAIL", "unsubscribe")
        self._collection("contacts").set_own(contact, {"hs_email_optout": "true"}, hand, self._now())

    @action
    def resubscribe(self, contact_id: str) -> None:
        """Take an opt-out of all e-mail back; the record shows neither who did it nor on what ground."""
        contact = self._record("contacts", contact_id)
        hand = Hand("EMAIL", "resubscribe")
        self._collection("contacts").set_own(contact, {"hs_email_optout": "false"}, hand, self._now())

    @action
    def associate(self, from_type: str, to_type: str, pairs: list[list[str]], type_id: int | None = None) -> None:
        """Associate records pairwise, without a label by default."""
        start, end = self._collection(from_type), self._collection(to_type)
        with _as_value_error():
            for one, two in pairs:
                self.portal.associate(start, str(one), end, str(two), [type_id] if type_id is not None else [])

    @action
    def create_property(self, object_type: str, definition: dict[str, Any]) -> dict[str, Any]:
        """Add a custom property (as `PropertyCreate`; `groupName` and `fieldType` have defaults)."""
        schema = self._collection(object_type).schema
        whole = {"groupName": schema.group, "type": "string", "fieldType": "text", **definition}
        with _as_value_error():
            return settings.add_property(schema, {"label": whole.get("name"), **whole}, self._now()).to_json()

    @action
    def archive_property(self, object_type: str, name: str) -> None:
        """Delete a custom property."""
        prop = self._collection(object_type).schema.get(name)
        if prop is None or prop.vendor_own:
            raise ValueError(f"no such custom property: {name}")
        prop.archived_at = iso(self._now())

    @action
    def add_owners(self, owners: list[dict[str, Any]]) -> list[str]:
        """Add users, who are owners from then on (as `PublicOwner`: `email`, `firstName`, `type`, `teams` ...)."""
        with _as_value_error():
            return [self.portal.owners.add(owner, self._now()) for owner in owners]

    @action
    def archive_owner(self, owner_id: str) -> None:
        """Remove a user from the portal; records keep the owner's id."""
        self.portal.owners.archive(str(owner_id), self._now())

    @action
    def add_pipeline(self, definition: dict[str, Any]) -> dict[str, Any]:
        """Add a deal pipeline (as `PipelineInput`; `displayOrder` and those of the stages have defaults)."""
        stages = [{"displayOrder": i, **stage} for i, stage in enumerate(definition.get("stages") or ())]
        whole = {"displayOrder": len(self.portal.pipelines.all), **definition, "stages": stages}
        with _as_value_error():
            made = self.portal.pipelines.add(whole, self._now())
        self.portal.offer_stages()
        return made

    @action
    def rotate_private_token(self) -> str:
        """Replace the private app's token; the old one stops working."""
        self.portal.access.rotate()
        return self.portal.access.private_token

    @action
    def uninstall_app(self) -> None:
        """Disconnect the public app: its refresh and access tokens stop working."""
        self.portal.access.refresh_tokens.clear()

    @action
    def authorize_app(self) -> str:
        """Consent to the public app; gives the authorization code."""
        return self.portal.access.grant()

    def state(self) -> dict[str, Any]:
        """All records, with a marker on those gone; associations; owners; pipelines; custom properties."""
        state: dict[str, Any] = {}
        for name, collection in self.portal.collections.items():
            records = {str(r.id): _truth(r) for r in collection.records.values()}
            records |= {str(i): {"id": str(i), "mergedInto": str(to)} for i, to in collection.forward.items()}
            records |= {str(i): {"id": str(i), "erasedAt": at} for i, at in collection.erased.items()}
            state[name] = records
        state["associations"] = self.portal.links.state()
        state["owners"] = {owner["id"]: dict(owner) for owner in self.portal.owners.all.values()}
        state["pipelines"] = dict(self.portal.pipelines.all)
        state["properties"] = {
            name: {p.name: p.to_json() for p in collection.schema.properties.values() if not p.vendor_own}
            for name, collection in self.portal.collections.items()
        }
        return state


def _truth(record: Record) -> dict[str, Any]:
    answer = objects.view(record, sorted(record.values))
    return {**answer, "properties": dict(record.values)}


@contextlib.contextmanager
def _as_value_error() -> Iterator[None]:
    """Turn HubSpot's refusal into the ValueError that an action raises."""
    try:
        yield
    except VendorError as refused:
        raise ValueError(str(refused)) from refused


simulator = HubSpotSimulator
