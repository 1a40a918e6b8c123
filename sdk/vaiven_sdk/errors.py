"""Every error says what happened, why, what to do, and who must do it."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class Actor(StrEnum):
    """Who can make an error go away."""

    CUSTOMER = "customer"
    """The person whose account it is: reconnect, grant a permission, change a plan or a setting."""
    VENDOR = "vendor"
    """The tool at the other end: busy, down, or answering nonsense."""
    MAKER = "maker"
    """Whoever wrote the connector or the platform: it is a bug."""
    OPERATOR = "operator"
    """Whoever runs Vaiven: disk, locks, keys, settings."""
    NOBODY = "nobody"
    """This one record cannot be taken; the rest goes on."""


class VaivenError(Exception):
    """The root of all our errors.

    Args:
        what: what happened, one sentence.
        why: the reason as far as known; never holds a credential.
        remedy: what to do; the class's own remedy when left out.
    """

    code: ClassVar[str] = "error"
    """Stable: safe to test for, documented in the reference."""
    actor: ClassVar[Actor] = Actor.MAKER
    remedy: str = "Report it with the reference id."

    def __init__(self, what: str, *, why: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        if remedy:
            self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} ({self.why})" if self.why else self.what

    def as_dict(self) -> dict[str, str]:
        """What a machine reads: code, actor, what, why, remedy."""
        return {
            "code": self.code,
            "actor": self.actor.value,
            "what": self.what,
            "why": self.why,
            "remedy": self.remedy,
        }


class CustomerError(VaivenError):
    """The customer must act before this connection works again."""

    code = "customer_error"
    actor = Actor.CUSTOMER
    remedy = "Correct in the connected tool, or in the connection's settings, what the error names; then sync again."


class ReconnectRequired(CustomerError):
    """The vendor no longer accepts the credential."""

    code = "reconnect_required"
    remedy = "Connect the account again; nothing that was synced is lost."


class PermissionMissing(CustomerError):
    """The credential is good but may not do this."""

    code = "permission_missing"
    remedy = "Grant the missing scope to the connected account, then sync again."


class ConfigInvalid(CustomerError):
    """A setting of the connection does not fit."""

    code = "config_invalid"
    remedy = "Correct the named setting."


class VendorError(VaivenError):
    """The vendor is to blame; the run tries again, then waits for the next one."""

    code = "vendor_error"
    actor = Actor.VENDOR
    remedy = "Nothing to do now: the next sync goes on from the last saved page."


class VendorBusy(VendorError):
    """The vendor asks us to slow down.

    Args:
        retry_after: seconds that the vendor asked for, if it did.
    """

    code = "vendor_busy"

    def __init__(self, what: str, *, why: str = "", remedy: str = "", retry_after: float | None = None) -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.retry_after = retry_after


class VendorDown(VendorError):
    """The vendor cannot be reached or answers with a server error."""

    code = "vendor_down"


class AnswerMalformed(VendorError):
    """The vendor answered something that is not what its API promises (a proxy's page, cut-off JSON)."""

    code = "answer_malformed"


class DeliveryMalformed(VendorError):
    """A webhook's delivery is the vendor's, and is not what the vendor documents."""

    code = "delivery_malformed"
    remedy = "Nothing is lost: the next sync reads what changed. If it goes on, report it with the reference id."


class SignatureInvalid(VendorError):
    """A webhook's delivery does not prove that it is the vendor's, or it is sent again."""

    code = "signature_invalid"
    actor = Actor.NOBODY
    remedy = "Nothing to do if a stranger sent it; if the vendor did, enter the webhook's secret again."


class Unsettled(VendorError):
    """A write was sent and no answer came: it may or may not have taken effect."""

    code = "unsettled"
    remedy = "Nothing to do: the next run reads the record back before it writes again."


class NotFound(VendorError):
    """The vendor does not have this object."""

    code = "not_found"
    actor = Actor.NOBODY
    remedy = "Nothing to do if it was deleted there; otherwise check the id in the connection's settings."


class CursorExpired(VendorError):
    """The vendor no longer knows the place where a read was to go on: it begins again from the start."""

    code = "cursor_expired"
    actor = Actor.NOBODY
    remedy = "Nothing to do: the read begins again."


class ChangesUnknown(VendorError):
    """The vendor cannot say what changed since then: its log does not reach back so far, or it keeps none.

    A reader of changes raises it before it gives anything; the engine reads everything instead.
    """

    code = "changes_unknown"
    actor = Actor.NOBODY
    remedy = "Nothing to do: everything is read again."


class TooMany(VendorError):
    """More records match than the vendor lets one read; a read in time windows takes a narrower one.

    Name a vendor's own refusal so with `@connector.error`.
    """

    code = "too_many"
    actor = Actor.MAKER
    remedy = "Report it to the connector's maker: the read needs narrower windows, or a second field to order by."


class ReportFailed(VendorError):
    """The vendor says that a report could not be made, or it was not ready in time."""

    code = "report_failed"
    remedy = "Nothing to do now: the next sync asks again."


class MakerError(VaivenError):
    """A bug in a connector or in the platform."""

    code = "maker_error"


class RequestRefused(MakerError):
    """The vendor says that our request is wrong.

    Args:
        status: the HTTP status.
        body: the decoded answer, for the connector to read the vendor's own code from.
    """

    code = "request_refused"

    def __init__(self, what: str, *, why: str = "", remedy: str = "", status: int = 400, body: object = None) -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.status = status
        self.body = body


class CursorLoop(MakerError):
    """The vendor's paging gives the same cursor again and would never end."""

    code = "cursor_loop"


class OriginRefused(MakerError):
    """A request would have left the connector's declared hosts."""

    code = "origin_refused"


class OperatorError(VaivenError):
    """Whoever runs Vaiven must act."""

    code = "operator_error"
    actor = Actor.OPERATOR
    remedy = "Correct on the machine that runs Vaiven what the error names, then run the same command again."


class RecordRejected(VaivenError):
    """One record cannot be taken; it is kept in quarantine with this reason and the rest goes on."""

    code = "record_rejected"
    actor = Actor.NOBODY
    remedy = "Correct the record in its tool, or the mapping; it is tried again when it changes."


def taxonomy() -> list[type[VaivenError]]:
    """Every error class known to this process, roots first; the reference page is made from it."""
    found: list[type[VaivenError]] = []
    todo: list[type[VaivenError]] = [VaivenError]
    while todo:
        cls = todo.pop(0)
        found.append(cls)
        todo.extend(cls.__subclasses__())
    return found
