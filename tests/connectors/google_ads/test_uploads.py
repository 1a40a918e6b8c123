"""What Google is told and never tells back: who is on a list, and conversions that happened elsewhere."""

from hashlib import sha256

import pytest

from tests.connectors.google_ads.recorder import CID, Recorder, failure, named, partial
from vaiven_connectors.google_ads import connector
from vaiven_connectors.google_ads._audiences import AudienceMember, hashed
from vaiven_connectors.google_ads._conversions import OfflineConversion
from vaiven_sdk import ConfigInvalid, PermissionMissing, RequestRefused, Write

MEMBERS, CONVERSIONS = connector.streams["audience_members"], connector.streams["offline_conversions"]
JOB = {"resourceName": f"customers/{CID}/offlineUserDataJobs/7"}


def digest(text):
    return sha256(text.encode()).hexdigest()


def member(number, user_list="41", **person):
    person = person or {"email": f"ana{number}@x.com"}
    record = AudienceMember.model_construct(user_list=user_list, person=person, digest=None, identifiers=None)
    return Write("create", f"h{number}", record, None, frozenset({"user_list", "person"}), "k")


@pytest.mark.parametrize(
    ("person", "known"),
    [
        ({"email": " Ana.B@Example.com "}, [{"hashedEmail": digest("ana.b@example.com")}]),
        ({"phone": "+351 912-345-678"}, [{"hashedPhoneNumber": digest("+351912345678")}]),
        (
            {"email": "a@x.com", "phone": "+15550100"},
            [{"hashedEmail": digest("a@x.com")}, {"hashedPhoneNumber": digest("+15550100")}],
        ),
        ({}, []),
    ],
)
def test_people_are_known_by_digests_of_what_was_normalised(person, known):
    assert hashed(person) == known


async def test_a_job_is_made_filled_and_run_for_each_list():
    made = Recorder(JOB, {}, {}, JOB, {}, {})
    told = await MEMBERS.writers["create"].function(made.hub, [member(1), member(2, "42"), member(3)])
    assert [path for path, _ in made.sent] == [
        "/offlineUserDataJobs:create",
        "/offlineUserDataJobs/7:addOperations",
        "/offlineUserDataJobs/7:run",
    ] * 2
    assert made.sent[0][1]["job"] == {
        "type": "CUSTOMER_MATCH_USER_LIST",
        "customerMatchUserListMetadata": {"userList": named("userLists", "41")},
    }
    assert made.sent[1][1] == {
        "operations": [
            {"create": {"userIdentifiers": [{"hashedEmail": digest(f"ana{number}@x.com")}]}} for number in (1, 3)
        ],
        "enablePartialFailure": True,
    }
    assert {one.hub_id: one.id for one in told} == {
        f"h{number}": f"{user_list}/{digest(f'ana{number}@x.com')}"
        for number, user_list in ((1, "41"), (2, "42"), (3, "41"))
    }
    assert all("@" not in str(one.stored) for one in told)


async def test_consent_is_told_where_it_was_given():
    made = Recorder(JOB, {}, {}, ads_consent=True)
    await MEMBERS.writers["create"].function(made.hub, [member(1)])
    about = made.sent[0][1]["job"]["customerMatchUserListMetadata"]
    assert about["consent"] == {"adUserData": "GRANTED", "adPersonalization": "GRANTED"}


async def test_who_is_refused_stops_nobody_else():
    refused = partial((1, "INVALID_SHA256_FORMAT", "Bad."), code="offlineUserDataJobError")
    made = Recorder(JOB, refused, {})
    nobody = member(3, email="")
    told = await MEMBERS.writers["create"].function(made.hub, [member(1), member(2), nobody])
    assert {one.hub_id: (one.status, one.code) for one in told} == {
        "h1": ("created", ""),
        "h2": ("rejected", "INVALID_SHA256_FORMAT"),
        "h3": ("rejected", "unidentified"),
    }


async def test_a_job_that_nobody_is_left_in_is_not_run():
    made = Recorder(JOB, partial((0, "INVALID_SHA256_FORMAT", "Bad."), code="offlineUserDataJobError"))
    await MEMBERS.writers["create"].function(made.hub, [member(1)])
    assert len(made.sent) == 2


async def test_a_list_that_takes_nobody_is_asked_once():
    body = {"error": {"details": [failure((None, "INVALID_USER_LIST_ID", "No list."), code="offlineUserDataJobError")]}}
    made = Recorder(RequestRefused("No.", why="No list.", body=body))
    told = await MEMBERS.writers["create"].function(made.hub, [member(1), member(2)])
    assert [(one.status, one.code) for one in told] == [("rejected", "INVALID_USER_LIST_ID")] * 2
    bare = await MEMBERS.writers["create"].function(Recorder(RequestRefused("No.", why="HTTP 400")).hub, [member(1)])
    assert (bare[0].code, bare[0].reason) == ("refused", "HTTP 400")


