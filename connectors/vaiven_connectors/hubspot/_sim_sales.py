"""The endpoints of the sales team's set-up: owners (spec crm-crm-owners@v3) and pipelines (spec crm-pipelines@v3)."""

from __future__ import annotations

from typing import Any, Final

from vaiven_connectors.hubspot._sim_call import Answer, Call
from vaiven_connectors.hubspot._sim_errors import invalid, no_record
from vaiven_connectors.hubspot._sim_portal import Portal

MAX_OWNERS: Final = 500
"""Most owners on a page: what users of the API ask for; no page of HubSpot's says (2026-11-22)."""


def list_owners(portal: Portal, call: Call) -> Answer:
    """GET /crm/v3/owners."""
    limit = call.number("limit", 100, MAX_OWNERS)
    after = call.one("after") or "0"
    if not after.isdigit():
        raise invalid(f"Invalid input: after must be a paging token, but was {after}")
    page, following = portal.owners.page(int(after), limit, archived=call.flag("archived"), email=call.one("email"))
    answer: dict[str, Any] = {"results": page}
    if following is not None:
        link = f"https://api.hubapi.com/crm/v3/owners?limit={limit}&after={following}"
        answer["paging"] = {"next": {"after": following, "link": link}}
    return 200, answer


def get_owner(portal: Portal, call: Call) -> Answer:
    """GET /crm/v3/owners/{ownerId}, by `id` or with `idProperty` by `userId`."""
    given, id_property = call.path["ownerId"], call.one("idProperty") or "id"
    if not given.isdigit():
        raise invalid(f"Invalid input: ownerId must be an integer, but was {given}")
    if id_property not in {"id", "userId"}:
        raise invalid(f"Invalid input: idProperty must be id or userId, but was {id_property}")
    owner = portal.owners.find(given, by_user=id_property == "userId", archived=call.flag("archived"))
    if owner is None:
        raise no_record(given)
    return 200, owner


def _of_type(portal: Portal, call: Call) -> dict[str, dict[str, Any]]:
    # The guide lists the objects that have pipelines; of those served here, deals alone.
    kind = portal.collection(call.path["objectType"]).kind
    return portal.pipelines.all if kind.name == "deals" else {}


def _pipeline(portal: Portal, call: Call) -> dict[str, Any]:
    pipeline = _of_type(portal, call).get(call.path["pipelineId"])
    if pipeline is None:
        raise no_record(call.path["pipelineId"])
    return pipeline


def list_pipelines(portal: Portal, call: Call) -> Answer:
    """GET /crm/v3/pipelines/{objectType}, all on one page."""
    return 200, {"results": list(_of_type(portal, call).values())}


def get_pipeline(portal: Portal, call: Call) -> Answer:
    """GET /crm/v3/pipelines/{objectType}/{pipelineId}."""
    return 200, _pipeline(portal, call)


def list_stages(portal: Portal, call: Call) -> Answer:
    """GET /crm/v3/pipelines/{objectType}/{pipelineId}/stages."""
    return 200, {"results": _pipeline(portal, call)["stages"]}


def get_stage(portal: Portal, call: Call) -> Answer:
    """GET /crm/v3/pipelines/{objectType}/{pipelineId}/stages/{stageId}."""
    wanted = call.path["stageId"]
    stage = next((stage for stage in _pipeline(portal, call)["stages"] if stage["id"] == wanted), None)
    if stage is None:
        raise no_record(wanted)
    return 200, stage
