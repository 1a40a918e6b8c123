"""The standard objects of an org: their fields, types and prefixes.

Names and null come from jsforce 3.10.16 (`standard-schema.d.ts`, as in the project's facts about Salesforce);
types, lengths and what it lacks (Lead.HasOptedOutOfEmail, Fax, MobilePhone; Opportunity.ContactId) from the
Field Reference Guide (developer.salesforce.com/docs/atlas.en-us.sfFieldRef.meta) and the Object Reference; read
2026-11-25. Left out: licences, portals, entitlements and a hundred preferences of a user.
"""

from __future__ import annotations

from vaiven_connectors.salesforce._sim_kinds import Field, Kind, fields_of

_LEAD = """
MasterRecordId reference(Lead)~; LastName string(80)!; FirstName string(40); Salutation
picklist(Mr.|Ms.|Mrs.|Dr.|Prof.|Mx.); Name string(121)~; Title string(128); Company string(255)!; Street
textarea(255); City string(40); State string(80); PostalCode string(20); Country string(80); Latitude double;
Longitude double; GeocodeAccuracy picklist~; Address address~; Phone phone(40); Email email(80); Website url(255);
PhotoUrl url(255)~; Description textarea(32000); LeadSource picklist(Web|Phone Inquiry|Partner Referral|Purchased
List|Other); Status picklist(Open - Not Contacted|Working - Contacted|Closed - Converted|Closed - Not Converted);
Industry picklist; Rating picklist(Hot|Warm|Cold); AnnualRevenue currency; NumberOfEmployees int; OwnerId
reference(User); IsConverted boolean~; ConvertedDate date~; ConvertedAccountId reference(Account)~;
ConvertedContactId reference(Contact)~; ConvertedOpportunityId reference(Opportunity)~; IsUnreadByOwner boolean;
LastActivityDate date~; LastViewedDate datetime~; LastReferencedDate datetime~; Jigsaw string(80); JigsawContactId
string(80); EmailBouncedReason string(80)~; EmailBouncedDate datetime~; IndividualId reference(Individual);
MobilePhone phone(40); Fax phone(40); HasOptedOutOfEmail boolean; HasOptedOutOfFax boolean; DoNotCall boolean;
LastTransferDate date~
"""

_CONTACT = """
MasterRecordId reference(Contact)~; AccountId reference(Account); LastName string(80)!; FirstName string(40);
Salutation picklist(Mr.|Ms.|Mrs.|Dr.|Prof.|Mx.); Name string(121)~; OtherStreet textarea(255); OtherCity
string(40); OtherState string(80); OtherPostalCode string(20); OtherCountry string(80); OtherAddress address~;
MailingStreet textarea(255); MailingCity string(40); MailingState string(80); MailingPostalCode string(20);
MailingCountry string(80); MailingLatitude double; MailingLongitude double; MailingGeocodeAccuracy picklist;
MailingAddress address~; Phone phone(40); Fax phone(40); MobilePhone phone(40); HomePhone phone(40); OtherPhone
phone(40); AssistantPhone phone(40); ReportsToId reference(Contact); Email email(80); Title string(128);
Department string(80); AssistantName string(80); LeadSource picklist(Web|Phone Inquiry|Partner Referral|Purchased
List|Other); Birthdate date; Description textarea(32000); OwnerId reference(User); HasOptedOutOfEmail boolean;
HasOptedOutOfFax boolean; DoNotCall boolean; LastActivityDate date~; LastCURequestDate datetime~; LastCUUpdateDate
datetime~; LastViewedDate datetime~; LastReferencedDate datetime~; EmailBouncedReason string(80)~;
EmailBouncedDate datetime~; IsEmailBounced boolean~; PhotoUrl url(255)~; Jigsaw string(80); JigsawContactId
string(80); IndividualId reference(Individual)
"""

