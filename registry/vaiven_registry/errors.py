"""What can go wrong between a connector's name and the connector."""

from vaiven_sdk.errors import CustomerError, MakerError, OperatorError


class UnknownConnector(CustomerError):
    """No connector of this name is built in or installed."""

    code = "unknown_connector"
    remedy = "`vaiven connectors list` shows those that there are; a partner's is installed with pip."


class NoSimulator(CustomerError):
    """The connector has no simulator of its vendor."""

    code = "no_simulator"
    remedy = "Connect a real account, or ask the connector's maker for a simulator."


class ConnectorBroken(MakerError):
    """The connector is installed but cannot be used."""

    code = "connector_broken"
    remedy = "Update or remove the package that brings it."


class IndexUnreadable(OperatorError):
    """The list of built-in connectors is missing or damaged."""

    code = "index_unreadable"
    remedy = "Install vaiven-connectors again; in a checkout run `make generate`."
