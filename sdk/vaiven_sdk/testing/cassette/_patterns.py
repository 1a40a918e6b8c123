"""What gives a secret or a person away, whatever field it stands in."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote, quote_plus

EMAIL = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)+"
JWT = r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"
PHONE = r"(?<![\w.:+-])(?:\+\d[\d ().\u00a0-]{6,18}\d|\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}-\d{3}-\d{4})(?![\w:])"
IPV4 = r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])"
IPV6 = (
    r"(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){4,7}[0-9A-Fa-f]{1,4}(?![\w:])"
    r"|(?<![\w:])[23][0-9A-Fa-f]{3}:(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f]{0,4}(?![\w:])"
)
CARD = r"(?<![\w.-])(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|6\d{3}|3[47]\d\d)(?:[ -]?\d){9,15}(?![\w.-])"
KEY = (
    r"(?<!\w)(?:(?:sk|rk|pk)_(?:live|test)_\w{10,}|whsec_[\w+/=]{16,}|xox[abprs]-[\w-]{10,}|pat-[a-z]{2}\d-[\w-]{20,}"
    r"|gh[pousr]_\w{30,}|AKIA[A-Z0-9]{16}|EAA[A-Za-z0-9]{30,}|ya29\.[\w-]{20,}|shp(?:at|ca|pa|ss)_[0-9a-f]{20,}"
    r"|[0-9a-f]{32}-us\d{1,2}|SG\.[\w-]{16,}\.[\w-]{16,}|(?i:bearer|basic) [\w.~+/-]{16,}=*)"
)
"""Keys known by their look: of Stripe, Slack, HubSpot, GitHub, AWS, Meta, Google, Shopify, Mailchimp, SendGrid."""

_SIGNED = (
    r"(?:access_token|id_token|refresh_token|token|auth|api_?key|apikey|key|sig|signature|hmac|secret|password|code"
    r"|x-amz-(?:signature|credential|security-token)|x-goog-(?:signature|credential))"
)
URL_SECRET = rf"(?i:(?<=[?&]){_SIGNED}=[^&#\s\"'<>]{{6,}})"
USERINFO = r"(?<=://)[^/\s:@]+:[^/\s@]+@"

SECRET_QUERY = re.compile(
    r"(?i)(?:access_token|auth_token|api_?token|api[_-]?key|apikey|hapikey|app_?secret|client_secret|sig|signature|hmac"
    r"|password|oauth_\w+|x-amz-(?:signature|credential|security-token|date|algorithm|signedheaders|expires)|appsecret_proof)"
)
"""Query parameters that are part of signing: they are left out of the file, and not looked at in replay."""

SECRET_KEY = re.compile(
    r"(?i)(?:.*(?:access|refresh|id|auth|session|api|bearer|csrf|bot|security)[_-]?token|token|.*secret(?:[_-]?(?:key|value))?|.*password|passwd"
    r"|api[_-]?key|apikey|private[_-]?key|authorization|cookies?|set-cookie|credentials?|jwt|signing[_-]?key)"
)
"""JSON keys whose text is a secret."""

SAFE_HEADERS = re.compile(
    r"(?i)(?:content-type|date|etag|last-modified|link|retry-after|deprecation|sunset|.*(?:page|paging|total|count|limit"
    r"|next|cursor|version).*)"
)
"""Headers of an answer that a connector may want; every other one is dropped."""

KEY_KINDS: dict[str, str] = {
    **dict.fromkeys("email emailaddress mail useremail contactemail replyto fromemail login username".split(), "email"),
    **dict.fromkeys(
        "phone phonenumber mobile mobilephone mobilenumber tel telephone sms whatsapp fax cell".split(), "phone"
    ),
    **dict.fromkeys(
        "firstname lastname middlename fname lname givenname familyname surname fullname displayname realname nickname"
        " contactname customername cardholdername accountholdername fromname authorname maidenname".split(),
        "name",
    ),
    **dict.fromkeys("companyname company organization organisation employer".split(), "company"),
    **dict.fromkeys(
        "address address1 address2 addr1 addr2 street streetaddress line1 line2 addressline1 addressline2".split(),
        "street",
    ),
    **dict.fromkeys("city town".split(), "city"),
    **dict.fromkeys("zip zipcode postalcode postcode".split(), "postcode"),
    **dict.fromkeys("birthday birthdate dateofbirth dob birthon".split(), "birth"),
    **dict.fromkeys("ip ipaddress ipopt ipsignup clientip lastip".split(), "ip"),
    **dict.fromkeys("note notes comment comments bio aboutme".split(), "text"),
    **dict.fromkeys("latitude longitude lat lng lon".split(), "coordinate"),
}
"""JSON keys (letters and digits alone, lower case) that mean something personal in every API."""


def key_kind(key: str) -> str | None:
    """The kind that a JSON key stands for, None for most."""
    return KEY_KINDS.get(re.sub(r"[^a-z0-9]", "", key.lower()))


def luhn(text: str) -> bool:
    """Whether the digits end in a card's check digit."""
    digits = [int(char) for char in text if char.isdecimal()]
    doubled = [d if n % 2 == 0 else d * 2 - 9 * (d > 4) for n, d in enumerate(reversed(digits))]
    return len(digits) >= 13 and sum(doubled) % 10 == 0


def spellings(secret: str) -> set[str]:
    """The secret as it may stand in a text: raw, quoted, in hexadecimal, in Base64 at any place of a longer value."""
    raw = secret.encode("utf-8", "surrogatepass")
    found = {secret, quote(secret, safe=""), quote_plus(secret), raw.hex()}
    for offset in range(3):
        # What stands before shifts the bits: the first and the last characters depend on it, the rest does not.
        whole = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        core = whole[-(-offset * 8 // 6) : len(raw + b"\0" * offset) * 8 // 6]
        found |= {core, core.replace("+", "-").replace("/", "_")}
    return {text for text in found if len(text) >= 4}
