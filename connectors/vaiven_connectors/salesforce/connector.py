"""Salesforce: accounts, contacts, leads, opportunities, campaigns and members both ways; the rest is read."""

from collections.abc import Sequence
from typing import Any

from vaiven_connectors.salesforce._custom import check_id
from vaiven_connectors.salesforce._errors import refine
from vaiven_connectors.salesforce._limits import LIMITS
from vaiven_connectors.salesforce._members import member_stream
from vaiven_connectors.salesforce._objects import (
    BATCH,
    COLLECTIONS,
    GONE,
    deleted,
    object_stream,
    saved,
    written_stream,
)
from vaiven_connectors.salesforce._people import Account as AccountRecord
from vaiven_connectors.salesforce._people import Contact, Lead
from vaiven_connectors.salesforce._sales import Campaign, Opportunity, OpportunityStage
from vaiven_connectors.salesforce._service import Case, Task, User
from vaiven_connectors.salesforce._settings import ANSWER, Settings, V, complete
from vaiven_sdk import (
    Account,
    ClientCredentials,
    Connector,
    Deletes,
    Input,
    JwtBearer,
    OAuth2,
    Outcome,
    Scope,
    Session,
    Write,
)

AUTHORIZE = "https://{config.login}/services/oauth2/authorize"
TOKEN = "https://{config.login}/services/oauth2/token"  # noqa: S105 - an address

salesforce = Connector(
    "salesforce",
    Settings,
    name="Salesforce",
    category="crm",
    base_url="https://{config.instance}.my.salesforce.com",
    hosts=["login.salesforce.com", "test.salesforce.com", "*.my.salesforce.com"],
    auth=[
        # Addresses: help.salesforce.com, "OAuth Endpoints", read 2026-11-25. An answer does not say how long its token
        # lives (the session's timeout decides), so each is used until it is refused.
        OAuth2(AUTHORIZE, TOKEN, answer=ANSWER),
        JwtBearer(
            TOKEN,
            {"iss": "{client_id}", "sub": "{username}", "aud": "https://{config.login}"},
            (
                Input("client_id", "Consumer key", secret=False),
                Input("username", "User name", secret=False),
                Input("private_key", "Private key (PEM)"),
            ),
            answer=ANSWER,
        ),
        ClientCredentials(TOKEN, answer=ANSWER),
    ],
    limits=LIMITS,
    docs="https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/",
    # Salesforce has one scope for its data; what of it may be read and written is the user's permissions to say
    # (help.salesforce.com, "OAuth Tokens and Scopes", read 2026-11-25).
    scopes=[
        Scope("api", "read and write the records that the connected user may see and edit", write=True),
        Scope("refresh_token", "go on while nobody is signed in"),
        Scope("id", "find out which organization, at which address, was connected"),
    ],
)

users = object_stream(salesforce, "User", User, name="users", deletes=Deletes.NEVER)
stages = object_stream(
    salesforce, "OpportunityStage", OpportunityStage, name="stages", fixed=True, deletes=Deletes.FULL_SCAN
)
accounts = written_stream(
    salesforce, "Account", AccountRecord, name="accounts", needs=["name"], parent="parent_id", etag=True
)
contacts = written_stream(salesforce, "Contact", Contact, name="contacts", needs=["family_name"], parent="account_id")
leads = written_stream(salesforce, "Lead", Lead, name="leads", needs=["family_name", "company_name"])
campaigns = written_stream(salesforce, "Campaign", Campaign, name="campaigns", needs=["name"], parent="parent_id")
opportunities = written_stream(
    salesforce,
    "Opportunity",
    Opportunity,
    name="opportunities",
    needs=["name", "stage_id", "close_on"],
    parent="account_id",
)
campaign_members = member_stream(salesforce)
tasks = object_stream(salesforce, "Task", Task, name="tasks", archived=True)
cases = object_stream(salesforce, "Case", Case, name="cases")

PERSONAL = ("Email", "Phone", "FirstName", "Title", "Birthdate", "Description")
ADDRESS = ("MailingStreet", "MailingCity", "MailingState", "MailingPostalCode", "MailingCountry")


@contacts.erase(
    batch=BATCH,
    note="The contact is emptied and deleted; what is left of it stays in Salesforce's Recycle Bin for 15 days, unless"
    " somebody empties that. Custom fields and the field history keep what they have: clear them in Salesforce.",
)
async def erase(hub: Session[Settings], writes: Sequence[Write[Contact]]) -> list[Outcome]:
    """Overwrite what is personal, then delete: no REST call leads past the Recycle Bin.

    Source: developer.salesforce.com, SOAP API guide, "emptyRecycleBin()", read 2026-11-25.
    """
    empty: dict[str, Any] = {**dict.fromkeys((*PERSONAL, *ADDRESS)), "LastName": "Erased"}
    bare = [Write("update", w.hub_id, w.record, w.id, frozenset(), w.idempotency_key) for w in writes]
    told = await saved(hub, COLLECTIONS, "Contact", bare, key=lambda w: {**empty, "id": w.id})
    kept = {one.id: one for one in told if one.status == "rejected" and one.code != GONE}
    rest = [write for write in writes if write.id not in kept]
    return [*kept.values(), *(await deleted(hub, rest) if rest else [])]


@salesforce.account
async def account(hub: Session[Settings]) -> Account:
    """The organization: Object Reference, "Organization", read 2026-11-25."""
    (row,) = (await hub.get(f"{V}/query", q="SELECT Id, Name, IsSandbox FROM Organization"))["records"]
    return Account(str(row["Id"]), f"{row['Name']} (sandbox)" if row.get("IsSandbox") else str(row["Name"]))


@salesforce.prepare
async def prepare(hub: Session[Settings]) -> None:
    """See whether the hub's id can be kept on each object that records are created of."""
    for sobject in ("Account", "Contact", "Lead", "Campaign", "Opportunity"):
        await check_id(hub, sobject)


salesforce.connected(complete)
salesforce.error(refine)
