"""What the certification kit has the account's users do: make, change and remove records of each stream."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from vaiven_connectors.mailchimp._sim_audience import Audience
from vaiven_connectors.mailchimp._sim_http import Json
from vaiven_sdk import Delivery
from vaiven_sdk.testing import Simulator

_ADDED = "VIP"


class Driven(Simulator):
    """The part of the simulator that follows the kit; samples are the same people in every account."""

    audiences: dict[str, Audience]
    campaigns: dict[str, Json]
    list_id: str
    _made = 0

    def sample(self, stream: str, n: int) -> list[str]:
        """Make records as a user of the account would."""
        if stream in {"members", "memberships"}:
            return [self._member(self._person()) for _ in range(n)]
        if stream == "audiences":
            return [self.act("create_list", {"name": f"Audience {self._next()}"}) for _ in range(n)]
        if stream in {"campaigns", "reports"}:
            made: list[str] = self.act("seed_campaigns", {"campaigns": [self._campaign(stream) for _ in range(n)]})
            return made
        return super().sample(stream, n)

    def touch(self, stream: str, record_id: str) -> None:
        """Change a value that is mapped."""
        name = f"Edit {self._next()} in {self.list_id}"
        if stream in {"members", "memberships"}:
            # Short enough for a merge field, and unlike that of any other account.
            changes = {"merge_fields": {"FNAME": name}}
            self.act("edit", {"email": self._email(record_id), "changes": changes})
        elif stream == "audiences":
            self.audiences[record_id].record["name"] = name
        elif stream == "campaigns":
            self.campaigns[record_id]["settings"]["title"] = name
        elif stream == "reports":
            self.act("engage", {"campaign_id": record_id, "figures": {"opens": 1, "clicks": 1}})
        else:
            super().touch(stream, record_id)

    def remove(self, stream: str, record_id: str) -> None:
        """Archive a contact, delete anything else."""
        if stream in {"members", "memberships"}:
            self.act("archive", {"email": self._email(record_id)})
        elif stream == "audiences":
            del self.audiences[record_id]
        elif stream in {"campaigns", "reports"}:
            del self.campaigns[record_id]
        else:
            super().remove(stream, record_id)

    def unwanted(self, stream: str) -> dict[str, Any]:
        """An address that Mailchimp holds for a fake one."""
        return {"email": "refused@mailinator.com"} if stream == "members" else super().unwanted(stream)

    def customise(self, stream: str) -> tuple[str, str]:
        """Add a merge field and fill it in."""
        if stream != "members":
            return super().customise(stream)
        self.audiences[self.list_id].fields.create({"tag": _ADDED, "name": "Very important", "type": "text"})
        person = self._person()
        return _ADDED, self._member({**person, "merge_fields": {**person["merge_fields"], _ADDED: "yes, very"}})

    def delivery(self, stream: str, secret: str) -> Delivery:
        """A form, unsigned; the address holds the secret."""
        if stream in {"members", "memberships"}:
            about = {"id": "8a25ff1d98", "list_id": self.list_id, "email": "sample1@people.example"}
            form = {"type": "profile", **{f"data[{name}]": value for name, value in about.items()}}
        elif stream in {"campaigns", "reports"}:
            form = {"type": "campaign", "data[id]": next(iter(self.campaigns)), "data[status]": "sent"}
        else:
            return super().delivery(stream, secret)
        headers = {"content-type": "application/x-www-form-urlencoded"}
        url = f"https://hub.example/hooks/mailchimp?{urlencode({'secret': secret})}"
        return Delivery(urlencode(form).encode(), headers, url)

    def _next(self) -> int:
        self._made += 1
        return self._made

    def _person(self) -> Json:
        n = self._next()
        names = {"FNAME": f"Ada {n}", "LNAME": f"Byron {n}"}
        return {"email_address": f"sample{n}@people.example", "status": "subscribed", "merge_fields": names}

    def _member(self, person: Json) -> str:
        self.act("seed", {"members": [person]})
        found = self.audiences[self.list_id].roll.find(person["email_address"])
        if found is None:
            raise LookupError(person["email_address"])
        return found.contact_id

    def _email(self, contact_id: str) -> str:
        return self.audiences[self.list_id].roll.by_contact[contact_id].email

    def _campaign(self, stream: str) -> Json:
        n = self._next()
        sent = {"send_time": "2026-11-01T09:00:00+00:00", "emails_sent": 100 + n} if stream == "reports" else {}
        return {"settings": {"title": f"Campaign {n}", "subject_line": f"News {n}"}, **sent}
