"""What can go wrong with somebody else's tap."""

from vaiven_sdk.errors import CustomerError, MakerError, OperatorError, VendorError


class TapNotInstalled(OperatorError):
    """A tap could not be installed, or its files are gone."""

    code = "tap_not_installed"
    remedy = "Check the package's name and the network, then add the tap again."


class UnknownTap(CustomerError):
    """No tap of this name was added."""

    code = "unknown_tap"
    remedy = "`vaiven singer list` shows the taps that there are; `vaiven singer add` adds one."


class TapFailed(VendorError):
    """The tap ended with an error."""

    code = "tap_failed"
    remedy = "Read its last words above: a setting, a permission or the tool itself; the next sync goes on from there."


class TapProtocol(MakerError):
    """The tap does not speak Singer as it should."""

    code = "tap_protocol"
    remedy = "Report it to the tap's maker, or add another version of the tap."


class MappingInvalid(CustomerError):
    """The mapping of a tap's streams to the unified model has a mistake."""

    code = "mapping_invalid"
    remedy = "Correct mapping.toml where the error says; `vaiven singer mapping NAME` checks it."
