"""The paths of audiences and of what belongs to one: merge fields, segments (tags), interests, webhooks."""

from __future__ import annotations

from typing import Any, Protocol

from vaiven_connectors.mailchimp._sim_audience import Audience
from vaiven_connectors.mailchimp._sim_http import Answer, Call, Handler, Json, check, invalid, not_found
from vaiven_connectors.mailchimp._sim_member import BRIEFER, Member
from vaiven_connectors.mailchimp._sim_members import Members

_LIST = "/lists/{list_id}"
_EVENTS = ("subscribe", "unsubscribe", "profile", "cleaned", "upemail", "campaign")
_SOURCES = ("user", "admin", "api")
_CONTACT = ("company", "address1", "city", "country")
_DEFAULTS = ("from_name", "from_email", "subject", "language")
_REQUIRED = ("name", "contact", "permission_reminder", "campaign_defaults", "email_type_option")
_KINDS = ("checkboxes", "dropdown", "radio", "hidden")


class Account(Protocol):
    """What the paths need of the account."""

    audiences: dict[str, Audience]

    def audience(self, list_id: str) -> Audience:
        """A list, or the vendor's 404."""
        ...

    def open_list(self, body: Json) -> Audience:
        """Make a list."""
        ...

    def list_stats(self, audience: Audience) -> Json:
        """What the account's campaigns say about a list."""
        ...