_ACCOUNT = """
MasterRecordId reference(Account)~; Name string(255)!; Type picklist(Prospect|Customer - Direct|Customer -
Channel|Channel Partner / Reseller|Installation Partner|Technology Partner|Other); ParentId reference(Account);
BillingStreet textarea(255); BillingCity string(40); BillingState string(80); BillingPostalCode string(20);
BillingCountry string(80); BillingLatitude double; BillingLongitude double; BillingGeocodeAccuracy picklist;
BillingAddress address~; ShippingStreet textarea(255); ShippingCity string(40); ShippingState string(80);
ShippingPostalCode string(20); ShippingCountry string(80); ShippingLatitude double; ShippingLongitude double;
ShippingGeocodeAccuracy picklist; ShippingAddress address~; Phone phone(40); Fax phone(40); Website url(255);
PhotoUrl url(255)~; Industry picklist; AnnualRevenue currency; NumberOfEmployees int; Description textarea(32000);
OwnerId reference(User); LastActivityDate date~; LastViewedDate datetime~; LastReferencedDate datetime~;
IsCustomerPortal boolean~; Jigsaw string(80); JigsawCompanyId string(80); AccountSource picklist(Web|Phone
Inquiry|Partner Referral|Purchased List|Other); SicDesc string(80); AccountNumber string(40); Ownership
picklist(Public|Private|Subsidiary|Other); Rating picklist(Hot|Warm|Cold); Site string(80); TickerSymbol
string(20); Sic string(20)
"""

_OPPORTUNITY = """
AccountId reference(Account); Name string(120)!; Description textarea(32000); StageName
picklist(Prospecting|Qualification|Needs Analysis|Value Proposition|Id. Decision Makers|Perception
Analysis|Proposal/Price Quote|Negotiation/Review|Closed Won|Closed Lost)!; Amount currency; Probability percent;
CloseDate date!; Type picklist(Existing Customer - Upgrade|Existing Customer - Replacement|Existing Customer -
Downgrade|New Customer); NextStep string(255); LeadSource picklist(Web|Phone Inquiry|Partner Referral|Purchased
List|Other); IsClosed boolean~; IsWon boolean~; ForecastCategory
picklist(Omitted|Pipeline|BestCase|Forecast|Closed)~; ForecastCategoryName picklist(Omitted|Pipeline|Best
Case|Commit|Closed); CampaignId reference(Campaign); HasOpportunityLineItem boolean~; Pricebook2Id
reference(Pricebook2); OwnerId reference(User); LastActivityDate date~; FiscalQuarter int~; FiscalYear int~;
Fiscal string(80)~; LastViewedDate datetime~; LastReferencedDate datetime~; HasOpenActivity boolean~;
HasOverdueTask boolean~; ContactId reference(Contact); ExpectedRevenue currency~; TotalOpportunityQuantity double
"""

_CAMPAIGN = """
Name string(80)!; ParentId reference(Campaign); Type picklist(Conference|Webinar|Trade Show|Public
Relations|Partners|Referral Program|Advertisement|Banner Ads|Direct Mail|Email|Telemarketing|Other); Status
picklist(Planned|In Progress|Completed|Aborted); StartDate date; EndDate date; ExpectedRevenue currency;
BudgetedCost currency; ActualCost currency; ExpectedResponse percent; NumberSent double; IsActive boolean;
Description textarea(32000); NumberOfLeads int~; NumberOfConvertedLeads int~; NumberOfContacts int~;
NumberOfResponses int~; NumberOfOpportunities int~; NumberOfWonOpportunities int~; AmountAllOpportunities
currency~; AmountWonOpportunities currency~; OwnerId reference(User); LastActivityDate date~; LastViewedDate
datetime~; LastReferencedDate datetime~; CampaignMemberRecordTypeId reference(RecordType)
"""

_MEMBER = """
CampaignId reference(Campaign)!^; LeadId reference(Lead)^; ContactId reference(Contact)^; Status
picklist(Sent|Responded); HasResponded boolean~; FirstRespondedDate date~; Salutation
picklist(Mr.|Ms.|Mrs.|Dr.|Prof.|Mx.)~; Name string(121)~; FirstName string(40)~; LastName string(80)~; Title
string(128)~; Street textarea(255)~; City string(40)~; State string(80)~; PostalCode string(20)~; Country
string(80)~; Email email(80)~; Phone phone(40)~; Fax phone(40)~; MobilePhone phone(40)~; Description
textarea(32000)~; DoNotCall boolean~; HasOptedOutOfEmail boolean~; HasOptedOutOfFax boolean~; LeadSource
picklist(Web|Phone Inquiry|Partner Referral|Purchased List|Other)~; CompanyOrAccount string(80)~; Type picklist~;
LeadOrContactId reference(Contact|Lead)~; LeadOrContactOwnerId reference(User)~
"""

