"""What the certification kit has HubSpot's users do: make, change and remove records of each stream."""

from __future__ import annotations

from typing import Any

import msgspec

from vaiven_connectors.hubspot._sim_portal import Portal
from vaiven_sdk import Delivery
from vaiven_sdk.testing import Simulator
from vaiven_sdk.webhooks import signatures

_OBJECTS = ("companies", "contacts", "deals")
_TIES = {
    "contact_companies": ("contacts", "companies"),
    "deal_contacts": ("deals", "contacts"),
    "deal_companies": ("deals", "companies"),
}


class Driven(Simulator):
    """The part of the simulator that follows the kit; samples are the same people in every portal."""

    portal: Portal
    _made = 0
    _touched = 0

    def sample(self, stream: str, n: int) -> list[str]:
        """Make records as somebody at the keyboard would."""
        if stream in _OBJECTS:
            return [
                self.act("create_record", {"object_type": stream, "properties": self._new(stream)}) for _ in range(n)
            ]
        if stream in _TIES:
            return [self._tie(stream) for _ in range(n)]
        if stream == "owners":
            return [str(one) for one in self.act("add_owners", {"owners": [self._owner() for _ in range(n)]})]
        if stream == "pipelines":
            return [self._pipeline()["id"] for _ in range(n)]
        if stream == "stages":
            return [str(stage["id"]) for _ in range(n) for stage in self._pipeline()["stages"][:1]]
        return super().sample(stream, n)

    def touch(self, stream: str, record_id: str) -> None:
        """Change a value that is mapped."""
        self._touched += 1
        edit = self._edit()
        if stream in _OBJECTS:
            name = {"companies": "city", "contacts": "firstname", "deals": "description"}[stream]
            args = {"object_type": stream, "record_id": record_id, "properties": {name: edit}}
            self.act("edit_record", args)
        elif stream in _TIES:
            self.touch(_TIES[stream][0], record_id.partition("/")[0])
        elif stream == "owners":
            self._stamp(self.portal.owners.all[int(record_id)], "firstName")
        elif stream == "pipelines":
            self._stamp(self.portal.pipelines.all[record_id], "label")
        elif stream == "stages":
            stages = (stage for one in self.portal.pipelines.all.values() for stage in one["stages"])
            self._stamp(next(stage for stage in stages if stage["id"] == record_id), "label")
        else:
            super().touch(stream, record_id)

    def remove(self, stream: str, record_id: str) -> None:
        """Delete it: into the recycling bin, where there is one."""
        if stream in _OBJECTS:
            self.act("archive_records", {"object_type": stream, "record_ids": [record_id]})
        elif stream in _TIES:
            start, end = _TIES[stream]
            one, two, type_id = record_id.split("/")
            self.portal.links.remove(start, int(one), end, int(two), {int(type_id.rpartition(":")[2])})
        elif stream == "owners":
            self.act("archive_owner", {"owner_id": record_id})
        elif stream == "pipelines":
            del self.portal.pipelines.all[record_id]
        elif stream == "stages":
            for pipeline in self.portal.pipelines.all.values():
                pipeline["stages"] = [stage for stage in pipeline["stages"] if stage["id"] != record_id]
        else:
            super().remove(stream, record_id)

    def unwanted(self, stream: str) -> dict[str, Any]:
        """Fits our model, and HubSpot refuses it: customers may take default lifecycle stages away."""
        if stream == "companies":
            stage = self.portal.collection(stream).schema.properties["lifecyclestage"]
            stage.options = [option for option in stage.options if option["value"] != "evangelist"]
        refused: dict[str, dict[str, Any]] = {
            "contacts": {"email": "no-address", "given_name": "Refused"},
            "companies": {"name": "Refused", "lifecycle": "evangelist"},
            "deals": {"name": "Refused", "stage_id": "no-such-stage", "pipeline_id": "default"},
        }
        return refused[stream] if stream in refused else super().unwanted(stream)

    def customise(self, stream: str) -> tuple[str, str]:
        """Add a property and fill it in."""
        if stream not in _OBJECTS:
            return super().customise(stream)
        name = "favourite_colour"
        self.act("create_property", {"object_type": stream, "definition": {"name": name, "label": "Favourite colour"}})
        properties = {**self._new(stream), name: "teal"}
        return name, self.act("create_record", {"object_type": stream, "properties": properties})

    def delivery(self, stream: str, secret: str) -> Delivery:
        """One event, signed by version 3 of HubSpot's scheme."""
        kinds = {"contacts": "contact", "companies": "company", "deals": "deal"}
        if stream not in kinds:
            return super().delivery(stream, secret)
        event = {
            "eventId": 1,
            "portalId": self.portal.portal_id,
            "subscriptionType": f"{kinds[stream]}.propertyChange",
            "objectId": self.portal.collection(stream).live[0],
            "propertyName": "city",
        }
        headers = {"x-hubspot-request-timestamp": str(int(self.clock.now().timestamp() * 1000))}
        bare = Delivery(msgspec.json.encode([event]), headers, "https://hub.example/hooks/hubspot")
        signature = signatures.hubspot().sign(bare, secret)
        return Delivery(bare.body, {**headers, "x-hubspot-signature-v3": signature}, bare.url)

    def _new(self, kind: str) -> dict[str, str]:
        self._made += 1
        n = self._made
        return {
            "companies": {"name": f"Sample {n} Ltd", "domain": f"sample{n}.example", "city": f"Town {n}"},
            "contacts": {
                "email": f"sample{n}@people.example",
                "firstname": f"Ada {n}",
                "lastname": f"Byron {n}",
                "city": f"Town {n}",
            },
            "deals": {"dealname": f"Deal {n}", "dealstage": "qualifiedtobuy", "description": f"Call {n}"},
        }[kind]

    def _tie(self, stream: str) -> str:
        start, end = _TIES[stream]
        (one,), (two,) = self.sample(start, 1), self.sample(end, 1)
        self.act("associate", {"from_type": start, "to_type": end, "pairs": [[one, two]]})
        types = self.portal.links.of(start, int(one), end)[int(two)]
        return f"{one}/{two}/{types[0].category}:{types[0].id}"

    def _owner(self) -> dict[str, Any]:
        self._made += 1
        return {"email": f"owner{self._made}@example.com", "firstName": f"Olga {self._made}", "lastName": "Sample"}

    def _pipeline(self) -> dict[str, Any]:
        self._made += 1
        stages = [{"label": f"Open {self._made}", "metadata": {"probability": "0.5"}}]
        made: dict[str, Any] = self.act(
            "add_pipeline", {"definition": {"label": f"Way {self._made}", "stages": stages}}
        )
        return made

    def _edit(self) -> str:
        """A text that no other edit has, nor another portal's."""
        return f"Edit {self._touched} in {self.portal.portal_id}"

    def _stamp(self, thing: dict[str, Any], name: str) -> None:
        now = self.clock.now()
        thing[name] = self._edit()
        thing["updatedAt"] = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z"
