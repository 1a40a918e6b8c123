"""What the org's people do: at the keyboard, and as the certification kit asks them to."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vaiven_connectors.salesforce import _sim_merging as merging
from vaiven_connectors.salesforce import _sim_writing as writing
from vaiven_connectors.salesforce._sim_base import Base
from vaiven_connectors.salesforce._sim_kinds import Field
from vaiven_connectors.salesforce._sim_org import Row, normal
from vaiven_sdk.testing import NotDrivable, Refusal, action

if TYPE_CHECKING:
    from collections.abc import Iterator

_STREAMS = {
    "accounts": "Account",
    "companies": "Account",
    "contacts": "Contact",
    "leads": "Lead",
    "opportunities": "Opportunity",
    "deals": "Opportunity",
    "campaigns": "Campaign",
    "campaign_members": "CampaignMember",
    "members": "CampaignMember",
    "tasks": "Task",
    "cases": "Case",
    "tickets": "Case",
    "users": "User",
    "stages": "OpportunityStage",
    "opportunity_stages": "OpportunityStage",
    "lead_statuses": "LeadStatus",
}
_TOUCHED = {
    "Account": "BillingCity",
    "Contact": "FirstName",
    "Lead": "FirstName",
    "Opportunity": "NextStep",
    "Campaign": "Name",
    "Task": "Subject",
    "Case": "Subject",
    "User": "Title",
    "OpportunityStage": "MasterLabel",
    "LeadStatus": "MasterLabel",
}
_SETTINGS = ("OpportunityStage", "LeadStatus")


class Driven(Base):
    """People of the org."""

    _made = 0
    _touched = 0

    # ---------------------------------------------------------------------------------------------- the org's people

    @action
    def seed(self, kind: str, records: Sequence[Row]) -> list[str]:
        """Import records in one transaction: they share an instant."""
        with _as_value_error():
            at = self.org.begin(allow_duplicates=True)
            return [str(writing.create(self.org, self.org.kind(kind), dict(row), at)["Id"]) for row in records]

    @action
    def edit(self, record_ids: Sequence[str], values: Row) -> None:
        """Change records in one transaction, as a mass edit does."""
        with _as_value_error():
            at = self.org.begin(allow_duplicates=True)
            for key in record_ids:
                row = self._row(key)
                writing.update(self.org, self._kind_of(row), row, values, at)

    @action
    def delete_records(self, record_ids: Sequence[str]) -> None:
        """Put records into the recycle bin."""
        with _as_value_error():
            at = self.org.begin()
            for key in record_ids:
                row = self._row(key)
                writing.delete(self.org, self._kind_of(row), row, at)

    @action
    def undelete(self, record_ids: Sequence[str]) -> None:
        """Take records out of the recycle bin."""
        with _as_value_error():
            at = self.org.begin()
            for key in record_ids:
                row = self._row(key)
                writing.undelete(self.org, self._kind_of(row), row, at)

    @action
    def empty_recycle_bin(self) -> int:
        """Delete for good what is in the recycle bin, as the platform does after 15 days; gives how many."""
        at, count = self.org.begin(), 0
        for shelf in self.org.shelves.values():
            for row in [row for row in shelf.rows.values() if row.get("IsDeleted")]:
                writing.purge(self.org, shelf.kind, row, at)
                count += 1
        return count

    @action
    def merge(self, master_id: str, other_ids: Sequence[str], values: Row | None = None) -> str:
        """Merge up to two leads, contacts or accounts into a third; gives the winner's id."""
        with _as_value_error():
            others = [self._row(key) for key in other_ids]
            return str(merging.merge(self.org, self.org.begin(), self._row(master_id), others, values or {})["Id"])

    @action
    def convert_lead(
        self,
        lead_id: str,
        account_id: str | None = None,
        contact_id: str | None = None,
        opportunity: str | None = None,
    ) -> dict[str, str | None]:
        """Convert a lead; gives the ids of account, contact and, if `opportunity` names one, opportunity."""
        with _as_value_error():
            lead, at = self._row(lead_id), self.org.begin()
            return merging.convert(
                self.org, lead, at, account=normal(account_id), contact=normal(contact_id), opportunity=opportunity
            )

    @action
    def bounce(self, record_id: str, reason: str = "550 no such user") -> None:
        """Mail bounces: the system marks the address, which moves SystemModstamp and not LastModifiedDate."""
        row, at = self._row(record_id), self.org.begin()
        values: Row = {"EmailBouncedReason": reason, "EmailBouncedDate": at.at}
        kind = self._kind_of(row)
        if "IsEmailBounced" in kind.fields:
            values["IsEmailBounced"] = True
        self.org.amend(kind.name, row, values, at, by_system=True)

    @action
    def create_field(self, kind: str, name: str, type: str = "string", **more: Any) -> str:  # noqa: A002 - as describe
        """Add a custom field; gives its API name, which ends in `__c`.

        `more`, as of a field: `length`, `values`, `external`, `unique`, `required`, `restricted`, `refers`.
        """
        api = name if name.endswith("__c") else f"{name}__c"
        for listed in ("values", "refers"):
            if listed in more:
                more[listed] = tuple(more[listed])
        length = more.pop("length", 255 if type in {"string", "picklist", "textarea", "url"} else 80)
        label = more.pop("label", name.removesuffix("__c").replace("_", " "))
        field = Field(api, type, length, custom=True, label=label, **more)
        self.org.add_field(self.org.kind(kind), field)
        return api

    @action
    def add_user(self, first_name: str, last_name: str, email: str) -> str:
        """Add a user, who can own records from then on."""
        row = dict(self.org.row(self.org.user_id) or {})
        del row["Id"]
        person = {"FirstName": first_name, "LastName": last_name, "Name": f"{first_name} {last_name}"}
        return str(self.org.insert("User", row | person | {"Username": email, "Email": email}, self.org.begin())["Id"])

    @action
    def revoke_access(self) -> None:
        """Take the app's access away: its sessions and refresh tokens are good no more."""
        self.sessions.revoke()

    # -------------------------------------------------------------------------------------------------------- the kit

    def sample(self, stream: str, n: int) -> list[str]:
        """Make records as somebody at the keyboard would."""
        kind = self._stream("sample", stream)
        if kind == "User":
            return [self._user() for _ in range(n)]
        if kind in _SETTINGS:
            return [self._setting(kind) for _ in range(n)]
        return [self.seed(kind, [self._new(kind)])[0] for _ in range(n)]

    def touch(self, stream: str, record_id: str) -> None:
        """Change a value that is mapped, to one that it never had."""
        kind = self._stream("touch", stream)
        self._touched += 1
        row = self._row(record_id)
        if kind == "CampaignMember":
            label = f"Called {self._touched}"
            status = {"CampaignId": row["CampaignId"], "Label": label, "HasResponded": not row["HasResponded"]}
            self.org.insert("CampaignMemberStatus", status, self.org.begin())
            self.edit([record_id], {"Status": label})
        elif self.org.kinds[kind].writable:
            self.edit([record_id], {_TOUCHED[kind]: self._edit()})
        else:
            self.org.amend(kind, row, {_TOUCHED[kind]: self._edit()}, self.org.begin())

    def remove(self, stream: str, record_id: str) -> None:
        """Delete a record; a user can only be deactivated, and a stage is taken out of the list."""
        kind = self._stream("remove", stream)
        row = self._row(record_id)
        if kind == "User":
            self.org.amend(kind, row, {"IsActive": False}, self.org.begin())
        elif not self.org.kinds[kind].writable:
            self.org.shelves[kind].drop(row["Id"])
        else:
            self.delete_records([record_id])

    def unwanted(self, stream: str) -> dict[str, Any]:
        """Fits our model, and Salesforce refuses it: a bad address, or a name that is too long."""
        kind = self._stream("unwanted", stream)
        refused: dict[str, dict[str, Any]] = {
            "Contact": {"email": "no-address", "given_name": "Refused", "family_name": "Person"},
            "Lead": {"email": "no-address", "family_name": "Refused", "company_name": "Nowhere"},
            "Account": {"name": "A" * 256},
            "Opportunity": {"name": "D" * 121, "stage_id": "Prospecting", "close_on": "2026-12-31"},
            "Campaign": {"name": "C" * 81},
        }
        return refused[kind] if kind in refused else super().unwanted(stream)

    def customise(self, stream: str) -> tuple[str, str]:
        """Add a field and fill it in."""
        kind = self._stream("customise", stream)
        if kind in _SETTINGS:
            return super().customise(stream)
        name = self.create_field(kind, "Favourite_Colour", "string", length=40)
        if kind == "User":
            key = self._user()
            self.edit([key], {name: "teal"})
            return name, key
        return name, self.seed(kind, [{**self._new(kind), name: "teal"}])[0]

    # ------------------------------------------------------------------------------------------------------ internals

    def _stream(self, verb: str, stream: str) -> str:
        kind = _STREAMS.get(stream.lower())
        if kind is None:
            raise NotDrivable(self.slug, verb, stream)
        return kind

    def _row(self, key: str) -> Row:
        row = self.org.row(normal(key)) or self._setting_row(key)
        if row is None:
            raise ValueError(f"there is no record {key}")
        return row

    def _setting_row(self, name: str) -> Row | None:
        """A stage or a status by its API name, which is what records refer to."""
        rows = [row for kind in _SETTINGS for row in self.org.shelves[kind].rows.values()]
        return next((row for row in rows if row["ApiName"] == name), None)

    def _kind_of(self, row: Row) -> Any:
        return self.org.kind_of(row["Id"])

    def _new(self, kind: str) -> Row:
        self._made += 1
        n = self._made
        person = {"FirstName": f"Ada {n}", "LastName": f"Byron {n}", "Email": f"sample{n}@people.example"}
        if kind == "CampaignMember":
            (campaign,), (contact,) = self.sample("campaigns", 1), self.sample("contacts", 1)
            return {"CampaignId": campaign, "ContactId": contact, "Status": "Sent"}
        made: dict[str, Row] = {
            "Account": {"Name": f"Sample {n} Ltd", "Website": f"https://sample{n}.example", "BillingCity": f"Town {n}"},
            "Contact": {**person, "MailingCity": f"Town {n}"},
            "Lead": {**person, "Company": f"Sample {n} Ltd", "City": f"Town {n}"},
            "Opportunity": {
                "Name": f"Deal {n}",
                "StageName": "Qualification",
                "CloseDate": "2026-12-31",
                "Amount": 10.5 * n,
            },
            "Campaign": {"Name": f"Campaign {n}", "Type": "Email", "StartDate": "2026-11-01", "IsActive": True},
            "Task": {"Subject": f"Call {n}", "ActivityDate": "2026-11-30"},
            "Case": {"Subject": f"Question {n}", "Origin": "Web", "SuppliedEmail": f"sample{n}@people.example"},
        }
        return made[kind]

    def _user(self) -> str:
        self._made += 1
        return self.add_user(f"Olga {self._made}", "Sample", f"owner{self._made}@example.com")

    def _setting(self, kind: str) -> str:
        self._made += 1
        label = f"Step {self._made}"
        row: Row = {"MasterLabel": label, "ApiName": label, "SortOrder": 20 + self._made}
        if kind == "OpportunityStage":
            row |= {"IsActive": True, "DefaultProbability": 50.0, "ForecastCategory": "Pipeline"}
            row["ForecastCategoryName"] = "Pipeline"
        return str(self.org.insert(kind, row, self.org.begin())["ApiName"])

    def _edit(self) -> str:
        """A text that no other edit has, nor another org's."""
        return f"Edit {self._touched} {self.org.org_id[3:5]}"


@contextmanager
def _as_value_error() -> Iterator[None]:
    try:
        yield
    except Refusal as problem:
        raise ValueError(f"{problem.code}: {problem.message}") from None
