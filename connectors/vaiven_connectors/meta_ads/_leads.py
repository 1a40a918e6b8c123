"""Lead forms of a Page and what people sent by them: as leads, and as submissions with what was ticked.

developers.facebook.com, "Retrieving leads" (ads-commerce/marketing-api/guides/lead-ads/retrieving, updated 2025-11-07),
read 2026-11-25; names and types: AdsPixel's neighbours LeadgenForm, Lead and UserLeadGenDisclaimerResponse of
facebook-business-sdk-codegen@ad2b0b6.
"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

from pydantic import AwareDatetime, BaseModel

from vaiven_sdk import Batch, Record, Window, derive, each, get, wire
from vaiven_sdk.model import Form, FormSubmission, Lead
from vaiven_sdk.read import Read

from ._account import Hub
from ._listing import PAGE, filtering

DUMMY = "test lead: dummy data"
"""What Meta's testing tool writes into the answers of a lead that nobody sent."""
FORM_STATUS = {"ACTIVE": "published", "ARCHIVED": "closed", "DELETED": "closed", "DRAFT": "draft"}
LAG = timedelta(seconds=60)


class Answered(BaseModel):
    """One question's answers."""

    name: str = ""
    values: list[str] = []


class Ticked(BaseModel):
    """One checkbox of the form's custom disclaimer."""

    checkbox_key: str = ""
    is_checked: str | bool = ""


class MetaForm(Record[Form], key="id"):
    """An instant form."""

    id: str = wire(read_only=True)
    name: str | None = wire(to="name", read_only=True)
    status: str | None = wire(to="status", values=FORM_STATUS, read_only=True)
    locale: str | None = wire(read_only=True)
    asked: list[dict[str, Any]] | None = wire("questions", read_only=True)

    @derive("type")
    def kind(self) -> str:
        """Each form of a Page's `leadgen_forms` is one for leads."""
        return "lead"

    @derive("language")
    def language(self) -> str | None:
        """Meta writes `es_ES`."""
        return self.locale.replace("_", "-") if self.locale else None

    @derive("questions")
    def questions(self) -> dict[str, Any] | None:
        """By key, as Meta has them."""
        return {str(one.get("key")): one for one in self.asked} if self.asked is not None else None


class MetaLead(Record[Lead], key="id", cursor="created_time"):
    """Somebody who sent a lead form."""

    id: str = wire(read_only=True)
    created_time: AwareDatetime = wire(read_only=True)
    campaign_id: str | None = wire(to="campaign_id", ref="campaigns", read_only=True)
    form_id: str | None = wire(read_only=True)
    organic: bool | None = wire("is_organic", read_only=True)
    answers: list[Answered] | None = wire("field_data", read_only=True)

    def answer(self, *names: str) -> str | None:
        """The first answer to one of these questions; what the testing tool made up is none."""
        given = {one.name.lower(): one.values for one in self.answers or ()}
        found = next((given[name][0] for name in names if given.get(name)), None)
        return None if found is None or DUMMY in found else found

    @derive("email")
    def email(self) -> str | None:
        """Address."""
        return self.answer("email", "work_email")

    @derive("phone")
    def phone(self) -> str | None:
        """Number."""
        return self.answer("phone_number", "work_phone_number")

    @derive("given_name")
    def given_name(self) -> str | None:
        """First name; a full name is not cut."""
        return self.answer("first_name")

    @derive("family_name")
    def family_name(self) -> str | None:
        """Last name."""
        return self.answer("last_name")

    @derive("company_name")
    def company_name(self) -> str | None:
        """Company."""
        return self.answer("company_name")

    @derive("job_title")
    def job_title(self) -> str | None:
        """Position."""
        return self.answer("job_title")

    @derive("country")
    def country(self) -> str | None:
        """Country."""
        return self.answer("country")

    @derive("status")
    def state(self) -> str:
        """Meta keeps no state of a lead that its API shows."""
        return "new"

    @derive("source")
    def source(self) -> str:
        """Whether an ad brought it, or the Page itself."""
        return "meta_organic" if self.organic else "meta_lead_ad"


class MetaSubmission(Record[FormSubmission], key="id", cursor="submitted_at"):
    """The same lead with all answers and with what was asked and ticked; `legal` is the form's."""

    id: str = wire(to="event_id", read_only=True)
    submitted_at: AwareDatetime = wire("created_time", to="submitted_at", read_only=True)
    form_id: str | None = wire(to="form_id", ref="forms", read_only=True)
    campaign_id: str | None = wire(to="campaign_id", ref="campaigns", read_only=True)
    given: list[Answered] | None = wire("field_data", read_only=True)
    ticked: list[Ticked] | None = wire("custom_disclaimer_responses", read_only=True)
    legal: dict[str, Any] | None = wire("legal_content", read_only=True)

    @derive("answers")
    def answers(self) -> dict[str, Any] | None:
        """One value, or a list of several."""
        given = {one.name: one.values for one in self.given or ()}
        return {name: some[0] if len(some) == 1 else some for name, some in given.items()} or None

    @derive("email")
    def email(self) -> str | None:
        """Address."""
        return self._first("email")

    @derive("phone")
    def phone(self) -> str | None:
        """Number."""
        return self._first("phone_number")

    @derive("consent")
    def consent(self) -> dict[str, Any] | None:
        """The text of the disclaimer, and of each checkbox whether it was ticked."""
        disclaimer = (self.legal or {}).get("custom_disclaimer") or {}
        if not disclaimer and not self.ticked:
            return None
        texts = {str(one.get("key")): one.get("text") for one in disclaimer.get("checkboxes") or ()}
        boxes = [
            {"key": key, "text": texts.get(key), "ticked": ticked in {True, "1", "true"}}
            for key, ticked in ((one.checkbox_key, one.is_checked) for one in self.ticked or ())
        ]
        return {"title": disclaimer.get("title"), "text": (disclaimer.get("body") or {}).get("text"), "boxes": boxes}

    @derive("is_test")
    def is_test(self) -> bool:
        """Made by Meta's testing tool."""
        return any(DUMMY in value for one in self.given or () for value in one.values)

    def _first(self, name: str) -> str | None:
        values = next((one.values for one in self.given or () if one.name.lower() == name), [])
        return values[0] if values and DUMMY not in values[0] else None


LEAD_FIELDS = "id,created_time,campaign_id,form_id,is_organic,field_data,custom_disclaimer_responses"
FORM_FIELDS = "id,name,status,locale,questions"
FORMS = get("/{config.page_id}/leadgen_forms", items="data", page=PAGE, fields=FORM_FIELDS)
_LEGAL = get(
    "/{config.page_id}/leadgen_forms", items="data", page=PAGE, fields=lambda _: "id,legal_content{custom_disclaimer}"
)


def _since(window: Window) -> str | None:
    if window.since is None:
        return None
    at = datetime.fromisoformat(window.since) - LAG
    return filtering("time_created", "GREATER_THAN", int(at.timestamp()))


SENT: Read = each(
    _LEGAL,
    get("/{parent.id}/leads", items="data", page=PAGE, fields=LEAD_FIELDS, filtering=_since),
    inject={"legal_content": "parent.legal_content"},
)


async def of_page(hub: Hub, window: Window, state: Any, wanted: Read) -> AsyncIterator[Batch]:
    """Pages of what belongs to the Page; nothing where the settings name none."""
    if not hub.config.page_id:
        yield Batch()
        return
    async for page in hub.walk(wanted, window, state=state):
        yield Batch(page.items, state=page.state)
