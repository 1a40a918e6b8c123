"""What somebody sees who types a credential at a real terminal."""

import os
import pty
import subprocess
import sys
from pathlib import Path

SCRIPT = """
from vaiven_api.cli.credential import ask
from vaiven_sdk import AwsSigV4, Basic, Bearer, Config, Connector, NoAuth, OAuth2

def acme(*auth):
    return Connector("acme", Config, name="Acme", category="crm", base_url="https://acme.example", auth=list(auth))

sign_in = OAuth2("https://acme.example/a", "https://acme.example/t")
found = [
    ask(acme(sign_in, Basic("password", user_field="user"))),
    ask(acme(AwsSigV4("s3", "eu"))),
    ask(acme(NoAuth())),
]
print("FOUND", [sorted(one.items()) for one in found] == [
    [("password", "pass-w0rd"), ("user", "ana")], [("access_key_id", "AKID"), ("secret_access_key", "s3cret")], []
])
"""


def test_secrets_are_not_echoed_and_user_names_are():
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdin=slave, stdout=slave, stderr=slave, close_fds=True, start_new_session=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    os.close(slave)
    seen = ""
    try:
        for prompt, typed in (
            ("Acme user: ", "ana"),
            ("Acme password: ", "pass-w0rd"),
            ("Acme access_key_id: ", "AKID"),
            ("Acme secret_access_key: ", "s3cret"),
            ("Acme session_token (may be left empty): ", ""),
        ):
            while prompt not in seen:
                seen += os.read(master, 4096).decode()
            os.write(master, f"{typed}\n".encode())
        while "FOUND" not in seen or not seen.rstrip().endswith(("True", "False")):
            seen += os.read(master, 4096).decode()
    finally:
        process.kill()
        process.wait()
        os.close(master)
    assert "FOUND True" in seen
    assert "ana" in seen
    assert "AKID" in seen
    assert "pass-w0rd" not in seen.replace("FOUND True", "")
    assert "s3cret" not in seen
