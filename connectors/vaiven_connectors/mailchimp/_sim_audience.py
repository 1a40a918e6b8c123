"""An audience: the rules by which its members come, change and go.

The rules and their sources, read 2026-11-22 (issue threads on GitHub, recordings of the real API in
grouparoo/grouparoo, plugins/@grouparoo/mailchimp/__tests__/fixtures/integration, recorded 2022-02-23):

- POST of a member: 400 "Member Exists" (thorning/node-mailchimp#62); of an archived one: revived, old merge
  fields kept (recording). PUT without an existing hash whose address is a member: "Member Exists" too
  (mailchimp/APIv3-examples#49).
- PUT of an archived member with `status_if_new` alone leaves it archived (tbar0970/jethro-pmm#708).
- Unsubscribed by the API or an admin: the API may subscribe again (recording of `exportRecord`); unsubscribed
  by the person, bounced or complained: 400 "Member In Compliance State", only `pending` is left
  (jethro-pmm#656, forem#6256).
- Permanently deleted: GET is 404, every add is 400 "Forgotten Email Not Subscribed", `pending` too
  (ibericode/mailchimp-for-wordpress#673, #771).
- Archiving one who is bounced, pending or archived: 405 (recording).
- `timestamp_signup` is dated when somebody confirms by an act of its own, and stays empty for a single opt-in, an API
  and an administrator; `timestamp_opt` whenever a member becomes subscribed (NZ-SheSharp/she-sharp, measured over 1,545
  members 2026-08-30, read 2026-11-25; recordings of "Admin Add" and "API - Generic" members have `""`).
- An e-mail change keeps contact_id and web_id, and moves id and unique_email_id (the vendor's schema:
  contact_id is "agnostic of email address"); to the address of another member: 400
  (brandonseydel/MailChimp.Net#201).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from vaiven_connectors.mailchimp._sim_fields import MergeFields
from vaiven_connectors.mailchimp._sim_http import Json, Problem, instant, invalid, md5, not_found
from vaiven_connectors.mailchimp._sim_member import Member, Roll

_ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
API_STATUSES = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional")
_PLAIN = ("email_type", "language", "vip", "ip_signup", "ip_opt", "timestamp_signup", "timestamp_opt")


@dataclass(slots=True)
class Author:
    """Who makes a change: the webhook source it counts as, what the vendor notes, and how strict it is."""

    source: str = "api"
    label: str = "API - Generic"
    ip: str = ""
    skip_validation: bool = False
    person: bool = False
    """The change is the person's own consent, which lifts a compliance state."""
    confirms: bool = False
    """The person follows the link of a double opt-in, so the sign-up is dated."""
    renews: bool = True
    """A confirmation dates the sign-up of somebody who had signed up before anew."""


def visitor(*, confirms: bool = True, renews: bool = True) -> Author:
    """The person themselves, at a form of the vendor's or by a link in a mail."""
    itself: Json = {"person": True, "confirms": confirms, "renews": renews}
    return Author("user", "Hosted Signup Form", ip="203.0.113.7", skip_validation=True, **itself)


