"""Who is who: which source records are one person or company, why, and how that is undone.

A value proves identity unless too many records of one stream share it (a household's phone, `info@`). Strong keys join
before weak ones, and a weak one never joins two records of one stream whose strong keys differ. A key that a record had
before still joins it, so that correcting an address in one tool does not tear a person apart.
"""

from vaiven_sync_engine.identity.assign import Resolved
from vaiven_sync_engine.identity.resolve import resolve

__all__ = ["Resolved", "resolve"]
