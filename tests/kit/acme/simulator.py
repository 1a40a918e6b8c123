"""A stand-in for Acme Letters: readers both ways, shops to read, signed webhooks."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from vaiven_sdk import Delivery
from vaiven_sdk.testing import Simulator, action
from vaiven_sdk.webhooks import signatures


class AcmeSimulator(Simulator):
    """It answers batches in the reverse order, and asks for five seconds of patience in a 429."""

    slug = "acme"
    quirks: ClassVar[dict[str, Any]] = {"same_again": False}

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.readers: dict[str, dict[str, Any]] = {}
        self.shops: dict[str, dict[str, Any]] = {}
        self.visits = 0
        self.made = self.random.randrange(1000)
        self.shown = 0

    @property
    def credential(self) -> dict[str, str]:
        return {"token": "acme-secret-token-0123456789"}

    @property
    def config(self) -> dict[str, str]:
        return {"region": "eu1"}

    def routes(self) -> list[Route]:
        return [Route("/v1/{path:path}", self.answer, methods=["GET", "POST", "DELETE"])]

    def state(self) -> dict[str, Any]:
        return {"readers": self.readers, "shops": self.shops, "visits": self.visits}

    # -- what the kit lets Acme's users do

    def sample(self, stream: str, n: int) -> list[str]:
        new = self.new_reader if stream == "readers" else self.new_shop
        return [new()["id"] for _ in range(n)]

    def new_reader(self) -> dict[str, Any]:
        self.shown += 1
        n = self.shown
        return self.save(email=f"sample{n}@people.example", first_name=f"Ada {n}", last_name=f"Byron {n}")

    def new_shop(self) -> dict[str, Any]:
        self.made += 1
        return self.keep(self.shops, f"s{self.made:06}", {"name": f"Shop {self.made}", "deleted": False})

    def touch(self, stream: str, record_id: str) -> None:
        field = "first_name" if stream == "readers" else "name"
        self.made += 1
        self.keep(getattr(self, stream), record_id, {field: f"Edit {self.made}"})

    def remove(self, stream: str, record_id: str) -> None:
        self.keep(getattr(self, stream), record_id, {"deleted": True})

    def unwanted(self, stream: str) -> dict[str, Any]:
        return {"email": "refused@acme.example", "given_name": "Refused"}

    def delivery(self, stream: str, secret: str) -> Delivery:
        body = msgspec.json.encode({"stream": stream, "id": next(iter(getattr(self, stream)))})
        headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(self.clock.now().timestamp()))}
        signature = signatures.standard().sign(Delivery(body, headers), secret)
        return Delivery(body, {**headers, "webhook-signature": signature}, "https://hub.example/hooks/acme")

    def keep(self, table: dict[str, Any], key: str, given: dict[str, Any]) -> dict[str, Any]:
        at = f"{self.clock.now():%Y-%m-%dT%H:%M:%S.%fZ}"
        kept: dict[str, Any] = {**table.get(key, {"id": key}), **given, "updated_at": at}
        table[key] = kept
        return kept

    @action
    def save(self, **given: Any) -> dict[str, Any]:
        if given.get("email") == "refused@acme.example":
            return {"error": "blocked", "message": "this address may not be written to"}
        key = given.pop("id", None)
        if key is not None and (key not in self.readers or self.readers[key]["deleted"]):
            return {"error": "gone", "message": f"there is no reader {key}"}
        twin = given.pop("allow_twins", False)
        same = (r["id"] for r in self.readers.values() if r["email"] == given.get("email") and not r["deleted"])
        key = key or (None if twin else next(same, None))
        if key is None:
            self.made += 1
            key = f"r{self.made:06}"
        blank = {"id": key, "first_name": None, "last_name": None, "status": "active", "deleted": False}
        return self.keep(self.readers, key, {**self.readers.get(key, blank), **given})

    # -- the API

    async def answer(self, request: Request) -> JSONResponse:
        self.requests += 1
        if request.headers.get("authorization") != f"Bearer {self.credential['token']}":
            return JSONResponse({"message": "who are you?"}, 401)
        match request.method, *request.path_params["path"].split("/"):
            case "GET", "me":
                return JSONResponse({"id": "a1", "name": "Test account"})
            case "POST", "visits":
                self.visits += 1
                return JSONResponse({})
            case "GET", "readers":
                return JSONResponse(self.page_of_readers(request.query_params))
            case "GET", "shops":
                return JSONResponse(self.page_of_shops(request.query_params))
            case "POST", "readers", "batch":
                rows = (await request.json())["readers"]
                results = [
                    {**self.save(**{k: v for k, v in row.items() if k != "ref"}), "ref": row["ref"]} for row in rows
                ]
                return JSONResponse({"results": results[::-1]})
            case "POST", "readers", key, "erase":
                return JSONResponse({"erased": self.readers.pop(key, None) is not None})
            case "DELETE", "readers", key if key in self.readers:
                return JSONResponse(self.keep(self.readers, key, {"deleted": True}))
        return JSONResponse({"message": "there is nothing here"}, 404)

    def page_of_readers(self, ask: Any) -> dict[str, Any]:
        keys = {*ask.get("only", "").split(",")} - {""}
        found = [r for key, r in sorted(self.readers.items()) if key > ask.get("after", "")]
        found = [r for r in found if r["deleted"] == (ask.get("deleted") == "true")]
        found = [r for r in found if r["updated_at"] >= ask.get("updated_since", "")]
        found = [r for r in found if not keys or keys & {r["id"], r["email"]}]
        page = found[: min(int(ask.get("limit", 100)), self.page_cap or 100)]
        return {"readers": page, "next": page[-1]["id"] if len(page) < len(found) else None}

    def page_of_shops(self, ask: Any) -> dict[str, Any]:
        """By change and id, after both: `after` is the id of the last shop, `updated_since` its time."""
        since, after = ask.get("updated_since", ""), ask.get("after", "")
        found = sorted(self.shops.values(), key=lambda shop: (shop["updated_at"], shop["id"]))
        found = [s for s in found if (s["updated_at"], s["id"]) > (since, after)]
        if "updated_after" in ask:
            found = [s for s in found if s["updated_at"] > ask["updated_after"]]
        page = found[: min(int(ask.get("limit", 100)), self.page_cap or 100)]
        return {"shops": page, "more": len(page) < len(found)}


simulator = AcmeSimulator
