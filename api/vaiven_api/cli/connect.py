"""`vaiven connect`: reach an account, see whose it is, and keep its credential sealed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from vaiven_api.cli.options import TENANT, Options, common
from vaiven_api.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vaiven_sdk import Account, Config, Connector
    from vaiven_sync_engine.connections import Connection

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@click.command()
@click.argument("slug")
@click.option("--name", help="What to call the connection.  [default: the connector's name]")
@click.option("--base-url", metavar="URL", help="Instead of the vendor's address: a simulator, a proxy.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of the connector.")
@click.option(
    "--credential",
    "variables",
    multiple=True,
    metavar="FIELD=ENVVAR",
    help="Take a value of the credential from an environment variable.",
)
@click.option("--credential-stdin", is_flag=True, help="Take the credential as a JSON object from standard input.")
@click.option("--deletes", type=click.Choice(["ignore", "propagate"]), help="What a deletion in this tool means.")
@click.option("--creates/--no-creates", default=None, help="Whether people that this tool lacks are made there.")
@click.option("--read-write/--read-only", default=None, help="Whether anything is written to this tool.")
@click.option(
    "--distinct/--duplicates", default=None, help="Whether this tool has everybody once: two records, two people."
)
@click.option("--stream", "streams", multiple=True, metavar="NAME", help="Sync this stream only; may be repeated.")
@click.option("--replace-account", is_flag=True, help="Let an existing connection go over to another account.")
@common(log=True)
def connect(  # noqa: PLR0913 - an option each
    options: Options,
    *,
    slug: str,
    name: str | None,
    base_url: str | None,
    settings: Sequence[str],
    variables: Sequence[str],
    credential_stdin: bool,
    deletes: Any,
    creates: bool | None,
    read_write: bool | None,
    distinct: bool | None,
    streams: Sequence[str],
    replace_account: bool,
) -> None:
    """Connect an account of a tool, or reconnect it: the same name again keeps what was synced and decided.

    A secret is never an argument: name an environment variable, pipe JSON, or type it at the prompt. The account is
    called before anything is stored. With --deletes propagate a record that is deleted in this tool is deleted
    everywhere; by default the others keep theirs.

    \b
    Examples:
      vaiven connect stripe
      HUBSPOT_TOKEN=... vaiven connect hubspot --credential token=HUBSPOT_TOKEN
      vaiven connect mailchimp --set audience_id=a1b2c3d4e5 --set data_centre=us21 --credential-stdin < key.json
    """  # noqa: D301
    from vaiven_api.cli import credential as asked  # noqa: PLC0415
    from vaiven_api.cli.logs import set_up  # noqa: PLC0415
    from vaiven_api.cli.taps import registry_of  # noqa: PLC0415
    from vaiven_sync_engine.store import Database  # noqa: PLC0415
    from vaiven_sync_engine.vault import Vault  # noqa: PLC0415

    set_up(verbose=options.verbose)
    name = _name(name or slug)
    if base_url:
        check_address(base_url)
    registry = registry_of(options)
    connector = registry.load(slug)
    unknown = sorted(set(streams) - set(connector.streams))
    if unknown:
        raise click.BadParameter(
            f"{slug} has no stream {unknown[0]!r}; it has {', '.join(connector.streams)}", param_hint="--stream"
        )
    given = given_settings(settings, connector)
    credential = asked.given(connector, variables, from_stdin=credential_stdin)
    vault = Vault.at(options.store)
    with Database.open(options.store) as database:
        before = database.run_now(_existing, name)
        _same_connector(before, slug, name)
        kept = before.config if before else {}
        config = validate(connector, {**kept, **given})
        credential = credential or asked.ask(connector)
        draft = _draft(before, name, connector, base_url)
        choices = {
            "deletes": deletes,
            "creates": creates,
            "writes": read_write,
            "distinct": distinct,
            "streams": tuple(streams) or None,
        }
        draft = dataclasses.replace(draft, **{key: value for key, value in choices.items() if value is not None})
        # A token may be got or rotated on the way: what is sealed is the credential as it is afterwards.
        config, account, credential = _reach(database, draft, connector, config, credential)
        changed = _check_account(before, account, replace=replace_account)
        one = dataclasses.replace(
            draft,
            config=config.model_dump(mode="json"),
            secret=vault.seal(TENANT, name, credential),
            account_id=account.id if account else None,
            account_name=account.name if account else None,
            status="ok",
            approved=draft.approved and not changed,
        )
        database.run_now(_save, one)
    _report(options, one, connector, again=before is not None)


def validate(connector: Connector[Any], values: Mapping[str, Any]) -> Config:
    """The settings as the connector's own class.

    Raises:
        ConfigInvalid: names each setting that does not fit, its rule and an example.
    """
    from pydantic import ValidationError  # noqa: PLC0415

    from vaiven_sdk import ConfigInvalid  # noqa: PLC0415

    try:
        found: Config = connector.config.model_validate(dict(values))
    except ValidationError as problem:
        reasons = [_reason(connector, error) for error in problem.errors(include_input=False, include_url=False)]
        raise ConfigInvalid(
            f"The settings for {connector.name} do not fit.",
            why="; ".join(reasons),
            remedy="Give each one as --set KEY=VALUE.",
        ) from None
    return found


def _reason(connector: Connector[Any], error: Any) -> str:
    name = ".".join(str(part) for part in error["loc"])
    field = connector.config.model_fields.get(name)
    if field is None:
        there = ", ".join(connector.config.model_fields) or "none"
        return f"{name} is no setting of {connector.name} (there are: {there})"
    rule = "it is required" if error["type"] == "missing" else error["msg"].lower()
    example = f", as in {field.examples[0]}" if field.examples else ""
    return f"{name}: {rule}{example}" + (f" ({field.description})" if field.description else "")


def given_settings(given: Sequence[str], connector: Connector[Any]) -> dict[str, Any]:
    """`KEY=VALUE` pairs; a value for a list is parted by commas. A value is never repeated: it might be a secret."""
    from typing import get_origin  # noqa: PLC0415

    found: dict[str, Any] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise click.BadParameter("give it as KEY=VALUE", param_hint="--set")
        field = connector.config.model_fields.get(key)
        is_list = field is not None and get_origin(field.annotation) in {list, tuple, set, frozenset}
        found[key] = [part.strip() for part in value.split(",")] if is_list else value
    return found


def _name(name: str) -> str:
    import re  # noqa: PLC0415

    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,59}", name):
        raise click.BadParameter("use a-z, 0-9, - and _, at most 60, as in crm-emea", param_hint="--name")
    return name


def check_address(url: str, option: str = "--base-url") -> None:
    """A credential travels by https, or stays on this machine.

    Raises:
        click.BadParameter: it would not; names the `option`.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise click.BadParameter("this is no URL", param_hint=option) from None
    if not host or parts.username or parts.password or parts.query or parts.fragment:
        raise click.BadParameter("give scheme, host, port and path only", param_hint=option)
    if not (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)):
        raise click.BadParameter("only https, or http on this machine: the credential is sent there", param_hint=option)


