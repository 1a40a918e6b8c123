"""`vaiven people --why`: from a unified value to its record, field, time, rule and run."""


def test_each_value_leads_to_where_it_came_from_and_when(line, hubspot):
    first, second = hubspot(1), hubspot(2)
    ana = {"email": "ana@example.com", "firstname": "Ana"}
    first.simulator.seed("contacts", [ana], at="2026-11-20T08:00:00+00:00")
    line.connect("emea", first)
    begun = line.json("sync", "--approve", "any")["run"]
    second.simulator.seed("contacts", [{"email": "ana@example.com", "city": "Vigo"}], at="2026-11-21T08:00:00+00:00")
    line.connect("apac", second)
    later = line.json("sync", "--approve", "any")["run"]
    line.json("people", "consent", "ana@example.com", "--denied")
    (person,) = line.json("people", "ana@example.com")["people"]
    name, city, consent = (person["values"][n] for n in ("given_name", "city", "email_consent"))
    assert (name["from"].split("/")[0], name["field"], name["rule"], name["run"]) == (
        "emea",
        "properties.firstname",
        "first",
        begun,
    )
    assert name["at"].startswith("2026-11-20T08:00")
    assert (city["from"].split("/")[0], city["field"], city["run"]) == ("apac", "properties.city", later)
    assert (consent["from"], consent["run"]) == ("hub", None)
    shown = line.run("people", "ana@example.com", "--why").stdout
    assert "properties.firstname" in shown
    assert begun in shown