_TASK = """
WhoId reference(Contact|Lead); WhatId reference(Account|Opportunity|Campaign|Case); Subject combobox(255);
ActivityDate date; Status picklist(Not Started|In Progress|Completed|Waiting on someone else|Deferred); Priority
picklist(High|Normal|Low); IsHighPriority boolean~; OwnerId reference(User); Description textarea(32000);
AccountId reference(Account)~; IsClosed boolean~; IsArchived boolean~; CallDurationInSeconds int; CallType
picklist(Internal|Inbound|Outbound); CallDisposition string(80); CallObject string(80); ReminderDateTime datetime;
IsReminderSet boolean; IsRecurrence boolean; RecurrenceStartDateOnly date; RecurrenceEndDateOnly date;
RecurrenceTimeZoneSidKey string(80); RecurrenceType picklist; RecurrenceInterval int; RecurrenceDayOfWeekMask int;
RecurrenceDayOfMonth int; RecurrenceInstance picklist; RecurrenceMonthOfYear picklist; RecurrenceRegeneratedType
picklist; TaskSubtype picklist(Task|Email|ListEmail|Call|Cadence|LinkedIn); CompletedDateTime datetime~
"""

_CASE = """
CaseNumber string(30)~; ContactId reference(Contact); AccountId reference(Account); AssetId reference(Asset);
ProductId reference(Product2); EntitlementId reference(Entitlement); SourceId reference(EmailMessage);
BusinessHoursId reference(BusinessHours); ParentId reference(Case); SuppliedName string(80); SuppliedEmail
email(80); SuppliedPhone phone(40); SuppliedCompany string(80); Type
picklist(Mechanical|Electrical|Electronic|Structural|Other); Status picklist(New|Working|Escalated|Closed); Reason
picklist; Origin picklist(Phone|Email|Web); Subject string(255); Priority picklist(High|Medium|Low); Description
textarea(32000); IsClosed boolean~; ClosedDate datetime~; IsEscalated boolean; OwnerId reference(User);
IsClosedOnCreate boolean; ContactPhone phone(40)~; ContactMobile phone(40)~; ContactEmail email(80)~; ContactFax
phone(40)~; Comments textarea(4000); LastViewedDate datetime~; LastReferencedDate datetime~
"""

_USER = """
Username string(80)!=; LastName string(80)!; FirstName string(40); Name string(121)~; CompanyName string(80);
Division string(80); Department string(80); Title string(128); Street textarea(255); City string(40); State
string(80); PostalCode string(20); Country string(80); Latitude double; Longitude double; GeocodeAccuracy
picklist~; Address address~; Email email(80)!; Phone phone(40); Fax phone(40); MobilePhone phone(40); Alias
string(8)!; CommunityNickname string(40); IsActive boolean; TimeZoneSidKey picklist!; UserRoleId
reference(UserRole); LocaleSidKey picklist!; ReceivesInfoEmails boolean; ReceivesAdminInfoEmails boolean;
EmailEncodingKey picklist!; ProfileId reference(Profile)!; UserType picklist(Standard)~; LanguageLocaleKey
picklist!; EmployeeNumber string(80); ManagerId reference(User); LastLoginDate datetime~; LastPasswordChangeDate
datetime~; ForecastEnabled boolean; ContactId reference(Contact); AccountId reference(Account); Extension
string(80); FederationIdentifier string(80); FullPhotoUrl url(255); SmallPhotoUrl url(255); MediumPhotoUrl
url(255); DigestFrequency string(80); DefaultGroupNotificationFrequency string(80); LastViewedDate datetime~;
LastReferencedDate datetime~; IndividualId reference(Individual)
"""

_ORGANIZATION = """
Name string(80)!; Division string(80); Street textarea(255); City string(40); State string(80); PostalCode string(20);
Country string(80); Phone phone(40); DefaultLocaleSidKey picklist!; TimeZoneSidKey picklist!;
LanguageLocaleKey picklist!;
FiscalYearStartMonth int; OrganizationType picklist; InstanceName string(5); IsSandbox boolean~; IsReadOnly boolean~;
NamespacePrefix string(15)~; TrialExpirationDate datetime~
"""

