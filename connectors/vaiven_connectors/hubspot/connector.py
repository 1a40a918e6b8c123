"""HubSpot's CRM: companies, contacts and deals both ways; owners, pipelines and associations read."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from vaiven_connectors.hubspot._associations import (
    ContactCompany,
    DealCompany,
    DealContact,
    association_stream,
)
from vaiven_connectors.hubspot._custom import ID
from vaiven_connectors.hubspot._errors import refine
from vaiven_connectors.hubspot._objects import crm_stream
from vaiven_connectors.hubspot._records import Company, Contact, Deal, DealPipeline, DealStage, Owner
from vaiven_connectors.hubspot._webhooks import hints
from vaiven_sdk import (
    Account,
    Batch,
    Bearer,
    Config,
    ConfigInvalid,
    Connector,
    Limit,
    NotFound,
    OAuth2,
    Outcome,
    Page,
    PermissionMissing,
    RequestRefused,
    Scope,
    Session,
    Window,
    Write,
    get,
)
from vaiven_sdk.webhooks import signatures

hubspot = Connector(
    "hubspot",
    Config,
    name="HubSpot",
    category="crm",
    base_url="https://api.hubapi.com",
    auth=[
        Bearer("token"),
        # Addresses: auth-oauth@v1 of HubSpot's public API specifications, 2026-08-21.
        OAuth2(
            authorize_url="https://app.hubspot.com/oauth/authorize",
            token_url="https://api.hubapi.com/oauth/v1/token",  # noqa: S106
        ),
    ],
    limits=[
        Limit(
            calls=100,
            per=10,
            but="/crm/v3/objects/*/search",  # has its own limit, and does not count towards this one
            source="API usage guidelines: 100 per 10 s on Free and Starter, more above; read 2026-11-22",
        ),
        Limit(
            calls=5,
            per=1,
            path="/crm/v3/objects/*/search",
            source="Changelog 'Increasing our API limits': search, 5 per second and account; read 2026-11-22",
        ),
    ],
    docs="https://developers.hubspot.com/docs/api-reference",
    scopes=[Scope("oauth", "required of every public app; tells which portal this is")],
)

owners = hubspot.stream(
    Owner,
    get("/crm/v3/owners", items="results", page=Page.cursor("after", at="paging.next.after"), limit=100),
    name="owners",
    scopes=[Scope("crm.objects.owners.read", "read who looks after a record")],
    gone=get(
        "/crm/v3/owners",
        items="results",
        page=Page.cursor("after", at="paging.next.after"),
        limit=100,
        archived=True,
    ),
)
# Any object's read scope opens the pipelines (`sec` of crm-pipelines@v3).
PIPELINES = [Scope("crm.objects.deals.read", "read the pipelines that deals go through")]
pipelines = hubspot.stream(
    DealPipeline, get("/crm/v3/pipelines/deals", items="results"), name="pipelines", scopes=PIPELINES
)
stages = hubspot.stream(DealStage, name="stages", scopes=PIPELINES)

companies = crm_stream(hubspot, "companies", Company, modified="hs_lastmodifieddate", needs=["name"])
contacts = crm_stream(hubspot, "contacts", Contact, modified="lastmodifieddate", needs=["email"], unique="email")
deals = crm_stream(hubspot, "deals", Deal, modified="hs_lastmodifieddate", needs=["name", "stage_id"])


@contacts.erase(note="HubSpot purges the contact within 30 days and takes its addresses in no more by hand or import.")
async def erase(hub: Session[Config], writes: Sequence[Write[Contact]]) -> list[Outcome]:
    """One by one, for there is no batch: PublicGdprDeleteInput of crm-contacts@v3.

    What it does: knowledge.hubspot.com, "Perform a permanent delete in HubSpot" (2025-06-09), read 2026-11-25.
    """
    for write in writes:
        with suppress(NotFound):
            await hub.post("/crm/v3/objects/contacts/gdpr-delete", {"objectId": write.id}, safe=True)
    return [write.deleted() for write in writes]


contact_companies = association_stream(
    hubspot, "contact_companies", ContactCompany, ("contacts", "companies"), "lastmodifieddate"
)
deal_contacts = association_stream(hubspot, "deal_contacts", DealContact, ("deals", "contacts"), "hs_lastmodifieddate")
deal_companies = association_stream(
    hubspot, "deal_companies", DealCompany, ("deals", "companies"), "hs_lastmodifieddate"
)


@stages.reader("full")
async def read_stages(hub: Session[Config], _window: Window, _state: Any) -> AsyncIterator[Batch]:
    """Stages come inside their pipelines."""
    answer = await hub.get("/crm/v3/pipelines/deals")
    yield Batch([{**s, "pipelineId": p["id"]} for p in answer["results"] for s in p["stages"]])


@hubspot.account
async def account(hub: Session[Config]) -> Account:
    """The portal: schema PortalInformationResponse of account-account-info@v3."""
    details = await hub.get("/account-info/v3/details")
    return Account(id=str(details["portalId"]), name=f"HubSpot {details['portalId']}")


PROPERTY = {
    "name": ID,
    "label": "Vaiven id",
    "groupName": "vaiven",
    "type": "string",
    "fieldType": "text",
    "hasUniqueValue": True,
    "formField": False,
}
"""Schema PropertyCreate of crm-properties@v3."""


@hubspot.prepare
async def prepare(hub: Session[Config]) -> None:
    """Make the property that carries the hub's id, and its group, for each kind of object that we create."""
    for kind in ("contacts", "companies", "deals"):
        path = f"/crm/v3/properties/{kind}"
        try:
            found = await hub.get(f"{path}/{ID}")
        except NotFound:
            await _made(hub, f"{path}/groups", {"name": "vaiven", "label": "Vaiven"})
            await _made(hub, path, PROPERTY)
        except PermissionMissing:
            continue  # an account that was granted the scopes of some streams alone
        else:
            if not found.get("hasUniqueValue"):
                raise ConfigInvalid(
                    f"HubSpot's property {ID} of {kind} allows the same value twice.",
                    why="somebody made it by hand, and uniqueness cannot be added to a property",
                    remedy=f"Delete the property {ID} of {kind} in HubSpot's settings; it is then made anew.",
                )


async def _made(hub: Session[Config], path: str, body: Mapping[str, Any]) -> None:
    try:
        await hub.post(path, body)
    except RequestRefused as refusal:
        if refusal.status != 409:
            raise


hubspot.error(refine)
hubspot.webhook(signatures.hubspot())(hints)
