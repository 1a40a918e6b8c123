"""Tasks, cases and users, which are read.

Names and types: jsforce 3.10.16, lib/types/standard-schema.d.ts; developer.salesforce.com, Object Reference, "Task",
"Case", "User". The values of the picklists are those that an organization begins with. Read 2026-11-25.
"""

from vaiven_connectors.salesforce._values import CASE, CONTACT, OPPORTUNITY, USER, Day, Stamp, only
from vaiven_sdk import Record, derive, wire
from vaiven_sdk.model import Activity, Ticket
from vaiven_sdk.model import User as UnifiedUser

SUBTYPE = {"Task": "task", "Email": "email", "ListEmail": "email", "Call": "call"}
TASK_STATUS = {
    "Not Started": "planned",
    "In Progress": "in_progress",
    "Waiting on someone else": "in_progress",
    "Deferred": "planned",
    "Completed": "done",
}
CASE_STATUS = {
    "New": "new",
    "Working": "open",
    "In Process": "open",
    "Escalated": "open",
    "On Hold": "on_hold",
    "Closed": "closed",
}
PRIORITY = {"High": "high", "Medium": "normal", "Low": "low"}
ORIGIN = {"Phone": "phone", "Email": "email", "Web": "web", "Chat": "chat"}
DIRECTION = {"Inbound": "inbound", "Outbound": "outbound"}


class Task(Record[Activity], key="id", cursor="modified_at"):
    """Something to do or done, calls and e-mails among them."""

    id: str = wire("Id", read_only=True)
    modified_at: Stamp = wire("SystemModstamp", read_only=True)
    is_deleted: bool | None = wire("IsDeleted", read_only=True)
    kind: str | None = wire("TaskSubtype", read_only=True)
    subject: str | None = wire("Subject", to="subject", read_only=True)
    body: str | None = wire("Description", to="body", read_only=True)
    state: str | None = wire("Status", read_only=True)
    is_closed: bool | None = wire("IsClosed", read_only=True)
    owner: str | None = wire("OwnerId", read_only=True)
    who: str | None = wire("WhoId", read_only=True)
    what: str | None = wire("WhatId", read_only=True)
    account_id: str | None = wire("AccountId", to="company_id", ref="accounts", read_only=True)
    due_on: Day = wire("ActivityDate", to="due_on", read_only=True)
    call_type: str | None = wire("CallType", read_only=True)
    outcome: str | None = wire("CallDisposition", to="outcome", read_only=True)

    @derive("type")
    def type(self) -> str:
        """A task without a kind is a plain one."""
        return SUBTYPE.get(self.kind or "Task", "other")

    @derive("status")
    def status(self) -> str | None:
        """The flag counts: an organization may call what is closed as it likes."""
        if self.is_closed:
            return "done"
        return None if self.state is None else TASK_STATUS.get(self.state, "other")

    @derive("owner_id", ref="users")
    def owner_id(self) -> str | None:
        """The owner, unless a queue is it."""
        return only(USER, self.owner)

    @derive("person_id", ref="contacts")
    def person_id(self) -> str | None:
        """The contact that it is about; it may be about a lead."""
        return only(CONTACT, self.who)

    @derive("deal_id", ref="opportunities")
    def deal_id(self) -> str | None:
        """The opportunity that it is about."""
        return only(OPPORTUNITY, self.what)

    @derive("ticket_id", ref="cases")
    def ticket_id(self) -> str | None:
        """The case that it is about."""
        return only(CASE, self.what)

    @derive("direction")
    def direction(self) -> str | None:
        """Of calls; an internal one has none."""
        return DIRECTION.get(self.call_type or "")


class Case(Record[Ticket], key="id", cursor="modified_at"):
    """A request for help."""

    id: str = wire("Id", read_only=True)
    modified_at: Stamp = wire("SystemModstamp", read_only=True)
    is_deleted: bool | None = wire("IsDeleted", read_only=True)
    number: str | None = wire("CaseNumber", to="number", read_only=True)
    contact_id: str | None = wire("ContactId", to="person_id", ref="contacts", read_only=True)
    account_id: str | None = wire("AccountId", to="company_id", ref="accounts", read_only=True)
    owner: str | None = wire("OwnerId", read_only=True)
    subject: str | None = wire("Subject", to="subject", read_only=True)
    description: str | None = wire("Description", to="description", read_only=True)
    state: str | None = wire("Status", read_only=True)
    is_closed: bool | None = wire("IsClosed", read_only=True)
    priority: str | None = wire("Priority", to="priority", values=PRIORITY, read_only=True)
    origin: str | None = wire("Origin", to="channel", values=ORIGIN, read_only=True)
    category: str | None = wire("Type", to="category", read_only=True)
    created_at: Stamp = wire("CreatedDate", to="opened_at", read_only=True)
    closed_at: Stamp = wire("ClosedDate", to="resolved_at", read_only=True)

    @derive("status")
    def status(self) -> str | None:
        """The flag counts: an organization may call what is closed as it likes."""
        if self.is_closed:
            return "closed"
        return None if self.state is None else CASE_STATUS.get(self.state, "other")

    @derive("assignee_id", ref="users")
    def assignee_id(self) -> str | None:
        """The owner, unless a queue is it."""
        return only(USER, self.owner)


class User(Record[UnifiedUser], key="id", cursor="modified_at"):
    """Somebody who may sign in to the organization."""

    id: str = wire("Id", read_only=True)
    modified_at: Stamp = wire("SystemModstamp", read_only=True)
    email: str | None = wire("Email", to="email", read_only=True)
    first_name: str | None = wire("FirstName", to="given_name", read_only=True)
    last_name: str | None = wire("LastName", to="family_name", read_only=True)
    name: str | None = wire("Name", to="full_name", read_only=True)
    title: str | None = wire("Title", to="role", read_only=True)
    department: str | None = wire("Department", to="team", read_only=True)
    time_zone: str | None = wire("TimeZoneSidKey", to="timezone", read_only=True)
    is_active: bool | None = wire("IsActive", to="is_active", read_only=True)
