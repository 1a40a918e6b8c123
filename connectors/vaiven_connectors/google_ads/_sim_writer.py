"""Carries out the operations of one mutate request on an account, and can take them all back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vaiven_connectors.google_ads import _sim_schema as schema
from vaiven_connectors.google_ads._sim_account import Account, Row
from vaiven_connectors.google_ads._sim_body import flat, mask
from vaiven_connectors.google_ads._sim_kinds import Kind, missing, settled
from vaiven_connectors.google_ads._sim_words import Json, Where, detail

_USER = "api-user@example.com"


class OperationError(Exception):
    """An operation that is not carried out.

    Args:
        errors: what is wrong with it, with paths inside the operation.
    """

    def __init__(self, *errors: Json) -> None:
        super().__init__(errors[0]["message"])
        self.errors = list(errors)


@dataclass(slots=True)
class Writer:
    """The operations of one request on one account.

    Args:
        account: whose.
        version: of the API.
        log: length of the account's log before, to which it is cut when nothing shall be kept.
    """

    account: Account
    version: str
    log: int
    undo: list[tuple[str, str, Row | None]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)

    def apply(self, kind: Kind, operation: Mapping[str, Any]) -> tuple[str, Row]:
        """Carry one operation out: the resource name, and the row after it.

        Raises:
            OperationError: it is not possible.
        """
        ways = [name for name in ("create", "update", "remove") if operation.get(name) is not None]
        if len(ways) != 1:
            message = "Mutate operation should have either create, update, or remove specified."
            raise OperationError(detail("requestError", "OPERATION_REQUIRED", message))
        if ways == ["create"]:
            return self._create(kind, operation)
        if ways == ["update"]:
            return self._update(kind, operation)
        return self._remove(kind, str(operation["remove"]))

    def roll_back(self) -> None:
        """Undo everything."""
        for resource, key, old in reversed(self.undo):
            if old is None:
                self.account.rows[resource].pop(key, None)
            else:
                self.account.rows[resource][key] = old
        del self.account.log[self.log :]

    # ------------------------------------------------------------------------------------------------------ create

    def _create(self, kind: Kind, operation: Mapping[str, Any]) -> tuple[str, Row]:
        if operation.get("updateMask"):
            message = "The field mask must be empty for create and remove operations."
            raise OperationError(
                detail("fieldMaskError", "FIELD_MASK_NOT_ALLOWED", message, at=[("update_mask", None)])
            )
        given = flat(kind.resource, operation["create"], self.version, "create")
        temporary = self._temporary(kind, given.pop("resource_name", ""))
        try:
            row, key = self._made(kind, given)
        except OperationError:
            if temporary:
                self.broken.add(temporary)
            raise
        name = self._keep(kind, key, row)
        if temporary:
            self.names[temporary] = name
        return name, self.account.rows[kind.resource][key]

    def _temporary(self, kind: Kind, name: str) -> str:
        if not name:
            return ""
        key = self.account.key_of(kind.resource, name)
        if key is None or not re.fullmatch(r"(-\d+~)?-\d+|\d+~-\d+", key):
            message = "Do not set the id field while creating new resources."
            raise OperationError(
                _within("newResourceCreationError", "CANNOT_SET_ID_FOR_CREATE", message, "resource_name")
            )
        if name in self.names or name in self.broken:
            message = "Creating more than one resource with the same temp ID is not allowed."
            raise OperationError(_within("newResourceCreationError", "DUPLICATE_TEMP_IDS", message, "resource_name"))
        return name

    def _made(self, kind: Kind, given: Json) -> tuple[Json, str]:
        if "id" in given:
            message = "Do not set the id field while creating new resources."
            raise OperationError(_within("newResourceCreationError", "CANNOT_SET_ID_FOR_CREATE", message, "id"))
        row = {name: self._resolved(value, name) for name, value in given.items() if name not in kind.derived}
        gone = [_beneath("create", one) for one in missing(kind, row)]
        if row.get("status") == "REMOVED":
            message = "A CREATE operation may not set status to REMOVED."
            gone.append(_within("operationAccessDeniedError", "CREATE_AS_REMOVED_NOT_PERMITTED", message, "status"))
        if gone:
            raise OperationError(*gone)
        number = self.account.fresh_id(name.rpartition("~")[2] for name in self.account.rows[kind.resource])
        full = kind.fill(self.account, row, number)
        key = str(number)
        if kind.resource == "ad_group_ad":
            key = f"{str(full['ad_group']).rpartition('/')[2]}~{number}"
        else:
            full["id"] = number
        self._check(kind, key, full, None, "create")
        return full, key

    def _resolved(self, value: Any, name: str) -> Any:
        """A value with the real name in place of a temporary one."""
        if not isinstance(value, str) or not re.fullmatch(r"customers/\d+/\w+/-\d+", value):
            return value
        if value in self.broken:
            message = "Parent resource with specified temp ID failed validation, so no validation will be done for this"
            raise OperationError(
                _within("newResourceCreationError", "TEMP_ID_RESOURCE_HAD_ERRORS", f"{message} child resource.", name)
            )
        if value not in self.names:
            raise OperationError(_within("mutateError", "RESOURCE_NOT_FOUND", "Resource was not found.", name))
        return self.names[value]

    # ---------------------------------------------------------------------------------------------- update, remove

    def _update(self, kind: Kind, operation: Mapping[str, Any]) -> tuple[str, Row]:
        given = flat(kind.resource, operation["update"], self.version, "update")
        key, row = self._found(kind, given.pop("resource_name", ""), "update")
        if not operation.get("updateMask"):
            message = "The field mask must be provided for update operations."
            raise OperationError(detail("fieldMaskError", "FIELD_MASK_MISSING", message, at=[("update_mask", None)]))
        new = dict(row)
        for path in mask(kind.resource, str(operation["updateMask"])):
            self._masked(kind, path, given, new)
        new = settled(new, row) if kind.resource == "campaign" else new
        self._check(kind, key, new, row, "update")
        name = self._keep(kind, key, new)
        return name, self.account.rows[kind.resource][key]

    def _masked(self, kind: Kind, path: str, given: Json, new: Json) -> None:
        if path in kind.derived:
            return
        if path in kind.fixed or path.partition(".")[0] in kind.fixed:
            message = "The field attempted to be mutated is immutable."
            raise OperationError(_within("fieldError", "IMMUTABLE_FIELD", message, path, way="update"))
        known = schema.of_resource(kind.resource)
        if path in known:
            new[path] = self._resolved(given.get(path), path)
            return
        inner = [name for name in known if name.startswith(f"{path}.")]
        if not inner:
            message = "The field mask contained an invalid field."
            raise OperationError(
                detail(
                    "fieldMaskError", "FIELD_NOT_FOUND", message, at=[("update_mask", None)], trigger=path.lstrip("?")
                )
            )
        if any(name in given for name in inner):
            message = (
                "The field mask updated a field with subfields. Fields with subfields may be cleared, but not updated. "
                "To fix this, the field mask should select all the subfields of the invalid field."
            )
            at: Where = [("update_mask", None)]
            raise OperationError(detail("fieldMaskError", "FIELD_HAS_SUBFIELDS", message, at=at, trigger=path))
        for name in inner:
            new.pop(name, None)
        if path in given:
            new[path] = {}

    def _remove(self, kind: Kind, name: str) -> tuple[str, Row]:
        key, row = self._found(kind, name, "remove")
        if kind.resource == "campaign_budget" and self.account.shown(kind.resource, row)["reference_count"]:
            message = "The campaign budget is associated with at least one campaign, and so it cannot be removed."
            raise OperationError(
                detail("campaignBudgetError", "CAMPAIGN_BUDGET_IN_USE", message, at=[("remove", None)])
            )
        if kind.keeps:
            return self._keep(kind, key, {**row, "status": "REMOVED"}), {}
        self.undo.append((kind.resource, key, row))
        del self.account.rows[kind.resource][key]
        return name, {}

    def _found(self, kind: Kind, name: str, way: str) -> tuple[str, Row]:
        at: Where = [(way, None), ("resource_name", None)] if way == "update" else [(way, None)]
        if not name:
            message = "Resource name is required for this request."
            raise OperationError(detail("requestError", "RESOURCE_NAME_MISSING", message, at=at))
        name = self.names.get(name, name)
        key = self.account.key_of(kind.resource, name)
        if key is None or not re.fullmatch(r"-?\d+(~-?\d+)?", key):
            message = f"'{name}' part of the resource name is invalid."
            raise OperationError(detail("requestError", "BAD_RESOURCE_ID", message, at=at, trigger=name))
        row = self.account.rows[kind.resource].get(key)
        if row is None:
            raise OperationError(
                detail("mutateError", "RESOURCE_NOT_FOUND", "Resource was not found.", at=at, trigger=name)
            )
        if row.get("status") == "REMOVED":
            if kind.resource == "ad_group_ad":
                message = "Removed ads may not be modified"
                raise OperationError(detail("adGroupAdError", "CANNOT_OPERATE_ON_REMOVED_ADGROUPAD", message, at=at))
            message = "This operation is not allowed because the resource is removed."
            code = "OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE"
            raise OperationError(detail("operationAccessDeniedError", code, message, at=at))
        if name in self.seen:
            message = "Cannot mutate the same resource twice in one request."
            raise OperationError(detail("mutateError", "ID_EXISTS_IN_MULTIPLE_MUTATES", message, at=at))
        self.seen.add(name)
        return key, row

    # ------------------------------------------------------------------------------------------------------- parts

    def _check(self, kind: Kind, key: str, row: Row, old: Row | None, way: str) -> None:
        if old is not None and row.get("status") == "REMOVED":
            message = "The enum value is not permitted."
            raise OperationError(_within("enumError", "ENUM_VALUE_NOT_PERMITTED", message, "status", way=way))
        wrong = [
            _within(category, code, message, name, way=way)
            for name, category, code, message in kind.check(self.account, key, row, old)
        ]
        if wrong:
            raise OperationError(*wrong)

    def _keep(self, kind: Kind, key: str, row: Row) -> str:
        self.undo.append((kind.resource, key, self.account.rows[kind.resource].get(key)))
        made = self.account.put(kind.resource, key, row, client="GOOGLE_ADS_API", user=_USER)
        return str(made["resource_name"])


def _within(category: str, code: str, message: str, name: str, *, way: str = "create") -> Json:
    path: list[tuple[str, int | None]] = [(way, None)]
    return detail(category, code, message, at=[*path, *((part, None) for part in name.split(".") if part)])


def _beneath(way: str, error: Json) -> Json:
    elements = error["location"]["fieldPathElements"]
    return {**error, "location": {"fieldPathElements": [{"fieldName": way}, *elements]}}
