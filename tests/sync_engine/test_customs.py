"""Fields that accounts add: what a look that finds fewer of them means."""

from __future__ import annotations

import pytest

from tests.support.office import desk_at
from vaiven_sdk import Config, CustomField, CustomType, Session


@pytest.mark.parametrize(("sampled", "gone"), [(True, False), (False, True)])
async def test_a_field_is_gone_when_a_list_lacks_it_and_not_when_a_sample_does(empty_store, sampled, gone):
    with desk_at(empty_store) as desk:
        crm = desk.connect("crm")
        ana = crm.add(email="ana@x.com", size="38", colour="red")
        fields = [CustomField("size", "size", CustomType.NUMBER), CustomField("colour", "colour")]

        async def look(_: Session[Config]) -> list[CustomField]:
            return fields

        desk.connectors["crm"].streams["people"].custom_fields(look, sampled=sampled)
        await desk.sync()
        del fields[0]
        crm.edit(ana, size="39", colour="blue")
        await desk.sync()
        (row,) = desk.rows("SELECT gone_at IS NOT NULL AS gone FROM custom_field WHERE name = 'custom.crm.size'")
        assert bool(row["gone"]) is gone
        expected = '{"crm.colour":"blue","crm.size":"%s"}' % ("38" if gone else "39")
        assert desk.person()["custom"] == expected
