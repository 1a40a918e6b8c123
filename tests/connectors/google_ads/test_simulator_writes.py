"""What is written to the simulator: mutates, conversions from outside, and people on lists."""

import pytest

from tests.connectors.google_ads.test_simulator import Caller, code_of
from vaiven_connectors.google_ads._sim_hashes import digest_of, digests_of, normalised

EU = "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING"


@pytest.fixture
def caller():
    return Caller(access_level="standard", change_lag=0.0)


@pytest.fixture
def at(caller):
    return f"customers/{caller.sim.customer_id}"


def errors_of(answer):
    """Each error's code with its path."""
    body = answer.json()
    details = body["error"]["details"] if "error" in body else body["partialFailureError"]["details"]
    found = []
    for error in details[0]["errors"]:
        ((category, code),) = error["errorCode"].items()
        path = error["location"]["fieldPathElements"]
        names = [one["fieldName"] + (f"[{one['index']}]" if "index" in one else "") for one in path]
        found.append((f"{category}.{code}", ".".join(names)))
    return found


def campaign(at, budget, **more):
    return {
        "name": "New",
        "advertisingChannelType": "SEARCH",
        "campaignBudget": f"{at}/campaignBudgets/{budget}",
        "manualCpc": {},
        "containsEuPoliticalAdvertising": EU,
        **more,
    }


def test_a_new_campaign_has_what_google_fills_in(caller, at):
    budget = caller.sim.make_budget("B")
    answer = caller.post("/campaigns:mutate", {"operations": [{"create": campaign(at, budget, status="PAUSED")}]})
    name = answer.json()["results"][0]["resourceName"]
    (row,) = caller.rows(
        "SELECT campaign.resource_name, campaign.status, campaign.start_date_time, campaign.bidding_strategy_type, "
        "campaign.network_settings.target_search_network, campaign_budget.reference_count FROM campaign"
    )
    assert row["campaign"] == {
        "resourceName": name,
        "status": "PAUSED",
        "startDateTime": "2026-11-25 00:00:00",
        "biddingStrategyType": "MANUAL_CPC",
        "networkSettings": {"targetSearchNetwork": False},
    }
    assert row["campaignBudget"]["referenceCount"] == "1"


def test_what_a_campaign_needs(caller, at):
    shared, own = caller.sim.make_budget("B"), caller.sim.make_budget("Own", shared=False)
    caller.sim.make_campaign("Taken", budget=own)
    wrong = {
        "operations[0].create.contains_eu_political_advertising": "fieldError.REQUIRED",
        "operations[1].create.campaign_bidding_strategy": "fieldError.REQUIRED",
        "operations[2].create.name": "campaignError.DUPLICATE_CAMPAIGN_NAME",
        "operations[3].create.campaign_budget": "mutateError.RESOURCE_NOT_FOUND",
        "operations[4].create.campaign_budget": (
            "campaignBudgetError.CANNOT_USE_IMPLICITLY_SHARED_CAMPAIGN_BUDGET_WITH_MULTIPLE_CAMPAIGNS"
        ),
        "operations[5].create.start_date_time": "dateRangeError.CANNOT_SET_DATE_TO_PAST",
        "operations[6].create.name": "campaignError.INVALID_CAMPAIGN_NAME",
        "operations[7].create.status": "operationAccessDeniedError.CREATE_AS_REMOVED_NOT_PERMITTED",
    }
    full = campaign(at, shared)
    items = [
        {name: value for name, value in full.items() if name != "containsEuPoliticalAdvertising"},
        {name: value for name, value in full.items() if name != "manualCpc"},
        {**full, "name": "Taken"},
        campaign(at, 1),
        campaign(at, own),
        {**full, "startDateTime": "2026-11-24 00:00:00"},
        {**full, "name": " "},
        {**full, "status": "REMOVED"},
    ]
    answer = caller.post("/campaigns:mutate", {"operations": [{"create": one} for one in items]})
    assert {path: code for code, path in errors_of(answer)} == wrong
    assert len(caller.rows("SELECT campaign.id FROM campaign")) == 1, "all or nothing"