_STAGE = """
MasterLabel string(255); ApiName string(255); IsActive boolean; SortOrder int; IsClosed boolean; IsWon boolean;
ForecastCategory picklist; ForecastCategoryName picklist; DefaultProbability percent; Description string(255)
"""

_STATUS = "MasterLabel string(255); ApiName string(255); SortOrder int; IsDefault boolean; IsConverted boolean"

_MEMBER_STATUS = """
CampaignId reference(Campaign)!^; Label string(765)!; SortOrder int; IsDefault boolean; HasResponded boolean
"""

_CURRENCY = """
IsoCode picklist!; ConversionRate double!; DecimalPlaces int!; IsActive boolean; IsCorporate boolean
"""

_AUDIT = """
CreatedDate datetime~; CreatedById reference(User)~; LastModifiedDate datetime~; LastModifiedById reference(User)~;
SystemModstamp datetime~
"""

# Name, prefix, fields, whether deleted ones stay in the recycle bin, whether the API writes it.
_KINDS: tuple[tuple[str, str, str, bool, bool], ...] = (
    ("Account", "001", _ACCOUNT, True, True),
    ("Contact", "003", _CONTACT, True, True),
    ("Lead", "00Q", _LEAD, True, True),
    ("Opportunity", "006", _OPPORTUNITY, True, True),
    ("Campaign", "701", _CAMPAIGN, True, True),
    ("CampaignMember", "00v", _MEMBER, True, True),
    ("CampaignMemberStatus", "01Y", _MEMBER_STATUS, True, True),
    ("Task", "00T", _TASK, True, True),
    ("Case", "500", _CASE, True, True),
    ("User", "005", _USER, False, True),
    ("Organization", "00D", _ORGANIZATION, False, False),
    ("OpportunityStage", "01J", _STAGE, False, False),
    ("LeadStatus", "01I", _STATUS, False, False),
    ("CurrencyType", "01L", _CURRENCY, False, False),
)
_PLURALS = {"Opportunity": "Opportunities", "Lead": "Leads"}
_WITH_CURRENCY = {"Account", "Contact", "Lead", "Opportunity", "Campaign", "CampaignMember", "User"}


def standard_kinds(currencies: tuple[str, ...] = ()) -> dict[str, Kind]:
    """The objects of a new org; with `currencies` one in which several are enabled.

    CurrencyIsoCode is on every object then, and CurrencyType is there at all (Object Reference, CurrencyType: "This
    object is not available in single-currency organizations").
    """
    made = {}
    for name, prefix, text, soft, writable in _KINDS:
        if name == "CurrencyType" and not currencies:
            continue
        own = [Field("Id", "id", 18, read_only=True)]
        if soft:
            own.append(Field("IsDeleted", "boolean", read_only=True))
        own += [*fields_of(text), *fields_of(_AUDIT)]
        if currencies and name in _WITH_CURRENCY:
            own.append(Field("CurrencyIsoCode", "picklist", 3, values=currencies, restricted=True))
        if currencies and name == "User":
            own.append(Field("DefaultCurrencyIsoCode", "picklist", 3, values=currencies, restricted=True))
        label = "Opportunity Stage" if name == "OpportunityStage" else name
        made[name] = Kind(
            name, prefix, {one.name: one for one in own}, label, _PLURALS.get(name, f"{label}s"), soft, writable
        )
    return made


STAGES: tuple[tuple[str, int, str, bool, bool], ...] = (
    ("Prospecting", 10, "Pipeline", False, False),
    ("Qualification", 10, "Pipeline", False, False),
    ("Needs Analysis", 20, "Pipeline", False, False),
    ("Value Proposition", 50, "Pipeline", False, False),
    ("Id. Decision Makers", 60, "Pipeline", False, False),
    ("Perception Analysis", 70, "Pipeline", False, False),
    ("Proposal/Price Quote", 75, "Pipeline", False, False),
    ("Negotiation/Review", 90, "Pipeline", False, False),
    ("Closed Won", 100, "Closed", True, True),
    ("Closed Lost", 0, "Omitted", True, False),
)
"""Stages of a new org: label, probability, forecast category, closed, won."""

LEAD_STATUSES = ("Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted")
"""Statuses of a new org; the third is that of converted leads."""
