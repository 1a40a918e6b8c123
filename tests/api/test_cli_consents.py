"""`vaiven people consent`: acts that the tenant can prove, at the command line."""

from vaiven_api.cli import exits

LATER = "2027-01-01T00:00:00Z"


def known(line, hubspot, **values):
    """A portal with Ana, synced once."""
    server = hubspot(1)
    server.simulator.seed("contacts", [{"email": "ana@example.com", **values}], at="2026-11-20T08:00:00+00:00")
    line.connect("crm", server)
    line.json("sync", "--approve", "any")
    return server


def test_a_refusal_counts_at_once_and_a_permission_needs_its_proof(line, hubspot):
    known(line, hubspot)
    (told,) = line.json("people", "consent", "Ana@Example.com", "--denied")["people"]
    assert (told["before"], told["after"]) == ("unknown", "denied")
    shown = line.run("people", "consent", "ana@example.com", "--granted", "--at", LATER).stdout
    assert "The refusal stands" in shown
    (told,) = line.json("people", "consent", "ana@example.com", "--granted", "--at", LATER, "--ref", "form-7")["people"]
    assert (told["before"], told["after"], told["rule"]) == ("denied", "granted", "evidence")
    (ana,) = line.json("people", "ana@example.com")["people"]
    assert [(c["status"], c["evidence_ref"]) for c in ana["consent"] if c["connection_id"] == ""] == [
        ("denied", None),
        ("granted", None),
        ("granted", "form-7"),
    ]
    assert ana["values"]["email_consent"]["from"] == "hub"
    assert "form-7" in line.run("people", "ana@example.com").stdout


def test_what_cannot_be_used_is_refused_with_what_to_do(line, hubspot):
    known(line, hubspot)
    assert line.run("people", "consent", "ana@example.com").exit_code == exits.USAGE
    told = line.json("people", "consent", "ana", "--denied", code=exits.CUSTOMER)["error"]
    assert (told["code"], "ana@example.com" in told["remedy"]) == ("input_invalid", True)
    told = line.json("people", "consent", "a@x.com", "--denied", "--at", "monday", code=exits.CUSTOMER)["error"]
    assert "zone" in told["remedy"]
    assert "Nobody in the store" in line.run("people", "consent", "zoe@example.com", "--denied").stdout