class Lists:
    """Handlers of `/lists` but for the members."""

    def __init__(self, account: Account, members: Members) -> None:
        self.account, self.members = account, members

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path template and handler of each."""
        segment, category = (
            _LIST + "/segments/{segment_id}",
            _LIST + "/interest-categories/{interest_category_id}",
        )
        return [
            ("GET", "/lists", self.listing),
            ("POST", "/lists", self.create),
            ("GET", _LIST, self.one),
            ("PATCH", _LIST, self.edit),
            ("GET", _LIST + "/merge-fields", self.merge_fields),
            ("POST", _LIST + "/merge-fields", self.add_merge_field),
            ("GET", _LIST + "/merge-fields/{merge_id}", self.merge_field),
            ("PATCH", _LIST + "/merge-fields/{merge_id}", self.edit_merge_field),
            ("DELETE", _LIST + "/merge-fields/{merge_id}", self.drop_merge_field),
            ("GET", _LIST + "/segments", self.segments),
            ("POST", _LIST + "/segments", self.add_segment),
            ("GET", segment, self.segment),
            ("POST", segment, self.batch_segment),
            ("PATCH", segment, self.edit_segment),
            ("DELETE", segment, self.drop_segment),
            ("GET", segment + "/members", self.segment_members),
            ("POST", segment + "/members", self.add_segment_member),
            ("DELETE", segment + "/members/{subscriber_hash}", self.drop_segment_member),
            ("GET", _LIST + "/tag-search", self.tag_search),
            ("GET", _LIST + "/interest-categories", self.categories),
            ("POST", _LIST + "/interest-categories", self.add_category),
            ("GET", category, self.category),
            ("GET", category + "/interests", self.interests),
            ("POST", category + "/interests", self.add_interest),
            ("GET", _LIST + "/webhooks", self.webhooks),
            ("POST", _LIST + "/webhooks", self.add_webhook),
            ("GET", _LIST + "/webhooks/{webhook_id}", self.webhook),
            ("PATCH", _LIST + "/webhooks/{webhook_id}", self.edit_webhook),
            ("DELETE", _LIST + "/webhooks/{webhook_id}", self.drop_webhook),
        ]

    def show(self, audience: Audience, *, total: bool) -> Json:
        """A list as the vendor answers it; `total_contacts` only on request (client-lib-codegen#96)."""
        counts = audience.roll.counts
        stats: Json = {
            "member_count": counts["subscribed"],
            "unsubscribe_count": counts["unsubscribed"],
            "cleaned_count": counts["cleaned"],
            "member_count_since_send": counts["subscribed"],
            "unsubscribe_count_since_send": 0,
            "cleaned_count_since_send": 0,
            "merge_field_count": len(audience.fields.fields),
            "avg_sub_rate": 0,
            "avg_unsub_rate": 0,
            "target_sub_rate": 0,
            "last_sub_date": audience.last_sub,
            "last_unsub_date": audience.last_unsub,
        }
        if total:
            stats["total_contacts"] = sum(counts.values())
        return audience.record | {"stats": stats | self.account.list_stats(audience)}

    def listing(self, call: Call) -> Answer:
        """List the audiences."""
        rows = [(a, str(a.record["date_created"])) for a in self.account.audiences.values()]
        since, before = call.instant("since_date_created"), call.instant("before_date_created")
        rows = [(a, made) for a, made in rows if (not since or made > since) and (not before or made < before)]
        if email := call.query.get("email"):
            rows = [(a, made) for a, made in rows if a.roll.find(email)]
        rows.sort(key=lambda row: row[1], reverse=call.query.get("sort_dir", "").upper() == "DESC")
        offset, count = call.page()
        total = call.flag("include_total_contacts")
        shown = [
            # Each has its own links: singer-io's tap-mailchimp 1.3.3 (read 2026-11-25) takes them for granted.
            self.show(a, total=total) | {"_links": [_itself(f"{call.base}/3.0/lists/{a.id}")]}
            for a, _ in rows[offset : offset + count]
        ]
        limits = {"may_create": True, "max_instances": 100, "current_total_instances": len(rows)}
        return Answer({"lists": shown, "total_items": len(rows), "constraints": limits})

    def create(self, call: Call) -> Answer:
        """Open a list."""
        body = call.json(_REQUIRED, name="string", contact="object", campaign_defaults="object")
        check(body["contact"], _CONTACT, {}, "contact.")
        check(body["campaign_defaults"], _DEFAULTS, {}, "campaign_defaults.")
        return Answer(self.show(self.account.open_list(body), total=False))

    def one(self, call: Call) -> Answer:
        """Answer one list."""
        return Answer(self.show(self._audience(call), total=call.flag("include_total_contacts")))

    def edit(self, call: Call) -> Answer:
        """Change a list's own fields."""
        audience = self._audience(call)
        body = call.json(name="string", contact="object", campaign_defaults="object")
        audience.record.update({name: value for name, value in body.items() if name in audience.record})
        return Answer(self.show(audience, total=False))

    def merge_fields(self, call: Call) -> Answer:
        """List a list's merge fields in their order."""
        audience = self._audience(call)
        rows = sorted(audience.fields.fields.values(), key=lambda field: int(field["display_order"]))
        if kind := call.query.get("type"):
            rows = [field for field in rows if field["type"] == kind]
        if "required" in call.query:
            rows = [field for field in rows if field["required"] == call.flag("required")]
        return _page(call, "merge_fields", rows, list_id=audience.id)

    def add_merge_field(self, call: Call) -> Answer:
        """Define a merge field."""
        body = call.json(("name", "type"), name="string", type="string", tag="string", required="boolean")
        return Answer(self._audience(call).fields.create(body))

    def merge_field(self, call: Call) -> Answer:
        """Answer one merge field."""
        return Answer(_find(self._audience(call).fields.fields, call.slots["merge_id"]))

    def edit_merge_field(self, call: Call) -> Answer:
        """Change a merge field."""
        fields = self._audience(call).fields
        body = call.json(name="string", tag="string", required="boolean")
        return Answer(fields.edit(_find(fields.fields, call.slots["merge_id"]), body))

    def drop_merge_field(self, call: Call) -> Answer:
        """Delete a merge field with its values."""
        fields = self._audience(call).fields.fields
        del fields[int(_find(fields, call.slots["merge_id"])["merge_id"])]
        return Answer()

    def segments(self, call: Call) -> Answer:
        """List segments; those of type static are the tags."""
        audience = self._audience(call)
        rows = list(audience.segments.values())
        if kind := call.query.get("type"):
            rows = [row for row in rows if row["type"] == kind]
        for name in ("created_at", "updated_at"):
            since, before = call.instant(f"since_{name}"), call.instant(f"before_{name}")
            rows = [r for r in rows if (not since or r[name] > since) and (not before or r[name] < before)]
        return _page(call, "segments", [self._segment(audience, row, call) for row in rows], list_id=audience.id)

    def add_segment(self, call: Call) -> Answer:
        """Make a segment: static out of addresses, saved out of conditions."""
        audience = self._audience(call)
        body = call.json(("name",), name="string", static_segment="array", options="object")
        if "static_segment" in body:
            record = audience.segment(body["name"])
            for email in body["static_segment"]:
                if member := audience.roll.find(str(email)):
                    audience.tag(member, body["name"], active=True)
        else:
            record = audience.segment(body["name"], "saved", body.get("options") or {"match": "all", "conditions": []})
        return Answer(self._segment(audience, record, call))

    def segment(self, call: Call) -> Answer:
        """Answer one segment."""
        audience = self._audience(call)
        return Answer(self._segment(audience, _find(audience.segments, call.slots["segment_id"]), call))

    def batch_segment(self, call: Call) -> Answer:
        """Add and remove up to 500 members of a static segment."""
        audience = self._audience(call)
        name = _find(audience.segments, call.slots["segment_id"])["name"]
        body = call.json(members_to_add="array", members_to_remove="array")
        done: dict[str, list[Json]] = {"members_added": [], "members_removed": []}
        errors: list[Json] = []
        for key, result, active in (
            ("members_to_add", "members_added", True),
            ("members_to_remove", "members_removed", False),
        ):
            missing = [str(e) for e in body.get(key) or () if audience.roll.find(str(e)) is None]
            for email in body.get(key) or ():
                if member := audience.roll.find(str(email)):
                    audience.tag(member, name, active=active)
                    done[result].append(self._brief(audience, member, call))
            if missing:
                errors.append({"email_addresses": missing, "error": "Email addresses are not on the list"})
        totals = {
            "total_added": len(done["members_added"]),
            "total_removed": len(done["members_removed"]),
            "error_count": len(errors),
        }
        return Answer({**done, "errors": errors, **totals})

    def edit_segment(self, call: Call) -> Answer:
        """Rename a segment."""
        audience = self._audience(call)
        record = _find(audience.segments, call.slots["segment_id"])
        record |= {"name": call.json(("name",), name="string")["name"], "updated_at": audience.now()}
        return Answer(self._segment(audience, record, call))

    def drop_segment(self, call: Call) -> Answer:
        """Delete a segment, and with a static one the tag on its members."""
        audience = self._audience(call)
        number = int(_find(audience.segments, call.slots["segment_id"])["id"])
        for seq in audience.segment_members.pop(number):
            audience.roll.members[seq].tags.pop(number, None)
        del audience.segments[number]
        return Answer()

    def segment_members(self, call: Call) -> Answer:
        """List a segment's members: subscribed and pending, the others on request."""
        audience = self._audience(call)
        number = int(_find(audience.segments, call.slots["segment_id"])["id"])
        rows = self._in_segment(audience, number, call)
        offset, count = call.page()
        shown = [self._brief(audience, member, call) for member in rows[offset : offset + count]]
        return Answer({"members": shown, "total_items": len(rows)})

    def add_segment_member(self, call: Call) -> Answer:
        """Add one member to a static segment."""
        audience = self._audience(call)
        name = _find(audience.segments, call.slots["segment_id"])["name"]
        member = audience.member(call.json(("email_address",), email_address="string")["email_address"])
        audience.tag(member, name, active=True)
        return Answer(self._brief(audience, member, call))

    def drop_segment_member(self, call: Call) -> Answer:
        """Take one member out of a static segment."""
        audience = self._audience(call)
        name = _find(audience.segments, call.slots["segment_id"])["name"]
        audience.tag(audience.member(call.slots["subscriber_hash"]), name, active=False)
        return Answer()

    def tag_search(self, call: Call) -> Answer:
        """Find tags by the start of their name."""
        audience = self._audience(call)
        text = call.query.get("name", "").lower()
        rows = [
            {"id": s["id"], "name": s["name"]}
            for s in audience.segments.values()
            if s["type"] == "static" and s["name"].lower().startswith(text)
        ]
        return Answer({"tags": rows, "total_items": len(rows)})

    def categories(self, call: Call) -> Answer:
        """List interest categories."""
        audience = self._audience(call)
        return _page(call, "categories", list(audience.categories.values()), list_id=audience.id)

    def add_category(self, call: Call) -> Answer:
        """Make an interest category."""
        audience = self._audience(call)
        body = call.json(("title", "type"), title="string", type="string")
        if body["type"] not in _KINDS:
            raise invalid(type="Data did not match any of the schemas described in anyOf.")
        record = {"list_id": audience.id, "id": audience.token(10), "title": body["title"]}
        record |= {"display_order": body.get("display_order", 0), "type": body["type"]}
        audience.categories[record["id"]] = record
        return Answer(record)

    def category(self, call: Call) -> Answer:
        """Answer one interest category."""
        return Answer(_find(self._audience(call).categories, call.slots["interest_category_id"]))

    def interests(self, call: Call) -> Answer:
        """List a category's interests."""
        audience = self._audience(call)
        category = _find(audience.categories, call.slots["interest_category_id"])["id"]
        rows = [
            interest | {"subscriber_count": str(sum(m.interests.get(key, False) for m in audience.roll))}
            for key, interest in audience.interests.items()
            if interest["category_id"] == category
        ]
        return _page(call, "interests", rows, list_id=audience.id, category_id=category)

    def add_interest(self, call: Call) -> Answer:
        """Make an interest."""
        audience = self._audience(call)
        category = _find(audience.categories, call.slots["interest_category_id"])["id"]
        body = call.json(("name",), name="string", display_order="integer")
        record = {
            "category_id": category,
            "list_id": audience.id,
            "id": audience.token(10),
            "name": body["name"],
        }
        record |= {"subscriber_count": "0", "display_order": body.get("display_order", 1)}
        audience.interests[record["id"]] = record
        return Answer(record)

    def webhooks(self, call: Call) -> Answer:
        """List a list's webhooks."""
        audience = self._audience(call)
        rows = list(audience.webhooks.values())
        return Answer({"webhooks": rows, "list_id": audience.id, "total_items": len(rows)})

    def add_webhook(self, call: Call) -> Answer:
        """Register a webhook; the real vendor first asks the URL for a 200 by GET, this one does not."""
        audience = self._audience(call)
        body = call.json(("url",), url="string", events="object", sources="object")
        if not body["url"].startswith(("http://", "https://")):
            raise invalid(url="We could not verify the provided URL.")
        record: Json = {"id": audience.token(10), "url": body["url"]}
        record["events"] = dict.fromkeys(_EVENTS, False) | (body.get("events") or {})
        record["sources"] = dict.fromkeys(_SOURCES, False) | (body.get("sources") or {})
        audience.webhooks[record["id"]] = record | {"list_id": audience.id}
        return Answer(audience.webhooks[record["id"]])

    def webhook(self, call: Call) -> Answer:
        """Answer one webhook."""
        return Answer(_find(self._audience(call).webhooks, call.slots["webhook_id"]))

    def edit_webhook(self, call: Call) -> Answer:
        """Change a webhook."""
        hook = _find(self._audience(call).webhooks, call.slots["webhook_id"])
        body = call.json(url="string", events="object", sources="object")
        hook["url"] = body.get("url", hook["url"])
        for name in ("events", "sources"):
            hook[name] = hook[name] | (body.get(name) or {})
        return Answer(hook)

    def drop_webhook(self, call: Call) -> Answer:
        """Delete a webhook."""
        hooks = self._audience(call).webhooks
        del hooks[_find(hooks, call.slots["webhook_id"])["id"]]
        return Answer()

    def _audience(self, call: Call) -> Audience:
        return self.account.audience(call.slots["list_id"])

    def _brief(self, audience: Audience, member: Member, call: Call) -> Json:
        return member.brief(self.members.view(audience, member, call.base), BRIEFER)

    def _segment(self, audience: Audience, record: Json, call: Call) -> Json:
        shown = record | {"list_id": audience.id}
        return shown | {"member_count": len(self._in_segment(audience, int(record["id"]), call))}

    @staticmethod
    def _in_segment(audience: Audience, number: int, call: Call) -> list[Member]:
        shown = {"subscribed", "pending"}
        shown |= {s for s in ("cleaned", "transactional", "unsubscribed") if call.flag(f"include_{s}")}
        members = (audience.roll.members[seq] for seq in audience.segment_members[number])
        return [member for member in members if member.status in shown]


def _find(records: dict[Any, Json], key: str) -> Json:
    found = records.get(key) or (records.get(int(key)) if key.isdigit() else None)
    if found is None:
        raise not_found()
    return found


def _page(call: Call, name: str, rows: list[Json], **rest: str) -> Answer:
    offset, count = call.page()
    return Answer({name: rows[offset : offset + count], **rest, "total_items": len(rows)})


def _itself(address: str) -> Json:
    return {"rel": "self", "href": address, "method": "GET"}
