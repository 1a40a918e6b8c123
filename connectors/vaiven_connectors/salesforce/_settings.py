"""What is asked of an organization beside its credential, and the address that follows from it."""

import re
from urllib.parse import urlsplit

from pydantic import Field

from vaiven_sdk import Config, PermissionMissing, ReconnectRequired, Session, TokenAnswer

V = "/services/data/v65.0"
"""Below it stands the REST API of Winter '26; each version lives three years at least
(developer.salesforce.com, "API End-of-Life", read 2026-11-25)."""
HOME = ".my.salesforce.com"
MY_DOMAIN = r"[a-z0-9][a-z0-9-]{0,60}(\.(sandbox|develop|scratch|demo|trailblaze))?"
"""What stands before it in an organization's address: help.salesforce.com, "OAuth Endpoints", read 2026-11-25."""


class Settings(Config):
    """Where an organization is signed in to and called."""

    login: str = Field(
        "login.salesforce.com",
        pattern=rf"^(login\.salesforce\.com|test\.salesforce\.com|{MY_DOMAIN}\.my\.salesforce\.com)$",
        title="Login host",
        description="login.salesforce.com for production, test.salesforce.com for a sandbox, or your My Domain.",
        examples=["acme.my.salesforce.com"],
    )
    instance: str = Field(
        "",
        pattern=rf"^({MY_DOMAIN})?$",
        title="My Domain",
        description="What stands before .my.salesforce.com in your address. Left empty, it is found out on connecting.",
        examples=["acme", "acme--uat.sandbox"],
    )
    currency: str = Field(
        "",
        pattern=r"^([A-Z]{3})?$",
        title="Currency",
        description="The currency of an organization that has only one; leave it empty where it has several.",
        examples=["EUR"],
    )
    bulk_from: int = Field(
        50_000,
        ge=1,
        title="Bulk from",
        description="A first read of an object with at least so many records goes by the Bulk API.",
        examples=[50_000],
    )


def domain_of(url: object) -> str:
    """The My Domain of an organization's address; empty for any other: it would carry the token elsewhere."""
    host = urlsplit(str(url or "")).hostname or ""
    domain = host.removesuffix(HOME)
    return domain if host.endswith(HOME) and re.fullmatch(MY_DOMAIN, domain) else ""


ANSWER = TokenAnswer(settings={"instance": lambda told: domain_of(told.get("instance_url"))})
"""A token comes with the organization's address (help.salesforce.com, "OAuth 2.0 Web Server Flow", 2026-11-25)."""


async def complete(hub: Session[Settings]) -> Settings:
    """The settings with the organization's host, for a token that was pasted: `urls.rest` of the UserInfo endpoint.

    Source: help.salesforce.com, "Query for User Information" (xcloud.remoteaccess_using_userinfo_endpoint), 2026-11-25.
    """
    if hub.config.instance:
        return hub.config
    try:
        about = await hub.get(f"https://{hub.config.login}/services/oauth2/userinfo")
    except PermissionMissing as problem:
        # Here, and nowhere else, a bad token is answered by 403
        # (github.com/forcedotcom/SalesforceMobileSDK-Android/pull/2430, read 2026-11-25).
        raise ReconnectRequired("Salesforce does not accept the access token.", why=problem.why) from None
    # Without a host the next request says that the setting is empty.
    domain = domain_of((about.get("urls") or {}).get("rest"))
    return hub.config.model_copy(update={"instance": domain}) if domain else hub.config
