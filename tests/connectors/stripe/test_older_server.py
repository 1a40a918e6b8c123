"""The unmodified Stripe connector on localstripe 1.15.10, a third party's server with an older and partial API."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.connectors.stripe.helpers import a_write, read, session
from vaiven_connectors.stripe import connector
from vaiven_sdk import NotFound


@pytest.fixture
def other_server(unused_tcp_port):
    pytest.importorskip("localstripe")
    command = [sys.executable, "-m", "localstripe", "--port", str(unused_tcp_port), "--from-scratch"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{unused_tcp_port}"
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(urllib.request.Request(f"{url}/v1/customers", headers=KEY), timeout=2)
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)


KEY = {"Authorization": "Bearer sk_test_12345"}


def post(url, **values):
    body = urllib.parse.urlencode({k.replace("__", "["): v for k, v in values.items()}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, KEY), timeout=5) as answer:
        return json.load(answer)


@pytest.mark.real
async def test_an_older_server_without_all_parts(other_server):
    """localstripe 1.15.10: no prices, no account, no filter by type, fields of an older API."""
    made = post(f"{other_server}/v1/customers", name="Ann", email="ann@example.com")
    async with session(other_server, "sk_test_12345") as hub:
        assert (await connector.hooks["account"](hub)).id == ""
        since = str(int(time.time()) - 600)
        with pytest.raises(NotFound):
            await read(hub, "prices")
        (customer,), *_ = await read(hub, "customers")
        assert (customer.id, customer.unified()["full_name"]) == (made["id"], "Ann")
        assert [c.id for c in (await read(hub, "customers", "changes", since))[0]] == [made["id"]]
        update = connector.streams["customers"].writers["update"].function
        (outcome,) = await update(hub, [a_write(customer, lifecycle="lead")])
        stored = connector.streams["customers"].record.model_validate(outcome.stored)
        assert stored.unified()["lifecycle"] == "lead"
        (outcome,) = await update(hub, [a_write(stored, "key-2", lifecycle=None)])
        emptied = connector.streams["customers"].record.model_validate(outcome.stored)
        assert emptied.unified()["lifecycle"] is None
        for name in ("products", "subscriptions", "invoices", "charges", "refunds"):
            assert (await read(hub, name))[0] == []
            assert (await read(hub, name, "changes", since))[0] == []
