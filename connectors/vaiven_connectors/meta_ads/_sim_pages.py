"""Pages, their lead forms, and the leads that people send.

developers.facebook.com/docs/marketing-api/guides/lead-ads/retrieving: which permissions a lead needs, `field_data`, and
the filter on `time_created`; a lead can be read for 90 days. That forms and leads want the page's own token, and
refuse a system user's with 190, is what many clients' code reports. Read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from vaiven_connectors.meta_ads._sim_base import serves
from vaiven_connectors.meta_ads._sim_events import Events
from vaiven_connectors.meta_ads._sim_query import Wanted, parse_filtering
from vaiven_connectors.meta_ads._sim_words import Ask, Json, graph_error, parameter, unsupported
from vaiven_sdk.testing import Quirk, action

KEPT = 90 * 86400
_NO_PAGE = (
    "(#10) This endpoint requires the 'pages_read_engagement' permission or the 'Page Public Content Access' feature. "
    "Refer to https://developers.facebook.com/docs/apps/review/login-permissions#manage-pages and "
    "https://developers.facebook.com/docs/apps/review/feature#reference-PAGES_ACCESS for details."
)


class Pages(Events):
    """The pages of a person."""

    page_tokens = Quirk(default=True, meaning="forms and leads want the page's token and not a person's")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.pages = self.node_table("page", "pages", 15)
        self.forms = self.node_table("form", "lead_forms", 16, indexes=["page_id"])
        self.leads = self.node_table("lead", "leads", 16, indexes=["form_id", "ad_id"])
        self.page_id = self.make_page("Vaiven Shop")

    def make_page(self, name: str) -> str:
        """A page; gives its id."""
        tasks = ["ADVERTISE", "ANALYZE", "MANAGE_LEADS"]
        return str(self.pages.add({"name": name, "category": "Shopping", "tasks": tasks})["id"])

    @action
    def make_form(
        self,
        name: str,
        questions: Iterable[str] = ("FULL_NAME", "EMAIL"),
        page: str | None = None,
        locale: str = "en_US",
    ) -> str:
        """A lead form that asks for these; gives its id."""
        asked = [
            {"id": self.digits(15), "key": kind.lower(), "label": kind.replace("_", " ").capitalize(), "type": kind}
            for kind in questions
        ]
        values: Json = {"name": name, "locale": locale, "status": "ACTIVE", "page_id": page or self.page_id}
        values |= {"questions": asked, "created_time": self.utc(), "is_optimized_for_quality": False}
        return str(self.forms.add(values)["id"])

    @action
    def submit_lead(
        self, form: str, answers: Mapping[str, str], ad_id: str | None = None, at: str | None = None
    ) -> str:
        """Somebody fills a form in; gives the lead's id."""
        when = datetime.fromisoformat(at) if at else self.clock.now()
        row: Json = {"form_id": form, "created_time": self.utc(when), "platform": "fb", "is_organic": ad_id is None}
        row["field_data"] = [{"name": name, "values": [value]} for name, value in answers.items()]
        row["_page"] = self.forms.get(form)["page_id"]
        if ad_id is not None:
            ad = self.ads.get(ad_id)
            for kind, one in (("ad", ad), ("adset", self.adsets.get(ad["adset_id"]))):
                row |= {f"{kind}_id": one["id"], f"{kind}_name": one["name"]}
            campaign = self.campaigns.get(ad["campaign_id"])
            row |= {"campaign_id": campaign["id"], "campaign_name": campaign["name"]}
        return str(self.leads.add(row, at=when)["id"])

    def _leads_of(self, page: str) -> int:
        return sum(1 for row in self.leads if row["_page"] == page)

    # ------------------------------------------------------------------------------------------------- reading

    def show(self, ask: Ask, kind: str, row: Json, wanted: Iterable[Wanted]) -> Json:
        """A node; a page with its token, where that is asked for, and a form with the number of its leads."""
        names = list(wanted)
        asked = {one.name for one in names}
        if kind == "page" and "access_token" in asked and not ask.page:
            row = {**row, "access_token": self.graph_access.page_token(self.token_of(ask), row["id"])}
        if kind == "form" and asked & {"leads_count", "organic_leads_count", "expired_leads_count"}:
            held = [one.row for one in self.leads.select(form_id=row["id"])]
            living = [lead for lead in held if not self._old(lead)]
            row = {**row, "leads_count": len(living), "expired_leads_count": len(held) - len(living)}
            row["organic_leads_count"] = sum(1 for lead in living if lead["is_organic"])
        return super().show(ask, kind, row, names)

    @serves("GET", "user", "accounts")
    def list_pages(self, ask: Ask, row: Json) -> Json:
        """The pages that a person works with; none without pages_show_list."""
        if "pages_show_list" not in ask.scopes:
            return {"data": []}
        return self.listing(ask, "page", self.pages.select())

    @serves("GET", "page")
    def read_page(self, ask: Ask, row: Json) -> Json:
        """One page.

        Raises:
            Refusal: 10, the token may not see it.
        """
        self._may_see(ask)
        return self.show(ask, "page", row, self.wanted(ask, "page"))

    @serves("GET", "page", "leadgen_forms")
    def list_forms(self, ask: Ask, row: Json) -> Json:
        """Lead forms of a page."""
        self._for_page(ask, row["id"])
        return self.listing(ask, "form", self.forms.select(down=True, page_id=row["id"]))

    @serves("GET", "form")
    def read_form(self, ask: Ask, row: Json) -> Json:
        """One form."""
        self._for_page(ask, row["page_id"])
        return self.show(ask, "form", row, self.wanted(ask, "form"))

    @serves("GET", "form", "leads")
    def list_leads(self, ask: Ask, row: Json) -> Json:
        """Leads of a form, newest first."""
        self._for_page(ask, row["page_id"], leads=True)
        return self._leads(ask, form_id=row["id"])

    @serves("GET", "ad", "leads")
    def list_ad_leads(self, ask: Ask, row: Json) -> Json:
        """Leads that an ad brought, newest first."""
        self.need_read(ask)
        self._need_leads(ask)
        return self._leads(ask, ad_id=row["id"])

    @serves("GET", "lead")
    def read_lead(self, ask: Ask, row: Json) -> Json:
        """One lead, as a webhook names it.

        Raises:
            Refusal: it is older than 90 days.
        """
        self._for_page(ask, row["_page"], leads=True)
        if self._old(row):
            raise unsupported(ask.method, row["id"])
        return self.show(ask, "lead", row, self.wanted(ask, "lead"))

    @serves("DELETE", "lead")
    def delete_lead(self, ask: Ask, row: Json) -> Json:
        """The lead is gone for good."""
        self._for_page(ask, row["_page"], leads=True)
        self.leads.remove(row["id"])
        return {"success": True}

    def _leads(self, ask: Ask, **equal: Any) -> Json:
        tests = parse_filtering(ask)
        for name, _ in tests:
            if name != "time_created":
                raise parameter(f"Filtering field {name} is not supported", "filtering")

        def keep(entry: Any) -> bool:
            at = datetime.fromisoformat(entry.row["created_time"]).timestamp()
            return not self._old(entry.row) and all(test(at) for _, test in tests)

        return self.listing(ask, "lead", self.leads.select("created", down=True, keep=keep, **equal))

    def _old(self, lead: Json) -> bool:
        return self.epoch() - datetime.fromisoformat(lead["created_time"]).timestamp() > KEPT

    # --------------------------------------------------------------------------------------------- permissions

    def _may_see(self, ask: Ask) -> None:
        if not ask.scopes & {"pages_read_engagement", "pages_show_list"}:
            raise graph_error(10, _NO_PAGE, status=403)

    def _for_page(self, ask: Ask, page: str, *, leads: bool = False) -> None:
        if "pages_read_engagement" not in ask.scopes:
            raise graph_error(10, _NO_PAGE, status=403)
        if self.page_tokens and not ask.page:
            raise graph_error(190, "(#190) This method must be called with a Page Access Token")
        if ask.page and ask.page != page:
            raise unsupported(ask.method, ask.node)
        if leads:
            self._need_leads(ask)

    def _need_leads(self, ask: Ask) -> None:
        if "leads_retrieval" not in ask.scopes:
            raise graph_error(200, "(#200) Requires leads_retrieval permission to manage the object", status=403)
