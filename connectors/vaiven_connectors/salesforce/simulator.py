"""Salesforce on loopback: one org with its REST API, Bulk API 2.0 and OAuth.

Each part names its sources: `_sim_rest` (records, describe), `_sim_query` and `_sim_soql`, `_sim_collections`,
`_sim_bulk`, `_sim_access` (sessions, versions, limits), `_sim_merging`. Read 2026-11-25.
"""

from __future__ import annotations

from typing import Any, ClassVar

from vaiven_connectors.salesforce._sim_bulk import Bulk
from vaiven_connectors.salesforce._sim_drive import Driven

__all__ = ["SalesforceSimulator"]


class SalesforceSimulator(Bulk, Driven):
    """An org of the Enterprise Edition with nine objects and their settings.

    Quirks, with what Salesforce does as the default, are declared in `_sim_base`: `daily_limit`, `session_seconds`,
    `api_enabled`, `oldest_version`, `newest_version`, `sandbox`, `wrong_login_host`, `currencies`, `duplicate_rules`,
    `hidden_fields`, `hidden_objects`, `lock_seconds`, `job_polls`, `id_field`, `query_batch`.

    Always so: instants are whole seconds, and all that one request writes shares one. A deletion, a merge's loser and a
    bounced address move SystemModstamp and not LastModifiedDate; roll-ups and what is mirrored from other records move
    neither. Merges, undeletion and lead conversion are SOAP's, so that here they are actions. Ids are compared and
    sorted in the order of ASCII, texts without regard to case. The order of rows without ORDER BY is that of their ids.

    `state()` has deleted rows, too, with IsDeleted.
    """

    calm: ClassVar[dict[str, Any]] = {"daily_limit": 0}

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._config: dict[str, str] = {}

    @property
    def config(self) -> dict[str, str]:
        """Settings of a connection to this org; none are needed, and a test may set some."""
        return self._config

    @config.setter
    def config(self, settings: dict[str, str]) -> None:
        self._config = settings

    @property
    def oauth_credential(self) -> dict[str, str]:
        """The connected app's client and a refresh token."""
        return self.sessions.oauth_credential

    @property
    def jwt_credential(self) -> dict[str, str]:
        """The connected app's client id, a user, and the private key to its certificate."""
        return self.sessions.jwt_credential


simulator = SalesforceSimulator