def test_an_update_changes_what_the_mask_names(caller, at):
    sim = caller.sim
    key = sim.make_campaign("Old", end="2026-12-31 23:59:59")
    name = f"{at}/campaigns/{key}"
    body = {"resourceName": name, "name": "New", "status": "PAUSED", "endDateTime": "2027-01-01 00:00:00"}

    def change(mask, **values):
        operation = {"update": {"resourceName": name, **values}, "updateMask": mask}
        return caller.post("/campaigns:mutate", {"operations": [operation]})

    assert change("name,end_date_time", name="New").status_code == 200
    row = sim.account().rows["campaign"][key]
    assert (row["name"], row["status"], row["end_date_time"]) == ("New", "ENABLED", None)
    assert (
        change("networkSettings.targetSearchNetwork", networkSettings={"targetSearchNetwork": False}).status_code == 200
    )
    assert sim.account().rows["campaign"][key]["network_settings.target_search_network"] is False
    assert errors_of(change("", name="X")) == [("fieldMaskError.FIELD_MASK_MISSING", "operations[0].update_mask")]
    assert errors_of(change("nonsense")) == [("fieldMaskError.FIELD_NOT_FOUND", "operations[0].update_mask")]
    subfields = change("networkSettings", networkSettings={"targetSearchNetwork": True})
    assert errors_of(subfields)[0][0] == "fieldMaskError.FIELD_HAS_SUBFIELDS"
    assert errors_of(change("advertisingChannelType", advertisingChannelType="VIDEO"))[0] == (
        "fieldError.IMMUTABLE_FIELD",
        "operations[0].update.advertising_channel_type",
    )
    assert errors_of(change("status", status="REMOVED"))[0][0] == "enumError.ENUM_VALUE_NOT_PERMITTED"
    twice = [{"update": body, "updateMask": "status"}, {"update": body, "updateMask": "name"}]
    answer = caller.post("/campaigns:mutate", {"operations": twice})
    assert errors_of(answer)[0][0] == "mutateError.ID_EXISTS_IN_MULTIPLE_MUTATES"
    assert sim.account().rows["campaign"][key]["status"] == "ENABLED", "and the first is taken back"


def test_a_new_bidding_scheme_drives_the_old_one_out(caller, at):
    key = caller.sim.make_campaign("C")
    scheme = {"maximizeConversions": {"targetCpaMicros": "5000000"}}
    update = {"resourceName": f"{at}/campaigns/{key}", **scheme}
    operation = {"update": update, "updateMask": "maximizeConversions.targetCpaMicros"}
    body = {"operations": [operation], "responseContentType": "MUTABLE_RESOURCE"}
    (result,) = caller.post("/campaigns:mutate", body).json()["results"]
    assert result["campaign"]["maximizeConversions"] == scheme["maximizeConversions"]
    assert "manualCpc" not in result["campaign"]
    assert "servingStatus" not in result["campaign"]
    (row,) = caller.rows("SELECT campaign.bidding_strategy_type FROM campaign")
    assert row["campaign"]["biddingStrategyType"] == "MAXIMIZE_CONVERSIONS"


def test_an_unshared_budget_goes_with_its_campaign(caller, at):
    key = caller.sim.make_campaign("C")
    body = {"update": {"resourceName": f"{at}/campaigns/{key}", "name": "New"}, "updateMask": "name"}
    caller.post("/campaigns:mutate", {"operations": [body]})
    query = "SELECT campaign_budget.name, campaign_budget.status FROM campaign_budget"
    assert caller.rows(query)[0]["campaignBudget"]["name"] == "New"
    caller.post("/campaigns:mutate", {"operations": [{"remove": f"{at}/campaigns/{key}"}]})
    assert caller.rows(query)[0]["campaignBudget"]["status"] == "REMOVED"


