"""HubSpot's paths, each with what answers it."""

from __future__ import annotations

from vaiven_connectors.hubspot import _sim_oauth as oauth
from vaiven_connectors.hubspot import _sim_objects as objects
from vaiven_connectors.hubspot import _sim_sales as sales
from vaiven_connectors.hubspot import _sim_settings as settings
from vaiven_connectors.hubspot._sim_call import Handler

_OBJECTS = "/crm/v3/objects/{objectType}"
_LINKS = "/crm/v4/associations/{fromObjectType}/{toObjectType}"
_RECORD_LINKS = "/crm/v4/objects/{objectType}/{objectId}/associations/{toObjectType}"
_PROPERTIES = "/crm/v3/properties/{objectType}"
_PIPELINES = "/crm/v3/pipelines/{objectType}"

PATHS: list[tuple[str, str, Handler]] = [
    ("GET", _OBJECTS, objects.list_records),
    ("POST", f"{_OBJECTS}/search", objects.search),
    ("POST", f"{_OBJECTS}/batch/read", objects.batch_read),
    ("POST", f"{_OBJECTS}/batch/update", objects.batch_update),
    ("POST", f"{_OBJECTS}/batch/upsert", objects.batch_upsert),
    ("POST", f"{_OBJECTS}/batch/create", objects.batch_create),
    ("POST", f"{_OBJECTS}/batch/archive", objects.batch_archive),
    ("POST", f"{_OBJECTS}/merge", objects.merge),
    ("POST", "/crm/v3/objects/contacts/gdpr-delete", objects.gdpr_delete),
    ("POST", _OBJECTS, objects.create),
    ("GET", f"{_OBJECTS}/{{objectId}}", objects.read),
    ("PATCH", f"{_OBJECTS}/{{objectId}}", objects.update),
    ("DELETE", f"{_OBJECTS}/{{objectId}}", objects.archive),
    (
        "PUT",
        "/crm/v4/objects/{fromObjectType}/{fromObjectId}/associations/default/{toObjectType}/{toObjectId}",
        settings.link_default,
    ),
    ("GET", _RECORD_LINKS, settings.links_of),
    ("PUT", f"{_RECORD_LINKS}/{{toObjectId}}", settings.link),
    ("DELETE", f"{_RECORD_LINKS}/{{toObjectId}}", settings.unlink),
    ("POST", f"{_LINKS}/batch/read", settings.links_batch_read),
    ("POST", f"{_LINKS}/batch/create", settings.links_batch_create),
    ("POST", f"{_LINKS}/batch/archive", settings.links_batch_archive),
    ("POST", f"{_LINKS}/batch/labels/archive", settings.links_batch_archive_labels),
    ("POST", f"{_LINKS}/batch/associate/default", settings.links_batch_default),
    ("GET", f"{_LINKS}/labels", settings.labels),
    ("POST", f"{_LINKS}/labels", settings.create_label),
    ("GET", _PROPERTIES, settings.list_properties),
    ("POST", _PROPERTIES, settings.create_property),
    ("GET", f"{_PROPERTIES}/groups", settings.list_groups),
    ("POST", f"{_PROPERTIES}/groups", settings.create_group),
    ("GET", f"{_PROPERTIES}/groups/{{groupName}}", settings.get_group),
    ("GET", f"{_PROPERTIES}/{{propertyName}}", settings.get_property),
    ("PATCH", f"{_PROPERTIES}/{{propertyName}}", settings.update_property),
    ("DELETE", f"{_PROPERTIES}/{{propertyName}}", settings.archive_property),
    ("GET", "/crm/v3/owners", sales.list_owners),
    ("GET", "/crm/v3/owners/", sales.list_owners),  # the client 12.0.0 asks with the slash
    ("GET", "/crm/v3/owners/{ownerId}", sales.get_owner),
    ("GET", _PIPELINES, sales.list_pipelines),
    ("GET", f"{_PIPELINES}/{{pipelineId}}", sales.get_pipeline),
    ("GET", f"{_PIPELINES}/{{pipelineId}}/stages", sales.list_stages),
    ("GET", f"{_PIPELINES}/{{pipelineId}}/stages/{{stageId}}", sales.get_stage),
    ("GET", "/account-info/v3/details", settings.account_details),
    ("POST", "/oauth/v1/token", oauth.token),
    ("POST", "/oauth/v3/token", oauth.token),
    ("GET", "/oauth/v1/access-tokens/{token}", oauth.access_token_info),
    ("GET", "/oauth/v1/refresh-tokens/{token}", oauth.refresh_token_info),
    ("DELETE", "/oauth/v1/refresh-tokens/{token}", oauth.delete_refresh_token),
]
"""Every method and path that is served, the most literal of a family first."""
