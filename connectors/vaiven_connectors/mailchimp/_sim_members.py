"""The paths of an audience's members, their tags, the batch subscribe and the search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import msgspec

from vaiven_connectors.mailchimp._sim_audience import Audience, Author
from vaiven_connectors.mailchimp._sim_http import (
    Answer,
    Call,
    Fields,
    Handler,
    Json,
    Problem,
    check,
    invalid,
)
from vaiven_connectors.mailchimp._sim_member import BRIEF, STATUSES, Member, links

_SHAPES = {
    "email_address": "string",
    "email_type": "string",
    "status": "string",
    "status_if_new": "string",
    "merge_fields": "object",
    "interests": "object",
    "location": "object",
    "language": "string",
    "vip": "boolean",
    "tags": "array",
    "marketing_permissions": "array",
}
_MEMBERS = "/lists/{list_id}/members"
_ONE = _MEMBERS + "/{subscriber_hash}"
_SORTS = ("timestamp_opt", "timestamp_signup", "last_changed")
BATCH_LIMIT = 500
_PERMISSIONS = ("Email", "Direct Mail", "Customized Online Advertising")


class Account(Protocol):
    """What the paths need of the account."""

    audiences: dict[str, Audience]
    quirk: dict[str, Any]

    def audience(self, list_id: str) -> Audience:
        """A list, or the vendor's 404."""
        ...