class Audience:
    """One list and everything in it.

    Args:
        record: the list's own fields.
        now: gives the vendor's time, whole seconds.
        token: gives `n` random hex digits.
        fake_domains: domains of addresses that the vendor takes for fake.
        emit: told of each event, `emit(type, source, data)`, for the webhooks.
    """

    def __init__(
        self,
        record: Json,
        now: Callable[[], str],
        token: Callable[[int], str],
        fake_domains: Iterable[str],
        emit: Callable[[str, str, Json], None],
    ) -> None:
        self.record, self.id = record, str(record["id"])
        self.now, self.token, self._emit = now, token, emit
        self.fake_domains = frozenset(fake_domains)
        self.roll = Roll()
        self.fields = MergeFields(self.id)
        self.forgotten: dict[str, Json] = {}
        self.segments: dict[int, Json] = {}
        self.segment_members: dict[int, dict[int, str]] = {}
        self.categories: dict[str, Json] = {}
        self.interests: dict[str, Json] = {}
        self.webhooks: dict[str, Json] = {}
        self.last_sub = self.last_unsub = ""
        self.seq = 0

    def member(self, key: str) -> Member:
        """The member at a path, or the vendor's 404."""
        found = self.roll.find(key)
        if found is None:
            raise not_found()
        return found

    def add(self, body: Json, author: Author) -> Member:
        """Add a member who is not there, or bring back an archived one."""
        email = self.address(body["email_address"], author)
        known = self.roll.by_id.get(md5(email.lower()))
        if known is None:
            return self._create(email, str(body["status"]), body, author)
        if known.status != "archived":
            raise Problem(
                400,
                "Member Exists",
                f"{email} is already a list member. Use PUT to insert or update list members.",
            )
        return self.change(known, body, str(body["status"]), author)

    def upsert(self, key: str, body: Json, author: Author) -> Member:
        """Change the member at a path, or create one with the body's address."""
        known = self.roll.find(key)
        if known is not None:
            return self.change(known, body, body.get("status"), author)
        status = body.get("status_if_new") or body.get("status")
        missing = [n for n, v in (("email_address", body.get("email_address")), ("status_if_new", status)) if not v]
        if missing:
            raise invalid(**{"": "Required fields were not provided: " + ", ".join(missing)})
        return self.add({**body, "status": status}, author)

    def change(self, member: Member, body: Json, status: str | None, author: Author) -> Member:
        """Change a member, all or nothing; a change that changes nothing leaves `last_changed` as it is."""
        body = _dated(body)
        email = self._moved(member, body.get("email_address"), author)
        self._allow(member, status, author)
        merge = self.fields.merge(member.merge, body.get("merge_fields"), skip=author.skip_validation)
        interests = self._interests(member.interests, body.get("interests"))
        before = self._facts(member)
        was, old_id = member.status, (member.unique_email_id, member.email)
        self.roll.take(member)
        member.email, member.merge, member.interests = email, merge, interests
        if status and status != was:
            self._enter(member, status, author)
        self._plain(member, body)
        if self._facts(member) != before:
            member.last_changed = self.now()
        self.roll.put(member)
        # A changed address comes as two events, upemail and profile (guides/about-webhooks of the vendor).
        if email != old_id[1]:
            moved = {"new_id": member.unique_email_id, "new_email": email, "old_email": old_id[1]}
            self._emit("upemail", author.source, {"list_id": self.id, **moved})
        if member.status != was:
            self._announce(member, was, author)
        elif self._facts(member) != before:
            self._emit("profile", author.source, self.profile(member))
        return member

    def archive(self, member: Member, author: Author) -> None:
        """Archive a member: what the vendor's DELETE does."""
        if member.status in {"cleaned", "pending", "archived"}:
            raise Problem(
                405,
                "Method Not Allowed",
                "This list member cannot be removed. Can not archive a contact that is bounced, pending or archived",
                headers={"Allow": "GET, PUT"},
            )
        self.roll.take(member)
        member.status, member.last_changed = "archived", self.now()
        self.roll.put(member)
        self._emit("unsubscribe", author.source, {"action": "delete", "reason": "manual", **self.profile(member)})

    def forget(self, member: Member, author: Author) -> None:
        """Delete a member for good: only its hash is kept, so that it cannot be imported again."""
        data = self.profile(member)
        self.roll.take(member)
        for segment in member.tags:
            self.segment_members[segment].pop(member.seq, None)
        self.forgotten[member.id] = {
            "id": member.id,
            "list_id": self.id,
            "deleted": True,
            "deleted_at": self.now(),
        }
        self._emit("unsubscribe", author.source, {"action": "delete", "reason": "manual", **data})

    def leave(self, member: Member, status: str, reason: str, author: Author) -> None:
        """The person unsubscribes or complains, or the address bounces: the API cannot undo it."""
        was = member.status
        self.roll.take(member)
        member.status, member.opted_out = status, True
        member.last_changed = self.last_unsub = member.unsubscribed_at = self.now()
        member.unsubscribe_reason = reason if status == "unsubscribed" else ""
        self.roll.put(member)
        if was != status:
            self._announce(member, was, author, reason)

    def tag(self, member: Member, name: str, *, active: bool) -> bool:
        """Set or clear a tag and say whether that changed something; a tag is a static segment."""
        name = name.strip()
        known = next((s for s in self.segments.values() if s["type"] == "static" and s["name"] == name), None)
        if known is None:
            if not active:
                return False
            known = self.segment(name)
        number = int(known["id"])
        if active == (number in member.tags):
            return False
        if active:
            member.tags[number] = self.segment_members[number][member.seq] = self.now()
        else:
            del member.tags[number], self.segment_members[number][member.seq]
        known["updated_at"] = self.now()
        self.roll.version += 1
        return True

    def segment(self, name: str, kind: str = "static", options: Json | None = None) -> Json:
        """Create a segment; a static one is a tag."""
        number = 5_199_700 + len(self.segments) + int(self.id[:3], 16) * 1000
        made = self.now()
        record: Json = {"id": number, "name": name, "type": kind, "created_at": made, "updated_at": made}
        if options:
            record["options"] = options
        self.segments[number] = record
        self.segment_members[number] = {}
        return record

    def address(self, text: Any, author: Author) -> str:
        """An address that the vendor accepts, as typed; the id ignores case, the address keeps it."""
        email = str(text).strip()
        if not _ADDRESS.fullmatch(email):
            raise Problem(400, "Invalid Resource", "Please provide a valid email address.")
        if email.lower().rpartition("@")[2] in self.fake_domains:
            raise Problem(
                400,
                "Invalid Resource",
                f"{email} looks fake or invalid, please enter a real email address.",
            )
        if md5(email.lower()) in self.forgotten and not author.person:
            raise Problem(
                400,
                "Forgotten Email Not Subscribed",
                f"{email} was permanently deleted and cannot be re-imported. "
                "The contact must re-subscribe to get back on the list.",
                typed=False,
            )
        return email

    def profile(self, member: Member) -> Json:
        """A member as the webhooks send it."""
        return {
            "id": member.unique_email_id,
            "list_id": self.id,
            "email": member.email,
            "email_type": member.email_type,
            "ip_opt": member.ip_opt,
            "web_id": member.web_id,
            "merges": {"EMAIL": member.email, **member.merge},
        }

    def _create(self, email: str, status: str, body: Json, author: Author) -> Member:
        if status not in API_STATUSES:
            raise invalid(status="Data did not match any of the schemas described in anyOf.")
        body = _dated(body)
        merge = self.fields.merge({}, body.get("merge_fields"), skip=author.skip_validation)
        interests = self._interests({}, body.get("interests"))
        self.seq += 1
        made = Member(self.seq, email, self.token(32), self.id, status, self.now(), source=author.label)
        made.merge, made.interests = merge, interests
        self.forgotten.pop(made.id, None)
        self._enter(made, status, author)
        self._plain(made, body)
        self.roll.put(made)
        self._announce(made, "", author)
        return made

    def _enter(self, member: Member, status: str, author: Author) -> None:
        """Put a member into a status; the opt-in is dated when it becomes a subscriber."""
        member.status = status
        if author.person:
            member.opted_out = False
        if status == "subscribed":
            member.timestamp_opt = self.last_sub = self.now()
            member.ip_opt, member.unsubscribe_reason = author.ip, ""
        elif status == "unsubscribed":
            member.unsubscribed_at = self.last_unsub = self.now()
            member.unsubscribe_reason = "N/A (Unsubscribed by an admin)"
        if author.confirms and (author.renews or not member.timestamp_signup):
            member.timestamp_signup, member.ip_signup = self.now(), author.ip

    def _allow(self, member: Member, status: str | None, author: Author) -> None:
        if status is None:
            return
        if status not in API_STATUSES:
            raise invalid(status="Data did not match any of the schemas described in anyOf.")
        blocked = member.opted_out or member.status == "cleaned"
        if status == "subscribed" and member.status != "subscribed" and blocked and not author.person:
            raise Problem(
                400,
                "Member In Compliance State",
                f"{member.email} is in a compliance state due to unsubscribe, bounce, or compliance review "
                "and cannot be subscribed.",
                typed=False,
            )

    def _moved(self, member: Member, wanted: Any, author: Author) -> str:
        if wanted is None or str(wanted).strip() == member.email:
            return member.email
        email = self.address(wanted, author)
        other = self.roll.by_id.get(md5(email.lower()))
        if other is not None and other is not member:
            raise invalid(email_address=f'"{email}" is already in this list with a status of "{other.status}".')
        return email

    def _interests(self, old: dict[str, bool], wanted: Any) -> dict[str, bool]:
        if wanted is None:
            return old
        unknown = [name for name in wanted if name not in self.interests]
        if unknown:
            raise Problem(400, "Invalid Resource", f"Invalid interest ID: {unknown[0]}.")
        return old | {name: bool(value) for name, value in wanted.items()}

    def _announce(self, member: Member, was: str, author: Author, reason: str = "manual") -> None:
        if member.status == "subscribed":
            self._emit("subscribe", author.source, self.profile(member))
        elif member.status == "unsubscribed" and was:
            data = {"action": "unsub", "reason": "manual", **self.profile(member)}
            self._emit("unsubscribe", author.source, data)
        elif member.status == "cleaned":
            data = {"list_id": self.id, "email": member.email, "reason": reason, "campaign_id": ""}
            self._emit("cleaned", author.source, data)

    @staticmethod
    def _plain(member: Member, body: Json) -> None:
        for name in _PLAIN:
            if name in body:
                setattr(member, name, body[name])
        place = body.get("location") or {}
        member.latitude = place.get("latitude", member.latitude)
        member.longitude = place.get("longitude", member.longitude)
        for permission in body.get("marketing_permissions") or ():
            member.permissions[permission["marketing_permission_id"]] = bool(permission.get("enabled"))

    @staticmethod
    def _facts(member: Member) -> tuple[Any, ...]:
        plain = tuple(getattr(member, name) for name in _PLAIN)
        place = (member.latitude, member.longitude, tuple(member.permissions.items()))
        return (member.email, member.status, dict(member.merge), dict(member.interests), plain, place)


def _dated(body: Json) -> Json:
    given = {n: body[n] for n in ("timestamp_signup", "timestamp_opt") if body.get(n)}
    return body | {name: instant(name, str(text)) for name, text in given.items()}