def _existing(connection: Any, name: str) -> Connection | None:
    from vaiven_sync_engine.connections import load_all  # noqa: PLC0415

    return load_all(connection, TENANT).get(name)


def _save(connection: Any, one: Connection) -> None:
    from vaiven_sync_engine.connections import save  # noqa: PLC0415
    from vaiven_sync_engine.times import now  # noqa: PLC0415

    save(connection, TENANT, one, now())


def _same_connector(before: Connection | None, slug: str, name: str) -> None:
    from vaiven_sdk import ConfigInvalid  # noqa: PLC0415

    if before is not None and before.connector != slug:
        raise ConfigInvalid(
            f"The name {name!r} is taken by a connection of {before.connector}.",
            remedy="Give the new connection another name: --name NAME.",
        )


def _draft(before: Connection | None, name: str, connector: Connector[Any], base_url: str | None) -> Connection:
    from vaiven_sync_engine.connections import Connection as New  # noqa: PLC0415

    if before is None:
        address = base_url.rstrip("/") if base_url else None
        return New(id=name, connector=connector.slug, name=name, config={}, base_url=address, secret=b"")
    # An empty --base-url takes a connection back from a simulator to the vendor.
    address = before.base_url if base_url is None else base_url.rstrip("/") or None
    return dataclasses.replace(before, base_url=address)


def _reach(
    database: Any, draft: Connection, connector: Connector[Any], config: Config, given: Mapping[str, str]
) -> tuple[Config, Account | None, dict[str, str]]:
    """Complete the settings, ask whose account it is, and give the credential as it is now."""
    from vaiven_api.cli.running import run  # noqa: PLC0415
    from vaiven_api.cli.secrets import remember  # noqa: PLC0415
    from vaiven_sdk import Session  # noqa: PLC0415
    from vaiven_sync_engine.engine import Engine  # noqa: PLC0415

    credential = dict(given)

    async def keep(_: Connection, renewed: Mapping[str, str]) -> None:
        remember(renewed.values())
        credential.update(renewed)

    engine = Engine(database, lambda _: connector, lambda _: credential, tenant=TENANT, keep=keep)

    async def with_session(hook: str, settings: Config) -> Any:
        one = dataclasses.replace(draft, config=settings.model_dump(mode="json"))
        async with engine.client(one, connector) as client:
            # Somebody is waiting: a wrong address is told soon, not after the patience that a sync has.
            client.attempts = 2
            await client.settle()
            hub = Session(client.config, client.send)
            return await connector.hooks[hook](hub) if hook in connector.hooks else client.config

    async def reach() -> tuple[Config, Account | None, dict[str, str]]:
        complete = await with_session("connected", config)
        account = await with_session("account", complete) if "account" in connector.hooks else None
        return complete, account, credential

    return run(reach)


def _check_account(before: Connection | None, account: Account | None, *, replace: bool) -> bool:
    """Whether the connection goes over to another account.

    Raises:
        AccountChanged: it would, and nobody said that it may.
    """
    from vaiven_sync_engine.errors import AccountChanged  # noqa: PLC0415

    if before is None or account is None or before.account_id in {None, account.id}:
        return False
    if not replace:
        raise AccountChanged(
            f"This is another account than the one that {before.id!r} was connected to.",
            why=f"before {before.account_name or before.account_id}, now {account.name or account.id}",
            remedy="Sign in to the former account, connect this one under another --name, or, if it takes the former"
            " one's place, add --replace-account.",
        )
    return True


def _report(options: Options, one: Connection, connector: Connector[Any], *, again: bool) -> None:
    if options.json:
        connection = {
            "id": one.id,
            "connector": one.connector,
            "account_id": one.account_id,
            "account_name": one.account_name,
            "base_url": one.base_url,
            "config": one.config,
            **one.settings(),
        }
        print_json({"connection": connection, "reconnected": again})
        return
    whose = " ".join(part for part in (one.account_name, f"({one.account_id})" if one.account_id else "") if part)
    whose = whose.removeprefix(connector.name).strip()
    click.echo(f"{'Reconnected' if again else 'Connected'} {one.id}: {connector.name} {whose}".rstrip())
    if not one.approved and one.writes:
        click.echo(f"Nothing is written before you have seen it:\n  vaiven plan{options.again}")
