"""Values that prove nothing, whoever has them: what forms collect from people who do not want to give one."""

from __future__ import annotations

WORDS = frozenset(
    "null none nil undefined n/a na unknown anonymous test tbd xxx noreply@example.com no@email.com none@none.com"
    " test@test.com a@a.com -1".split()
)
"""Values of any namespace."""
NOBODY = frozenset("noreply no-reply no.reply donotreply do-not-reply nobody none null unknown mailer-daemon".split())
"""Local parts of addresses that nobody reads."""
SHARED_DOMAINS = frozenset(
    "163.com 126.com aol.com att.net bigpond.com bol.com.br btinternet.com comcast.net cox.net fastmail.com free.fr"
    " gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hey.com hotmail.co.uk hotmail.com hotmail.de"
    " hotmail.es hotmail.fr hotmail.it icloud.com laposte.net libero.it live.co.uk live.com live.fr live.nl mac.com"
    " mail.com mail.ru me.com msn.com naver.com orange.fr outlook.com outlook.de outlook.es outlook.fr proton.me"
    " protonmail.com qq.com rediffmail.com rocketmail.com sbcglobal.net sfr.fr sky.com t-online.de telefonica.net"
    " terra.com.br tiscali.it uol.com.br verizon.net wanadoo.fr web.de wp.pl yahoo.co.in yahoo.co.jp yahoo.co.uk"
    " yahoo.com yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it yandex.ru ymail.com zoho.com"
    " blogspot.com business.site canalblog.com etsy.com facebook.com github.io instagram.com linkedin.com linktr.ee"
    " myshopify.com sites.google.com squarespace.com tumblr.com twitter.com weebly.com wixsite.com wordpress.com"
    " x.com youtube.com".split()
)
"""Domains of free mailboxes and of hosts of other people's pages: no company is known by one."""

_BLANK = "0-_.*? "
_COUNTING = "12345678901234567890"


def is_blocked(namespace: str, value: str) -> bool:
    """Whether an equal value of this namespace says nothing about who has it."""
    if namespace == "phone" and value[0] in "+0123456789":
        # One digit again and again behind the country code, or the digits in their order.
        tail = value[-7:]
        return len(value) >= 7 and (len(set(tail)) == 1 or tail in _COUNTING)
    if value.casefold() in WORDS or not value.strip(_BLANK):
        return True
    if namespace == "email":
        return value.partition("@")[0] in NOBODY
    return namespace == "domain" and value in SHARED_DOMAINS
