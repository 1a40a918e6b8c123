"""`vaiven connectors`."""

from vaiven_api.cli import exits


def test_list_has_stable_keys(line):
    listed = line.json("connectors", "list")
    assert set(listed) == {"connectors", "broken"}
    hubspot = next(c for c in listed["connectors"] if c["slug"] == "hubspot")
    about = {"slug", "name", "category", "has_simulator", "level", "evidence", "streams", "package", "version"}
    assert set(hubspot) == about
    stream = next(s for s in hubspot["streams"] if s["name"] == "contacts")
    assert set(stream) == {"name", "entity", "direction", "incremental", "guarantee"}
    assert stream["direction"] == "both"
    assert stream["entity"] == "person"


def test_show_has_stable_keys(line):
    shown = line.json("connectors", "show", "mailchimp")
    assert {"auth", "base_url", "config", "docs", "hosts", "limits", "name", "slug", "streams"} <= set(shown)
    members = next(s for s in shown["streams"] if s["name"] == "members")
    assert {"guard", "create_key", "deletes", "lag", "writes", "fields"} <= set(members)
    email = next(f for f in members["fields"] if f["unified"] == "email")
    assert email == {"field": "email_address", "unified": "email", "direction": "both", "refers_to": None}


def test_show_prints_everything_for_people(line):
    shown = line.run("connectors", "show", "hubspot").output
    for part in (
        "guard read_then_write",
        "create key external_id",
        "100 calls in 10 s",
        "contacts -> person",
        "Quality: ",
        "Support: ",
    ):
        assert part in shown


def test_an_unknown_connector_is_guessed(line):
    told = line.json("connectors", "show", "hubspt", code=exits.CUSTOMER)["error"]
    assert told["code"] == "unknown_connector"
    assert "hubspot" in told["remedy"]


def test_a_broken_plug_in_comes_with_its_reason_and_hides_no_other(line, tmp_path, monkeypatch):
    folder = tmp_path / "acme-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[vaiven.connectors]\nacme = no_such_module_here:acme\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    listed = line.json("connectors", "list")
    (broken,) = listed["broken"]
    assert broken["slug"] == "acme"
    assert "no_such_module_here" in broken["reason"]
    assert "hubspot" in {c["slug"] for c in listed["connectors"]}
    assert "acme" in line.run("connectors", "list").output