class Members:
    """Handlers of `/lists/{list_id}/members...`, `POST /lists/{list_id}` and `/search-members`."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._found: dict[tuple[Any, ...], list[Member]] = {}
        self._views: dict[tuple[str, str], bytes] = {}

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path template and handler of each."""
        return [
            ("GET", _MEMBERS, self.listing),
            ("POST", _MEMBERS, self.add),
            ("GET", _ONE, self.one),
            ("PUT", _ONE, self.upsert),
            ("PATCH", _ONE, self.update),
            ("DELETE", _ONE, self.archive),
            ("POST", _ONE + "/actions/delete-permanent", self.forget),
            ("GET", _ONE + "/tags", self.tags),
            ("POST", _ONE + "/tags", self.set_tags),
            ("POST", "/lists/{list_id}", self.batch),
            ("GET", "/search-members", self.search),
        ]

    def view(self, audience: Audience, member: Member, base: str, *, with_links: bool = True) -> Json:
        """A member as the vendor answers it."""
        merge = audience.fields.show(member.merge)
        view: Json = {
            "id": member.id,
            "email_address": member.email,
            "unique_email_id": member.unique_email_id,
            "contact_id": member.contact_id,
            "full_name": f"{merge.get('FNAME', '')} {merge.get('LNAME', '')}".strip(),
            "web_id": member.web_id,
            "email_type": member.email_type,
            "status": member.status,
        }
        if member.status == "unsubscribed":
            view["unsubscribe_reason"] = member.unsubscribe_reason
        view["consents_to_one_to_one_messaging"] = True
        view["merge_fields"] = merge
        if audience.interests:
            view["interests"] = dict.fromkeys(audience.interests, False) | member.interests
        view |= {
            "stats": {"avg_open_rate": member.open_rate, "avg_click_rate": member.click_rate},
            "ip_signup": member.ip_signup,
            "timestamp_signup": member.timestamp_signup,
            "ip_opt": member.ip_opt,
            "timestamp_opt": member.timestamp_opt,
            "member_rating": member.rating,
            "last_changed": member.last_changed,
            "language": member.language,
            "vip": member.vip,
            "email_client": "",
            "location": {
                "latitude": member.latitude,
                "longitude": member.longitude,
                "gmtoff": 0,
                "dstoff": 0,
                "country_code": "",
                "timezone": "",
                "region": "",
            },
        }
        if audience.record["marketing_permissions"]:
            view["marketing_permissions"] = [
                {"marketing_permission_id": key, "text": text, "enabled": member.permissions.get(key, False)}
                for key, text in ((f"{audience.id[:9]}{i}", text) for i, text in enumerate(_PERMISSIONS))
            ]
        view |= {
            "source": member.source,
            "tags_count": len(member.tags),
            "tags": [{"id": n, "name": audience.segments[n]["name"]} for n in member.tags],
            "list_id": audience.id,
        }
        if with_links:
            view["_links"] = self._links(audience, member, base)
        return view

    def listing(self, call: Call) -> Answer:
        """List members: archived ones only by `status=archived`, unless a quirk says otherwise."""
        audience = self.account.audience(call.slots["list_id"])
        offset, count = call.page()
        members, total = self._select(audience, call, offset, count)
        with_links = Fields(call.query).wants("members", "_links")
        body = {
            "members": [self.view(audience, m, call.base, with_links=with_links) for m in members],
            "list_id": audience.id,
            "total_items": total,
        }
        return Answer(body)

    def one(self, call: Call) -> Answer:
        """Answer one member, archived ones too."""
        audience = self.account.audience(call.slots["list_id"])
        return Answer(self.view(audience, audience.member(call.slots["subscriber_hash"]), call.base))

    def add(self, call: Call) -> Answer:
        """Add a member."""
        audience = self.account.audience(call.slots["list_id"])
        body = call.json(("email_address", "status"), **_SHAPES)
        member = audience.add(body, self._author(call))
        for name in body.get("tags") or ():
            audience.tag(member, str(name), active=True)
        return Answer(self.view(audience, member, call.base))

    def upsert(self, call: Call) -> Answer:
        """Add or change a member."""
        audience = self.account.audience(call.slots["list_id"])
        body = call.json(**_SHAPES)
        member = audience.upsert(call.slots["subscriber_hash"], body, self._author(call))
        return Answer(self.view(audience, member, call.base))

    def update(self, call: Call) -> Answer:
        """Change a member."""
        audience = self.account.audience(call.slots["list_id"])
        body = call.json(**_SHAPES)
        member = audience.member(call.slots["subscriber_hash"])
        audience.change(member, body, body.get("status"), self._author(call))
        return Answer(self.view(audience, member, call.base))

    def archive(self, call: Call) -> Answer:
        """Archive a member."""
        audience = self.account.audience(call.slots["list_id"])
        audience.archive(audience.member(call.slots["subscriber_hash"]), self._author(call))
        return Answer()

    def forget(self, call: Call) -> Answer:
        """Delete a member for good."""
        audience = self.account.audience(call.slots["list_id"])
        audience.forget(audience.member(call.slots["subscriber_hash"]), self._author(call))
        return Answer()

    def tags(self, call: Call) -> Answer:
        """List a member's tags."""
        audience = self.account.audience(call.slots["list_id"])
        member = audience.member(call.slots["subscriber_hash"])
        offset, count = call.page()
        rows = [
            {"id": number, "name": audience.segments[number]["name"], "date_added": added}
            for number, added in member.tags.items()
        ]
        return Answer({"tags": rows[offset : offset + count], "total_items": len(rows)})

    def set_tags(self, call: Call) -> Answer:
        """Set and clear tags; a tag that the list lacks is made."""
        audience = self.account.audience(call.slots["list_id"])
        member = audience.member(call.slots["subscriber_hash"])
        wanted = call.json(("tags",), tags="array")["tags"]
        for i, item in enumerate(wanted):
            check(item, ("name", "status"), {"name": "string", "status": "string"}, f"tags.item:{i}.")
            if item["status"] not in {"active", "inactive"}:
                raise invalid(**{f"tags.item:{i}.status": "Data did not match any of the schemas described in anyOf."})
        changed = [audience.tag(member, item["name"], active=item["status"] == "active") for item in wanted]
        if any(changed) and self.account.quirk["tags_touch_last_changed"]:
            audience.roll.take(member)
            member.last_changed = audience.now()
            audience.roll.put(member)
        return Answer()

    def batch(self, call: Call) -> Answer:
        """Subscribe or unsubscribe up to 500 members; each fails or succeeds by itself."""
        audience = self.account.audience(call.slots["list_id"])
        body = call.json(("members",), members="array", sync_tags="boolean", update_existing="boolean")
        if len(body["members"]) > BATCH_LIMIT:
            raise invalid(members=f"Array must contain no more than {BATCH_LIMIT} items")
        done: dict[str, list[Json]] = {"new_members": [], "updated_members": []}
        errors: list[Json] = []
        seen: set[str] = set()
        for item in body["members"]:
            email = str(item.get("email_address", "")) if isinstance(item, dict) else ""
            if email.lower() in seen:
                if not call.flag("skip_duplicate_check"):
                    errors.append(_error(email, "ERROR_GENERIC", f"Duplicate email address: {email}"))
                continue
            seen.add(email.lower())
            try:
                kind, member = self._subscribe(audience, item, body, self._author(call))
            except Problem as problem:
                code = "ERROR_CONTACT_EXISTS" if problem.title == "Member Exists" else "ERROR_GENERIC"
                errors.append(_error(email, code, problem.detail, problem.errors))
            else:
                done[kind].append(member.brief(self.view(audience, member, call.base), BRIEF))
        return Answer(
            {
                **done,
                "errors": errors,
                "total_created": len(done["new_members"]),
                "total_updated": len(done["updated_members"]),
                "error_count": len(errors),
            }
        )

    def search(self, call: Call) -> Answer:
        """Find members by address or name."""
        if not call.query.get("query"):
            raise invalid(query="Required fields were not provided: query")
        text = call.query["query"].lower()
        wanted = call.query.get("list_id")
        lists = [self.account.audience(wanted)] if wanted else list(self.account.audiences.values())
        exact = [(a, m) for a in lists if "@" in text and (m := a.roll.find(text))]
        found = [(a, m) for a in lists for m in a.roll if _mentions(m, text)]
        return Answer(
            {
                name: {
                    "members": [self.view(a, m, call.base) for a, m in rows[:30]],
                    "total_items": len(rows),
                }
                for name, rows in (("exact_matches", exact), ("full_search", found))
            }
        )

    def _subscribe(self, audience: Audience, item: Any, body: Json, author: Author) -> tuple[str, Member]:
        check(item, ("email_address",), _SHAPES)
        known = audience.roll.find(item["email_address"])
        if known is None or known.status == "archived":
            kind = "new_members"
            member = audience.add({"status": "subscribed", **item}, author)
        elif body.get("update_existing"):
            kind = "updated_members"
            # The address names the member here; its spelling is not an edit.
            fields = {name: value for name, value in item.items() if name != "email_address"}
            member = audience.change(known, fields, item.get("status"), author)
        else:
            raise Problem(
                400,
                "Member Exists",
                f"{item['email_address']} is already a list member, do you want to update? "
                "please provide update_existing:true in the request body",
            )
        wanted = [str(name) for name in item.get("tags") or ()]
        if body.get("sync_tags"):
            for number in [n for n in member.tags if audience.segments[n]["name"] not in wanted]:
                audience.tag(member, audience.segments[number]["name"], active=False)
        for name in wanted:
            audience.tag(member, name, active=True)
        return kind, member

    def _select(self, audience: Audience, call: Call, offset: int, count: int) -> tuple[Iterable[Member], int]:
        """One page and the total, out of a sorted order where the parameters allow it."""
        query = call.query
        status = query.get("status") or ""
        if status and status not in STATUSES:
            raise invalid(status="Data did not match any of the schemas described in anyOf.")
        group = status or ("all" if self.account.quirk["list_archived"] else "current")
        sort = query.get("sort_field") or "seq"
        if sort not in (*_SORTS, "seq"):
            raise invalid(sort_field="Data did not match any of the schemas described in anyOf.")
        descending = query.get("sort_dir", "ASC").upper() == "DESC"
        spans = {
            name: (call.instant(f"since_{name}"), call.instant(f"before_{name}"))
            for name in ("last_changed", "timestamp_opt")
        }
        spans = {name: span for name, span in spans.items() if any(span)}
        rest = {
            n: query[n] for n in ("email_type", "unique_email_id", "interest_ids", "interest_match") if query.get(n)
        }
        vip, left = call.flag("vip_only"), call.instant("unsubscribed_since")
        if left and status != "unsubscribed":
            raise invalid(unsubscribed_since="This filter needs the status unsubscribed.")
        roll = audience.roll
        if not rest and not vip and not left and set(spans) <= {sort}:
            order = roll.order(group, sort)
            low, high = roll.between(group, sort, *spans.get(sort, (None, None)))
            picked = (
                order[low + offset : min(high, low + offset + count)]
                if not descending
                else order[max(low, high - offset - count) : max(low, high - offset)][::-1]
            )
            return (roll.members[seq] for _, seq in picked), high - low
        key = (audience.id, roll.version, group, sort, descending, *spans.items(), *rest.items(), vip, left)
        if key not in self._found:
            if len(self._found) >= 8:
                self._found.clear()
            self._found[key] = self._scan(audience, group, sort, spans, rest, vip=vip, left=left)
            if descending:
                self._found[key].reverse()
        found = self._found[key]
        return found[offset : offset + count], len(found)

    def _scan(
        self,
        audience: Audience,
        group: str,
        sort: str,
        spans: dict[str, tuple[str | None, str | None]],
        rest: dict[str, str],
        *,
        vip: bool,
        left: str | None,
    ) -> list[Member]:
        roll = audience.roll
        first = next(iter(spans), "seq")
        low, high = roll.between(group, first, *spans.pop(first, (None, None)))
        found = [roll.members[seq] for _, seq in roll.order(group, first)[low:high]]
        for name, (since, before) in spans.items():
            found = [
                m
                for m in found
                if (not since or getattr(m, name) > since) and (not before or getattr(m, name) < before)
            ]
        if "unique_email_id" in rest:
            found = [m for m in found if m.unique_email_id == rest["unique_email_id"]]
        if "email_type" in rest:
            found = [m for m in found if m.email_type == rest["email_type"]]
        if "interest_ids" in rest:
            ids = rest["interest_ids"].split(",")
            how = rest.get("interest_match", "any")
            held = ((m, [bool(m.interests.get(i)) for i in ids]) for m in found)
            found = [m for m, has in held if (all(has) if how == "all" else any(has) != (how == "none"))]
        if vip:
            found = [m for m in found if m.vip]
        if left:
            found = [m for m in found if m.unsubscribed_at > left]
        return sorted(found, key=lambda m: (getattr(m, sort), m.seq))

    def _links(self, audience: Audience, member: Member, base: str) -> msgspec.Raw:
        key = (base, audience.id)
        if key not in self._views:
            self._views[key] = links(base, audience.id)
        return msgspec.Raw(self._views[key].replace(b"@", member.id.encode()))

    @staticmethod
    def _author(call: Call) -> Author:
        return Author(ip=call.ip, skip_validation=call.flag("skip_merge_validation"))


def _mentions(member: Member, text: str) -> bool:
    names = f"{member.merge.get('FNAME', '')} {member.merge.get('LNAME', '')}"
    return text in member.email.lower() or text in names.lower()


def _error(email: str, code: str, text: str, fields: Iterable[Mapping[str, str]] = ()) -> Json:
    first = next(iter(fields), {"field": "", "message": ""})
    return {
        "email_address": email,
        "error": text,
        "error_code": code,
        "field": first["field"],
        "field_message": first["message"],
    }
