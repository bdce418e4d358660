"""Links in a line, also where they are disguised: “example (dot) com”, “example。com”, letters of other alphabets."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from joystick.chat.moderation.letters import folded, plain

# Endings of addresses that are no words: what has one of them is a link.
_NO_WORDS = (
    "com net org info biz xyz online site app dev shop click xxx porn sex adult cam webcam dating casino tube cloud "
    "tech vip bet tel edu gov mil mobi icu cyou rip lol wiki blog website email agency pics fans zip mov link bio ac "
    "ad ae af ag ai al ao aq ar aw ax az ba bb bd bf bg bh bi bj bm bn bo br bs bt bv bw bz ca cc cd cf cg ch ci ck "
    "cl cm cn co cr cu cv cw cx cy cz de dj dk dm dz ec ee eg es et eu fi fj fk fm fo fr gb gd ge gf gg gh gi gl gm "
    "gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu ie il im io iq ir je jo jp ke kg kh ki km kn kp kr kw ky kz lb lc "
    "lk lr ls lt lu lv mc mg mh mk ml mm mn mp mq mr ms mt mv mw mx mz nc nf ng np nr nz pe pf pg ph pk pm pn pt pw "
    "qa ro rs ru rw sb sd sg sj sk sl sm sn sr ss st sv sx sy sz tc td tf tg th tj tk tm tn tr tt tv tw tz ua ug uk "
    "uy uz va vc vg vi vn wf ws yt za zm zw"
)
_ENDINGS = frozenset([*_NO_WORDS.split(), folded("рф"), folded("укр"), "中国", "コム"])
# Endings that are words as well, or endings of files: only with a path, with www., or behind two names. Otherwise a
# space is missing: “that was nice.it is over”.
_ALSO_WORDS = (
    "no so is it me to in at be by do us my am as an la li ma na ne ni nl nu om pa pl pr ps py re sa sc se sh si so "
    "su tl to vu ye md id cat live fun top win one new help love life today name news world art web space social "
    "video stream chat game games club pro store media page bar zone press host rest pet fan bot foundation"
)
_WORDS = frozenset(_ALSO_WORDS.split())
_DOTS = str.maketrans({"。": ".", "․": ".", "‧": ".", "∙": ".", "•": "."})
_SAID_DOTS = [
    f"{before}{opening}{word}{closing}{after}"
    for word in ("dot", "punkt", "punto", ".")
    for opening, closing in ("()", "[]", "{}")
    for before in (" ", "")
    for after in (" ", "")
]
# After a spelled or a lonely dot: endings that nobody writes for another reason.
_AFTER_A_SPACE = ("com", "org", "gg", "tv")
_BETWEEN_TOKENS = re.compile(r"[\s<>()\[\]{}\"'«»„“”‘’,;|*`]+")
_BETWEEN_PARTS = re.compile(r"[/\\?#=&]+")
_AROUND = ".-_!~…:¡¿+"
# Names of an allowed site, at most: www.example.co.uk has four.
MAX_NAMES = 8


def first_link(text: str, allowed: Collection[str] = frozenset()) -> str:
    """Return the site of the first link that is not to one of the `allowed` sites, "" where there is none."""
    return next((site for site in _sites(text) if not is_allowed(site, allowed)), "")


def is_allowed(site: str, allowed: Collection[str]) -> bool:
    """Return whether a site is one of the allowed, or a part of one."""
    # By its own letters: what only looks like an allowed site is another one.
    names = site.split(".")
    return any(".".join(names[-count:]) in allowed for count in range(1, min(len(names), MAX_NAMES) + 1))


def allowed_sites(text: str) -> frozenset[str]:
    """Return the sites that a text lists, one a line, as names: without https://, www. and what follows."""
    lines = (plain(line).strip().rpartition("://")[2].removeprefix("www.") for line in text.splitlines())
    return frozenset(site for site in (_BETWEEN_PARTS.split(line)[0] for line in lines) if site)


def _sites(text: str) -> Iterator[str]:
    for token in _BETWEEN_TOKENS.split(_with_dots(plain(text))):
        site = _site_of(token)
        if site:
            yield site


def _with_dots(text: str) -> str:
    text = text.translate(_DOTS)
    for said in _SAID_DOTS:
        text = text.replace(said, ".")
    for ending in _AFTER_A_SPACE:
        for said in (f" dot {ending}", f" . {ending}", f" .{ending}", f". {ending}"):
            text = text.replace(said, f".{ending}") if said in text else text
    return text


def _site_of(token: str) -> str:
    """Return the site that a word is a link to, "" for another word."""
    before, mark, rest = token.partition("://")
    has_scheme = bool(mark) and before[-1:].isalnum()
    parts = _BETWEEN_PARTS.split((rest if has_scheme else token).rstrip("/\\?#=&"))
    for number, part in enumerate(parts):
        # As a browser reads it: the site stands behind the last @, and before the port.
        for name in part.rpartition("@")[2].split(":"):
            site = name.strip(_AROUND).rpartition("..")[2].strip(_AROUND)
            if (has_scheme and site) or _is_site(site, has_path=number + 1 < len(parts)):
                return site.removeprefix("www.")
    return ""


def _is_site(name: str, *, has_path: bool) -> bool:
    names = folded(name).split(".")
    if len(names) < 2:
        return False
    ending = names[-1]
    if ending in _ENDINGS or ending.startswith("xn--") or names[0] == "www":
        return True
    if ending in _WORDS:
        return has_path or len(names) > 2
    return has_path and (ending.isalpha() or (len(names) == 4 and all(one.isdecimal() for one in names)))
