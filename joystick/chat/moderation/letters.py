"""Texts as filters compare them: in one case, without what cannot be seen, and with look-alike letters made one."""

from __future__ import annotations

import unicodedata

from effects.voice.speakable import visible

# Characters of a line that are read. Compatibility characters multiply when they are normalized: it is cut twice.
MAX_READ = 4000
# Letters of other alphabets, and the Latin ones that they look like.
_LOOK_ALIKES = str.maketrans(
    "авеікмнорстухјѕһԁԛԝӏгαβεικνορτυχωɑɡıł",
    "abeikmhopctyxjshdqwlrabeikvoptuxwagil",
)


def plain(text: str) -> str:
    """Return the text in one case, without control and format characters, and with full-width letters made narrow."""
    return unicodedata.normalize("NFKC", visible(text[:MAX_READ]))[:MAX_READ].casefold()


def folded(text: str) -> str:
    """Return a plain text without accents, and with look-alike letters as Latin ones."""
    parts = unicodedata.normalize("NFD", text)
    return "".join(one for one in parts if unicodedata.category(one) not in ("Mn", "Me")).translate(_LOOK_ALIKES)