def test_a_body_that_is_no_message_is_refused_before_anything_happens(caller, at):
    key = caller.sim.make_campaign("Old")
    good = {"update": {"resourceName": f"{at}/campaigns/{key}", "name": "New"}, "updateMask": "name"}
    for bad, told in (
        ({"update": {"nonsense": 1}, "updateMask": "name"}, 'Unknown name "nonsense"'),
        ({"update": {"name": 7}, "updateMask": "name"}, "Invalid value at 'update.name'"),
        ({"update": {"status": "GONE"}, "updateMask": "status"}, "Invalid value at 'update.status'"),
        ({"vanish": "x"}, 'Unknown name "vanish"'),
    ):
        answer = caller.post("/campaigns:mutate", {"operations": [good, bad]})
        error = answer.json()["error"]
        assert answer.status_code == 400
        assert told in error["message"]
        assert error["details"][0]["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    assert caller.sim.account().rows["campaign"][key]["name"] == "Old"
    log = [one for one in caller.sim.account().log if one.op == "UPDATE"]
    assert log == []


def test_removed_stays_and_is_left_alone(caller, at):
    key = caller.sim.make_campaign("C")
    group = caller.sim.make_ad_group(key, "G")
    ad = caller.sim.make_ad(group, "H")
    for path, name in (("campaigns", key), ("adGroups", group), ("adGroupAds", ad)):
        body = {"operations": [{"remove": f"{at}/{path}/{name}"}]}
        assert caller.post(f"/{path}:mutate", body).status_code == 200
        code = code_of(caller.post(f"/{path}:mutate", body))
        wanted = "operationAccessDeniedError.OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE"
        assert code == ("adGroupAdError.CANNOT_OPERATE_ON_REMOVED_ADGROUPAD" if path == "adGroupAds" else wanted)
    (row,) = caller.rows("SELECT ad_group_ad.status, ad_group.status, campaign.status FROM ad_group_ad")
    assert {row[name]["status"] for name in ("adGroupAd", "adGroup", "campaign")} == {"REMOVED"}
    again = caller.post(
        "/campaigns:mutate", {"operations": [{"create": campaign(at, caller.sim.make_budget("B"), name="C")}]}
    )
    assert again.status_code == 200, "the name is free"


def test_budgets(caller, at):
    used, free = caller.sim.make_budget("Used"), caller.sim.make_budget("Free")
    caller.sim.make_campaign("C", budget=used)
    operations = [
        {"create": {"amountMicros": "-1"}},
        {"create": {"amountMicros": "1234567"}},
        {"create": {"name": "Used", "amountMicros": "10000"}},
        {"create": {"name": "No amount"}},
        {"remove": f"{at}/campaignBudgets/{used}"},
        {
            "update": {"resourceName": f"{at}/campaignBudgets/{free}", "amountMicros": 7_000_000},
            "updateMask": "amountMicros",
        },
    ]
    answer = caller.post("/campaignBudgets:mutate", {"operations": operations, "partialFailure": True})
    assert [code.partition(".")[2] for code, _ in errors_of(answer)] == [
        "NEGATIVE_MONEY_AMOUNT",
        "NON_MULTIPLE_OF_MINIMUM_CURRENCY_UNIT",
        "DUPLICATE_NAME",
        "REQUIRED",
        "CAMPAIGN_BUDGET_IN_USE",
    ]
    assert answer.json()["results"] == [{}, {}, {}, {}, {}, {"resourceName": f"{at}/campaignBudgets/{free}"}]
    assert caller.sim.account().rows["campaign_budget"][free]["amount_micros"] == 7_000_000


def test_temporary_names_hold_in_one_request(caller, at):
    budget = caller.sim.make_budget("B")

    def tree(**more):
        return [
            {"campaignOperation": {"create": campaign(at, budget, resourceName=f"{at}/campaigns/-1", **more)}},
            {"adGroupOperation": {"create": {"name": "G", "campaign": f"{at}/campaigns/-1"}}},
        ]

    failing = caller.post("/googleAds:mutate", {"mutateOperations": tree(name=" "), "partialFailure": True})
    assert [code for code, _ in errors_of(failing)] == [
        "campaignError.INVALID_CAMPAIGN_NAME",
        "newResourceCreationError.TEMP_ID_RESOURCE_HAD_ERRORS",
    ]
    assert errors_of(failing)[0][1] == "mutate_operations[0].campaign_operation.create.name"
    answer = caller.post("/googleAds:mutate", {"mutateOperations": tree()})
    assert [next(iter(one)) for one in answer.json()["mutateOperationResponses"]] == ["campaignResult", "adGroupResult"]
    doubled = [tree(name="D")[0], tree(name="E")[0]]
    answer = caller.post("/googleAds:mutate", {"mutateOperations": doubled})
    assert errors_of(answer)[0][0] == "newResourceCreationError.DUPLICATE_TEMP_IDS"
    lost = caller.post("/googleAds:mutate", {"mutateOperations": tree()[1:]})
    assert errors_of(lost) == [
        ("mutateError.RESOURCE_NOT_FOUND", "mutate_operations[0].ad_group_operation.create.campaign")
    ]
    assert len(caller.rows("SELECT campaign.id FROM campaign")) == 1


def test_validate_only_changes_nothing(caller, at):
    body = {"operations": [{"create": {"amountMicros": "1000000"}}], "validateOnly": True}
    assert caller.post("/campaignBudgets:mutate", body).json() == {}
    assert caller.rows("SELECT campaign_budget.id FROM campaign_budget") == []
    assert caller.sim.account().log == []
    assert code_of(caller.post("/campaignBudgets:mutate", {"operations": []})) == "requestError.REQUIRED_FIELD_MISSING"
    managed = caller.post("/campaignBudgets:mutate", body, customer=caller.sim.manager_id)
    assert code_of(managed) == "requestError.CANNOT_BE_EXECUTED_BY_MANAGER_ACCOUNT"


# ------------------------------------------------------------------------------------------------------- conversions


@pytest.fixture
def shop(caller, at):
    """A click on an ad, and an action for it."""
    sim = caller.sim
    ad = sim.make_ad(sim.make_ad_group(sim.make_campaign("C"), "G"), "H")
    action = sim.make_conversion_action("Order", kind="UPLOAD_CLICKS", window=30)
    gclid = sim.make_click(ad, at="2026-11-20T12:00:00+00:00", email="Ada@example.com")
    return {
        "gclid": gclid,
        "conversionAction": f"{at}/conversionActions/{action}",
        "conversionDateTime": "2026-11-21 10:00:00+00:00",
        "conversionValue": 20.0,
    }


def upload(caller, *conversions, **more):
    return caller.post(":uploadClickConversions", {"conversions": conversions, "partialFailure": True, **more})


def test_conversions_are_checked_one_by_one(caller, at, shop):
    sim = caller.sim
    page = sim.make_conversion_action("Page", kind="WEBPAGE")
    recent = sim.make_click(next(iter(sim.account().rows["ad_group_ad"])), at="2026-11-25T16:00:00+00:00")
    wrong = [
        ({"gclid": "short"}, "UNPARSEABLE_GCLID"),
        ({"gclid": "Cj0KCQiAnobodyknowsthisone"}, "EVENT_NOT_FOUND"),
        ({"gclid": recent, "conversionDateTime": "2026-11-25 16:30:00+00:00"}, "TOO_RECENT_EVENT"),
        ({"conversionDateTime": "2026-11-20 11:00:00+00:00"}, "CONVERSION_PRECEDES_EVENT"),
        ({"conversionDateTime": "2026-12-25 11:00:00+00:00"}, "EXPIRED_EVENT"),
        ({"conversionDateTime": "2026-11-21T10:00:00Z"}, "INVALID_STRING_DATE_TIME_SECONDS_WITH_OFFSET"),
        ({"conversionAction": f"{at}/conversionActions/1"}, "NO_CONVERSION_ACTION_FOUND"),
        ({"conversionAction": f"{at}/conversionActions/{page}"}, "INVALID_CONVERSION_ACTION_TYPE"),
        ({"gclid": "", "gbraid": "a", "wbraid": "b"}, "GBRAID_WBRAID_BOTH_SET"),
        ({"gclid": ""}, "REQUIRED"),
        ({"userIdentifiers": [{"hashedEmail": "ada@example.com"}]}, "INVALID_USER_IDENTIFIER"),
        ({"userIdentifiers": [{"mobileId": "1"}]}, "UNSUPPORTED_USER_IDENTIFIER"),
    ]
    good = {**shop, "conversionDateTime": "2026-11-21 11:00:00+00:00"}
    answer = upload(caller, *({**shop, **more} for more, _ in wrong), good)
    assert [code.partition(".")[2] for code, _ in errors_of(answer)] == [code for _, code in wrong]
    assert [path.partition(".")[0] for _, path in errors_of(answer)] == [f"conversions[{n}]" for n in range(12)]
    assert [bool(one) for one in answer.json()["results"]] == [False] * 12 + [True]
    assert len(sim.conversions_of()) == 1


def test_a_conversion_action_of_the_api_waits_six_hours(caller, shop):
    body = {"operations": [{"create": {"name": "Fresh", "type": "UPLOAD_CLICKS"}}]}
    name = caller.post("/conversionActions:mutate", body).json()["results"][0]["resourceName"]
    fresh = {**shop, "conversionAction": name}
    assert errors_of(upload(caller, fresh))[0][0] == "conversionUploadError.TOO_RECENT_CONVERSION_ACTION"
    caller.sim.clock.advance(6 * 3600)
    assert "partialFailureError" not in upload(caller, fresh).json()


def test_no_conversion_is_counted_twice(caller, shop):
    sim = caller.sim
    assert errors_of(upload(caller, shop, shop)) == [
        ("conversionUploadError.DUPLICATE_CLICK_CONVERSION_IN_REQUEST", f"conversions[{n}].conversion_date_time")
        for n in range(2)
    ]
    assert "partialFailureError" not in upload(caller, shop).json()
    same = {**shop, "conversionDateTime": "2026-11-21 11:00:00+01:00"}
    assert errors_of(upload(caller, same))[0][0] == "conversionUploadError.CLICK_CONVERSION_ALREADY_EXISTS"
    order = {**shop, "orderId": "7", "conversionDateTime": "2026-11-22 10:00:00+00:00"}
    later = {**order, "conversionDateTime": "2026-11-23 10:00:00+00:00"}
    assert {code for code, _ in errors_of(upload(caller, order, later))} == {"conversionUploadError.DUPLICATE_ORDER_ID"}
    upload(caller, order)
    assert errors_of(upload(caller, later))[0][0] == "conversionUploadError.ORDER_ID_ALREADY_IN_USE"
    sim.clock.advance(4 * 3600)
    ((key, row),) = sim.truth_metrics().items()
    assert key[1] == "2026-11-20", "it counts for the day of the click"
    assert (row["conversions"], row["conversions_value"]) == (2.0, 40.0)


def test_one_per_click_counts_one(caller, shop):
    sim = caller.sim
    sim.edit("conversion_action", shop["conversionAction"].rpartition("/")[2], {"counting_type": "ONE_PER_CLICK"})
    upload(caller, shop, {**shop, "conversionDateTime": "2026-11-22 10:00:00+00:00"})
    sim.clock.advance(4 * 3600)
    (row,) = sim.truth_metrics().values()
    assert row["conversions"] == 1.0


def test_people_are_matched_by_digests_and_nobody_is_told(caller, shop):
    sim = caller.sim
    base = {name: value for name, value in shop.items() if name != "gclid"}
    known = {**base, "userIdentifiers": [{"hashedEmail": digest_of("ada@example.com")}]}
    unknown = {**base, "userIdentifiers": [{"hashedEmail": digest_of("bob@example.com")}]}
    answer = upload(caller, known, unknown).json()
    assert "partialFailureError" not in answer
    assert [one["userIdentifiers"] for one in answer["results"]] == [one["userIdentifiers"] for one in (known, unknown)]
    sim.clock.advance(4 * 3600)
    assert [row["conversions"] for row in sim.truth_metrics().values()] == [1.0]


def test_what_holds_for_a_whole_upload(caller, shop):
    whole = caller.post(":uploadClickConversions", {"conversions": [shop], "partialFailure": False})
    assert code_of(whole) == "partialFailureError.PARTIAL_FAILURE_MODE_REQUIRED"
    assert code_of(upload(caller, *[shop] * 2001)) == "conversionUploadError.TOO_MANY_CONVERSIONS_IN_REQUEST"
    assert upload(caller, shop, validateOnly=True).json().keys() == {"jobId"}
    assert caller.sim.conversions_of() == []
    late = Caller(uploads_allowed=False)
    body = {"conversions": [shop], "partialFailure": True}
    wanted = "notAllowlistedError.CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE"
    assert code_of(late.post(":uploadClickConversions", body)) == wanted
    assert code_of(late.post("/offlineUserDataJobs:create", {"job": {}})) == wanted


def test_adjustments(caller, shop):
    sim = caller.sim
    upload(caller, {**shop, "orderId": "1"}, {**shop, "conversionDateTime": "2026-11-22 10:00:00+00:00"})
    sim.clock.advance(4 * 3600)
    base = {"conversionAction": shop["conversionAction"], "adjustmentDateTime": "2026-11-25 18:00:00+00:00"}

    def adjust(**more):
        body = {"conversionAdjustments": [{**base, **more}], "partialFailure": True}
        return caller.post(":uploadConversionAdjustments", body)

    before = sim.clock.now()
    adjust(orderId="1", adjustmentType="RESTATEMENT", restatementValue={"adjustedValue": 5.0})
    (row,) = sim.truth_metrics().values()
    assert (row["conversions"], row["conversions_value"]) == (2.0, 25.0)
    pair = {"gclid": shop["gclid"], "conversionDateTime": "2026-11-22 11:00:00+01:00"}
    adjust(gclidDateTimePair=pair, adjustmentType="RETRACTION")
    (row,) = sim.truth_metrics().values()
    assert (row["conversions"], row["conversions_value"]) == (1.0, 5.0)
    again = adjust(gclidDateTimePair=pair, adjustmentType="RETRACTION")
    assert errors_of(again)[0][0].endswith("CONVERSION_ALREADY_RETRACTED")
    assert errors_of(adjust(orderId="9", adjustmentType="RETRACTION"))[0][0].endswith("CONVERSION_NOT_FOUND")
    sim.clock.advance(60)
    assert sim.truth_metrics(at=before) != {}


# ---------------------------------------------------------------------------------------------------- Customer Match


def test_a_job_puts_people_on_a_list(caller, at):
    sim = caller.sim
    key = sim.make_user_list("Buyers")
    sim.know(["ada@example.com"])
    metadata = {"userList": f"{at}/userLists/{key}", "consent": {"adUserData": "GRANTED"}}

    def job(*operations, expect=200, **more):
        body = {"job": {"type": "CUSTOMER_MATCH_USER_LIST", "customerMatchUserListMetadata": metadata}}
        name = caller.post("/offlineUserDataJobs:create", body).json()["resourceName"].removeprefix(at)
        answer = caller.post(f"{name}:addOperations", {"operations": operations, **more})
        assert answer.status_code == expect, answer.text
        return name, answer

    def person(address, verb="create"):
        return {verb: {"userIdentifiers": [{"hashedEmail": digest_of(address)}]}}

    name, _ = job(person("ada@example.com"), person("bob@example.com"))
    assert caller.post(f"{name}:run", {}).json() == {"name": f"{at}/operations/{name.rpartition('/')[2]}"}
    refused = caller.post(f"{name}:addOperations", {"operations": [person("c@example.com")]})
    assert code_of(refused) == "offlineUserDataJobError.JOB_ALREADY_STARTED"
    assert sim.members_of(key) == set()
    sim.clock.advance(601)
    assert len(sim.members_of(key)) == 2
    (row,) = caller.rows("SELECT user_list.match_rate_percentage, user_list.size_for_search FROM user_list")
    assert row["userList"]["matchRatePercentage"] == 50
    assert row["userList"]["sizeForSearch"] == "1"
    name, _ = job(person("bob@example.com", "remove"))
    caller.post(f"{name}:run", {})
    sim.clock.advance(601)
    assert sim.members_of(key) == {frozenset({digest_of("ada@example.com")})}
    _, mixed = job(person("a@example.com"), person("b@example.com", "remove"), expect=400)
    assert code_of(mixed) == "offlineUserDataJobError.CONFLICTING_OPERATION"
    _, late = job(person("a@example.com"), {"removeAll": True}, expect=400)
    assert code_of(late) == "offlineUserDataJobError.INVALID_OPERATION_ORDER"
    plain = {"create": {"userIdentifiers": [{"hashedEmail": "ada@example.com"}]}}
    name, partial = job(plain, person("a@example.com"), enablePartialFailure=True)
    assert errors_of(partial) == [
        ("offlineUserDataJobError.INVALID_SHA256_FORMAT", "operations[0].create.user_identifiers")
    ]
    name, _ = job({"removeAll": True}, person("new@example.com"))
    caller.post(f"{name}:run", {})
    sim.clock.advance(601)
    assert sim.members_of(key) == {frozenset({digest_of("new@example.com")})}
    assert "members" in sim.state()


def test_lists(caller, at):
    body = {"operations": [{"create": {"name": "Buyers", "crmBasedUserList": {"uploadKeyType": "CONTACT_INFO"}}}]}
    name = caller.post("/userLists:mutate", body).json()["results"][0]["resourceName"]
    assert code_of(caller.post("/userLists:mutate", body)) == "userListError.NAME_ALREADY_USED"
    bare = caller.post("/userLists:mutate", {"operations": [{"create": {"name": "Bare"}}]})
    assert code_of(bare) == "userListError.CONCRETE_TYPE_REQUIRED"
    metadata = {"userList": f"{at}/userLists/1"}
    job = {"job": {"type": "CUSTOMER_MATCH_USER_LIST", "customerMatchUserListMetadata": metadata}}
    refused = caller.post("/offlineUserDataJobs:create", job)
    assert code_of(refused) == "offlineUserDataJobError.INVALID_USER_LIST_ID"
    caller.post("/userLists:mutate", {"operations": [{"remove": name}]})
    assert caller.rows("SELECT user_list.id FROM user_list") == []


def test_addresses_are_normalised_before_they_are_hashed():
    assert normalised("  Ada.By.Ron@GoogleMail.com ") == "adabyron@googlemail.com"
    assert normalised("A.B@Example.com") == "a.b@example.com"
    assert normalised("+44 (20) 7946-0958") == "+442079460958"
    assert digest_of("A.da@gmail.com") == digest_of("ada@gmail.com")
    assert len(digests_of("a.da@gmail.com")) == 2, "Customer Match says nothing of the dots"
