"""`vaiven people erase` and `readmit`, and custom fields as `vaiven people` shows them."""

from vaiven_api.cli import exits

ANA = {"email": "ana@example.com", "firstname": "Anastasiazul", "shoe_size": "38.50"}


def known(line, hubspot):
    """A portal that knows Ana, with a property of its own; synced once."""
    server = hubspot(1)
    server.simulator.create_property("contacts", {"name": "shoe_size", "type": "number", "fieldType": "number"})
    server.simulator.seed("contacts", [ANA, {"email": "bo@example.com"}], at="2026-11-20T08:00:00+00:00")
    line.connect("crm", server)
    line.json("sync", "--approve", "any")
    return server


def test_a_custom_field_is_shown_with_its_source(line, hubspot):
    known(line, hubspot)
    (ana,) = line.json("people", "ana@example.com")["people"]
    shown = ana["values"]["custom.hubspot.shoe_size"]
    assert (shown["value"], shown["rule"]) == ("38.5", "first")
    assert shown["from"].startswith("crm/contacts/")
    assert "custom.hubspot.shoe_size" in line.run("people", "show", "ana@example.com", "--why").stdout


def test_a_dry_run_erases_nothing_and_says_what_would_be(line, hubspot):
    server = known(line, hubspot)
    told = line.json("people", "erase", "ana@example.com", "--dry-run")
    assert [(r["connection"], r["state"]) for r in told["records"]] == [("crm", "to_erase")]
    assert not told["done"]
    assert "purges the contact" in line.run("people", "erase", "ana@example.com", "--dry-run").stdout
    assert len(line.json("people")["people"]) == 2
    assert not any("erasedAt" in c for c in server.simulator.state()["contacts"].values())


def test_nothing_is_erased_without_a_yes(line, hubspot):
    known(line, hubspot)
    assert line.run("people", "erase", "ana@example.com", stdin="n\n").exit_code != exits.OK
    assert line.run("people", "erase", "ana@example.com", "--json").exit_code == exits.USAGE
    assert len(line.json("people")["people"]) == 2


def test_a_person_is_erased_and_can_be_let_in_again(line, hubspot):
    server = known(line, hubspot)
    result = line.run("people", "erase", "ana@example.com", stdin="y\n")
    assert result.exit_code == exits.OK, result.output
    assert "1 records gone" in result.stdout
    assert any("erasedAt" in c for c in server.simulator.state()["contacts"].values())
    for file in line.store.parent.glob(f"{line.store.name}*"):
        assert b"anastasiazul" not in file.read_bytes().lower()
    assert line.run("people", "erase", "ana@example.com", "--yes").exit_code == exits.USAGE, "there is nobody"
    assert line.json("people", "readmit", "Ana@Example.com")["readmitted"] == 1
    assert line.json("people", "readmit", "Ana@Example.com")["readmitted"] == 0
