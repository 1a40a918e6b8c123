"""Cleaners: what they make of real spellings, and what holds for any text at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaiven_sdk.model import clean, match
from vaiven_sdk.model._countries import CODES
from vaiven_sdk.model.clean import CLEANERS

# Any code points, lone surrogates and NUL among them, mixed with what the cleaners look for.
ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=40)
PIECES = st.lists(
    st.sampled_from([
        "@", ".", "+", " ", "www.", "https://", "://", ":", ":80", "/", "?", "#", "ext", "x12", "%", "%41",
        "ana", "ANA", "exämple", "ß", "İ", "Σ", "com", "xn--", "34", "600 111 222", "0034", "pt", "_BR",
        "-hans", "\u0301", "\u200b", "\ufeff", "\ud800", "\x00", "\u0661", "\uff0b", "[", "]", "tel:",
        ";ext=", "\n", "é", "。", "a" * 64,
    ])
    | st.text(alphabet=st.characters(codec=None), max_size=3),
    max_size=10,
).map("".join)  # fmt: skip


@pytest.mark.parametrize("name", CLEANERS)
@given(value=ANY_TEXT | PIECES)
@settings(max_examples=400, deadline=None)
def test_cleaners_never_raise_and_are_idempotent(name, value):
    cleaned = CLEANERS[name](value)
    if cleaned is not None:
        assert cleaned
        assert "\x00" not in cleaned
        cleaned.encode()
        assert CLEANERS[name](cleaned) == cleaned


@pytest.mark.parametrize("key", [match.email_match, match.name_match, match.url_match])
@given(value=ANY_TEXT | PIECES)
@settings(max_examples=200, deadline=None)
def test_match_keys_never_raise(key, value):
    found = key(value)
    assert found is None or found.encode() is not None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" Ana.Lopez+News@Example.COM ", "ana.lopez+news@example.com"),
        ("ana@exämple.com", "ana@xn--exmple-cua.com"),
        ("ana@straße.de", "ana@xn--strae-oqa.de"),
        ("JOSÉ@example.com", "josé@example.com"),
        ("jose\u0301@example.com", "josé@example.com"),
        ("n/a", None),
        ("ana@", None),
        ("@example.com", None),
        ("a b@example.com", None),
        ("ana@@example.com", None),
        ("ana@-example.com", None),
        ("Ana <ana@example.com>", None),
        ("a" * 250 + "@x.com", None),
        ("ana\ud800@example.com", None),
        ("", None),
    ],
)
def test_email(value, expected):
    assert clean.email(value) == expected


@pytest.mark.parametrize(
    ("value", "region", "expected"),
    [
        ("+34 600 111 222", None, "+34600111222"),
        ("+34 (0)600-111-222 ext. 7", None, "+340600111222;ext=7"),
        ("\uff0b44 20 7946 0958", None, "+442079460958"),
        ("tel:+1-415-555-0100;ext=12", None, "+14155550100;ext=12"),
        ("600 111 222", "ES", "+34600111222"),
        ("(415) 555-0100", "US", "+14155550100"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("600 111 222", None, "600111222"),
        ("+1", None, "+1"),
        ("1-800-FLOWERS", None, "1-800-FLOWERS"),
        ("\u0660\u0661\u0662", None, "012"),
        ("--", None, None),
        ("TEL: tel: 12", None, "12"),
        ("+4300607263", None, "+43607263"),
    ],
)
def test_phone(value, region, expected):
    assert clean.phone(value, region) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://www.Example.com:443/path?x#y", "example.com"),
        ("ana@Example.co.uk", "example.co.uk"),
        ("www.example.com", "example.com"),
        ("www.com", "www.com"),
        ("例え.jp", "xn--r8jz45g.jp"),
        ("example.com.", "example.com"),
        ("localhost", None),
        ("192.0.2.1", None),
        ("no domain", None),
    ],
)
def test_domain(value, expected):
    assert clean.domain(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("HTTPS://Example.COM/Path?Q=1#Part", "https://example.com/Path?Q=1#Part"),
        ("example.com", "https://example.com"),
        ("example.com:8080/a", "https://example.com:8080/a"),
        ("http://example.com:80/", "http://example.com"),
        ("http://user:secret@example.com/", "http://example.com"),
        ("https://exämple.com/ä b", "https://xn--exmple-cua.com/%C3%A4%20b"),
        ("//example.com/a", "https://example.com/a"),
        ("javascript:alert(1)", None),
        ("mailto:ana@example.com", None),
        ("http://[broken", None),
        ("http://example.com:port", None),
        ("not a url", None),
    ],
)
def test_url(value, expected):
    assert clean.url(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("es", "ES"),
        ("ESP", "ES"),
        (" Spain ", "ES"),
        ("The Netherlands", "NL"),
        ("UNITED STATES OF AMERICA", "US"),
        ("U.S.A.", "US"),
        ("uk", "GB"),
        ("Côte d'Ivoire", "CI"),
        ("Cote dIvoire", "CI"),
        ("St. Lucia", "LC"),
        ("Turkey", "TR"),
        ("Türkiye", "TR"),
        ("Trinidad & Tobago", "TT"),
        ("Atlantis", None),
        ("XX", None),
    ],
)
def test_country(value, expected):
    assert clean.country(value) == expected


def test_every_country_code_is_its_own_clean_form():
    codes = set(CODES.values())
    assert len(codes) == 250  # 249 of ISO 3166-1, and Kosovo's XK
    assert all(clean.country(code) == code for code in codes)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("pt_br", "pt-BR"),
        ("EN", "en"),
        ("en_US.UTF-8", "en-US"),
        ("zh-hans-cn", "zh-Hans-CN"),
        ("es-419", "es-419"),
        ("de-u-co-phonebk", "de-u-co-phonebk"),
        ("English", None),
        ("e", None),
        ("en--us", None),
    ],
)
def test_language(value, expected):
    assert clean.language(value) == expected


@pytest.mark.parametrize(
    ("cleaner", "value", "expected"),
    [
        (clean.currency, " eur", "EUR"),
        (clean.currency, "HRK", "HRK"),
        (clean.currency, "BTC", None),
        (clean.currency, "€", None),
        (clean.name, "  Ana \t María\u00a0 López ", "Ana María López"),
        (clean.name, "Ana\u200b", "Ana"),
        (clean.name, "\u0646\u200c\u0627", "\u0646\u200c\u0627"),
        (clean.text, "two\nlines ", "two\nlines"),
        (clean.text, "a\x00b", "ab"),
        (clean.text, "\ufeff", None),
    ],
)
def test_currency_name_and_text(cleaner, value, expected):
    assert cleaner(value) == expected


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        (match.email_match, "Ana+news@example.com", "ana@example.com"),
        (match.email_match, "a.n.a+x@googlemail.com", "ana@gmail.com"),
        (match.email_match, "+x@example.com", "+x@example.com"),
        (match.email_match, "nobody", None),
        (match.name_match, "  José  O'Neil-Smith ", "jose o neil smith"),
        (match.name_match, "...", None),
        (
            match.url_match,
            "https://www.example.com/a/?utm_source=x&b=2&gclid=3&a=1#top",
            "example.com/a?a=1&b=2",
        ),
        (match.url_match, "ftp://example.com", None),
    ],
)
def test_match_keys(key, value, expected):
    assert key(value) == expected