async def test_people_are_taken_off_by_what_was_kept_of_them():
    made = Recorder(JOB, {}, {})
    (added,) = await MEMBERS.writers["create"].function(made.hub, [member(1, email="a@x.com", phone="+15550100")])
    kept = AudienceMember.model_validate(added.stored)
    assert kept.remote_id == added.id
    assert kept.unified()["status"] == "active"
    gone = Write("delete", "h1", kept, added.id)
    off = Recorder(JOB, {}, {})
    (told,) = await MEMBERS.writers["delete"].function(off.hub, [gone])
    assert told.status == "deleted"
    known = hashed({"email": "a@x.com", "phone": "+15550100"})
    assert off.sent[1][1]["operations"] == [{"remove": {"userIdentifiers": known}}]


async def test_a_newcomer_is_told_that_google_takes_no_newcomers():
    with pytest.raises(PermissionMissing):
        await MEMBERS.writers["create"].function(Recorder(PermissionMissing("No newcomers.")).hub, [member(1)])


def sale(number=1, kind="order.completed", email="ana@x.com", person=None, **properties):
    values = {"type": kind, "occurred_at": "2026-11-24T10:00:00Z", "email": email, "properties": properties or None}
    record, names = OfflineConversion.blank({name: value for name, value in values.items() if value is not None})
    return Write("create", f"h{number}", record.model_copy(update={"person": person}), None, frozenset(names), "k")


def uploader(*answers, **config):
    return Recorder(*answers, conversion_action="51", **config)


async def test_an_order_is_uploaded_once_as_a_conversion():
    made = uploader({"results": [{}]}, ads_consent=True)
    (told,) = await CONVERSIONS.writers["create"].function(
        made.hub, [sale(gclid="Cj0K", value="49.90", currency="eur", order_id="#1001")]
    )
    assert (told.status, told.id) == ("created", "#1001")
    assert made.sent == [
        (
            ":uploadClickConversions",
            {
                "conversions": [
                    {
                        "conversionAction": named("conversionActions", "51"),
                        "conversionDateTime": "2026-11-24 10:00:00+00:00",
                        "orderId": "#1001",
                        "conversionValue": 49.9,
                        "currencyCode": "EUR",
                        "consent": {"adUserData": "GRANTED"},
                        "gclid": "Cj0K",
                        "userIdentifiers": [
                            {"userIdentifierSource": "FIRST_PARTY", "hashedEmail": digest("ana@x.com")}
                        ],
                    }
                ],
                "partialFailure": True,
            },
        )
    ]
    assert OfflineConversion.model_validate(told.stored).remote_id == "#1001"


async def test_who_it_was_is_enough_and_the_hubs_id_stands_for_an_order_number():
    made = uploader({})
    await CONVERSIONS.writers["create"].function(
        made.hub, [sale(email=None, person={"phone": "+15550100"}, value="x", currency="EUR")]
    )
    (one,) = made.sent[0][1]["conversions"]
    assert one["orderId"] == "h1"
    assert one["userIdentifiers"][0]["hashedPhoneNumber"] == digest("+15550100")
    assert "conversionValue" not in one
    assert "consent" not in one


async def test_each_event_has_its_own_outcome():
    refused = partial(
        (0, "EXPIRED_EVENT", "Too old."), (1, "ORDER_ID_ALREADY_IN_USE", "Known."), code="conversionUploadError"
    )
    made = uploader({"results": [{}, {}, {}], **refused})
    told = await CONVERSIONS.writers["create"].function(
        made.hub, [sale(1), sale(2), sale(3), sale(4, email=None), sale(5, kind="deal.won")]
    )
    assert {one.hub_id: (one.status, one.code) for one in told} == {
        "h1": ("rejected", "EXPIRED_EVENT"),
        "h2": ("created", ""),
        "h3": ("created", ""),
        "h4": ("rejected", "unidentified"),
        "h5": ("rejected", "other_event"),
    }
    nothing = uploader()
    await CONVERSIONS.writers["create"].function(nothing.hub, [sale(email=None)])
    assert nothing.sent == []


async def test_a_trouble_with_everything_rejects_every_event():
    broken = {
        "partialFailureError": {"details": [failure((None, "INVALID_JOB_ID", "No."), code="conversionUploadError")]}
    }
    told = await CONVERSIONS.writers["create"].function(uploader(broken).hub, [sale(1), sale(2)])
    assert [one.code for one in told] == ["INVALID_JOB_ID"] * 2


async def test_without_an_action_the_settings_are_asked_for():
    with pytest.raises(ConfigInvalid, match="which conversion action") as caught:
        await CONVERSIONS.writers["create"].function(Recorder().hub, [sale()])
    assert "offline_conversions" in caught.value.remedy


def test_events_that_cannot_be_conversions_are_not_planned():
    mapped = OfflineConversion.mapped()["type"].write
    assert mapped({"type": "order.completed"}) == {"kind": "order.completed"}
    assert mapped({"type": "email.opened"}) == {}
