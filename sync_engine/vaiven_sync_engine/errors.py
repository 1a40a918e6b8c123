"""What can go wrong on our side of the wire."""

from vaiven_sdk.errors import CustomerError, MakerError, OperatorError


class StoreLocked(OperatorError):
    """Another process works on this store."""

    code = "store_locked"
    remedy = "Wait for it to end, or stop it; reading (`people`, `runs`, `conflicts`) works meanwhile."


class DiskFull(OperatorError):
    """The store cannot grow."""

    code = "disk_full"
    remedy = "Free some space and run the same command again: it goes on from the last saved page."


class StoreDamaged(OperatorError):
    """The store cannot be read or written."""

    code = "store_damaged"
    remedy = "Check the path, its permissions and the disk; `vaiven doctor` says more."


class StoreUnreachable(OperatorError):
    """The store's database server does not answer, or does not let us in."""

    code = "store_unreachable"
    remedy = "Check the server, the address and the password; then run the same command again: it goes on."


class StoreContended(OperatorError):
    """Somebody else changed the store's tables at the same time, and the database undid our transaction."""

    code = "store_contended"
    remedy = "Run the same command again: it goes on from the last saved page."


class DriverMissing(OperatorError):
    """The driver of the store's database is not installed."""

    code = "driver_missing"
    remedy = "Install it: pip install 'vaiven[postgres]'."


class KeyMissing(OperatorError):
    """The key that opens the stored credentials is not there, or is another one."""

    code = "key_missing"
    remedy = "Bring the key file back, or connect the accounts again."


class UnknownConnection(CustomerError):
    """There is no such connection."""

    code = "unknown_connection"
    remedy = "`vaiven doctor` lists the connections; `vaiven connect` makes one."


class AccountChanged(CustomerError):
    """A reconnect reached another account than before."""

    code = "account_changed"
    remedy = "Sign in to the account that was connected before, or make a new connection for this one."


class ApprovalNeeded(CustomerError):
    """A first sync would write, and nobody has looked at the plan yet."""

    code = "approval_needed"
    remedy = "Read the plan (`vaiven plan`), then `vaiven sync --approve DIGEST`."


class PlanChanged(CustomerError):
    """The plan that was approved is not the one that would run now."""

    code = "plan_changed"
    remedy = "Read the new plan (`vaiven plan`) and approve its digest."


class GuardTripped(CustomerError):
    """A sync would delete more than its limit allows."""

    code = "guard_tripped"
    remedy = "Look at the plan; if the deletions are meant, sync once with a higher --max-deletes."


class PositionLost(MakerError):
    """Two runs moved the same stream's position."""

    code = "position_lost"


class Interrupted(OperatorError):
    """The run was stopped by a signal."""

    code = "interrupted"
    remedy = "Run the same command again: it goes on from the last saved page."


class ErasureUnfinished(CustomerError):
    """A person could not be erased at every tool that can do it; nothing of ours was redacted yet."""

    code = "erasure_unfinished"
    remedy = "Run the same command again: what is erased already stays erased."


class InputInvalid(CustomerError):
    """What was given cannot be used."""

    code = "input_invalid"
    remedy = "Correct it and try again."


class NotComputable(MakerError):
    """A value that was worked out has no place where it was to go."""

    code = "not_computable"
    remedy = "Set fields that exist and are the hub's to say (docs: concepts/computed-values), to values of their type."
