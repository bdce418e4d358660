"""Odd lines, and what chat filters find in them."""

from __future__ import annotations

# Lines, and the site that is found in each, "" for no link.
LINKS = {
    # plainly
    "http://evil.com": "evil.com", "https://evil.com/a?b=c#d": "evil.com", "see evil.com": "evil.com",
    "EVIL.COM": "evil.com", "www.evil.thing": "evil.thing", "(evil.com)": "evil.com", "evil.com, really": "evil.com",
    "evil.com.": "evil.com", "go:evil.com": "evil.com", "evil.com:8080": "evil.com", "discord.gg/abc": "discord.gg",
    "t.me/abc": "t.me", "youtu.be/abc": "youtu.be", "hi@evil.com": "evil.com", "evil.co.uk": "evil.co.uk",
    "a.b.c.evil.net": "a.b.c.evil.net", "http://1.2.3.4/x": "1.2.3.4", "1.2.3.4/x": "1.2.3.4",
    "http://localhost:8000": "localhost", "evil.com/": "evil.com", "<evil.com>": "evil.com", "*evil.com*": "evil.com",
    "evil.live/now": "evil.live", "my.evil.live": "my.evil.live", "xn--e1afmkfd.xn--p1ai": "xn--e1afmkfd.xn--p1ai",
    "пример.рф": "пример.рф", "例.中国": "例.中国", "münchen.de": "münchen.de", "any.thing/path": "any.thing",
    # disguised
    "evil (dot) com": "evil.com", "evil[.]com": "evil.com", "evil dot com": "evil.com", "evil . com": "evil.com",
    "evil .com": "evil.com", "evil(punkt)com": "evil.com", "evil。com": "evil.com", "ｅｖｉｌ．ｃｏｍ": "evil.com",
    "e\u200bvil.c\u2060om": "evil.com", "ev\u00adil.com": "evil.com", "evil\u200d.\u200dcom": "evil.com",
    "\u202eevil.com": "evil.com", "ev\x00il": "", "еvіl.соm": "еvіl.соm", "𝐞𝐯𝐢𝐥.𝐜𝐨𝐦": "evil.com",
    "ⓔⓥⓘⓛ.ⓒⓞⓜ": "evil.com", "evíl.cóm": "evíl.cóm", "hxxps://evil.thing": "evil.thing", "http:/evil.com": "evil.com",
    "http:\\\\evil.com": "evil.com", "//evil.com": "evil.com", "wait...evil.com": "evil.com", "😀evil.com😀x": "",
    "http://‮moc.live": "moc.live",
    # what only looks like an allowed site
    "youtube.com@evil.com": "evil.com", "https://youtube.com:x@evil.com/": "evil.com",
    "youtube.com.evil.com": "youtube.com.evil.com", "notyoutube.com": "notyoutube.com", "yоutube.com": "yоutube.com",
    "youtube.com,evil.com": "evil.com", "youtube.com evil.com": "evil.com", "youtube.co": "youtube.co",
    # allowed
    "youtube.com": "", "https://www.youtube.com/watch?v=evil.com": "", "m.youtube.com/x": "", "YouTube.com": "",
    # none
    "": "", " ": "", "hello": "", "hello.there": "", "nice.it was": "", "ok.so what": "", "no.1": "", "3.50": "",
    "1.2.3.4": "", "e.g. this": "", "i.e. that": "", "wait...what": "", "...": "", ".": "", ".com": "", "a.": "",
    "U.S.A.": "", "and/or": "", "either/or.maybe": "", "main.py": "", "readme.md": "", "1/2": "", "12:30": "",
    "C:\\folder": "", "http://": "", "://": "", "@Bob": "", "x@y": "", "that was fun.new game?": "", "{evil}": "",
    "love.you": "", "connect the dots common": "", "moc.live": "", "\u202e\u202d\u200f": "", "🙂.🙂": "",
    "http://evil.com@youtube.com": "", "https://youtube.com#@evil.com": "", "mailto:hi@evil.com": "evil.com",
    "ftp://files.thing": "files.thing", "evil.com?x=1": "evil.com", "evil.com#x": "evil.com", "-evil.com-": "evil.com",
    "¡evil.com!": "evil.com", "“evil.com”": "evil.com", "evil.com…": "evil.com", "look:evil.com!": "evil.com",
    "evil\u2024com": "evil.com", "evil\uff61com": "evil.com", "evil {dot} com": "evil.com", "evil.c\u0301om": "evil.ćom",
    "www.": "", "www": "", "x.y.z": "", "file.mp4": "", "ha.ha.ha": "", "a.b": "", "e.v.i.l": "", "24.12.2026": "",
    "10.000": "", "v2.0.1": "", "Mr.Smith": "", "good night.see you": "", "\ud800.com": "\ud800.com",
}  # fmt: skip
# Lines, and the word that is found in each, of these: bad, bad apple, *worse*, c++, über, *nope*.
WORDS = {
    "bad": "bad", "BAD": "bad", "so bad!": "bad", "bad.": "bad", "(bad)": "bad", "b\u200bad": "bad", "bád": "bad",
    "b\u0301\u0302ad": "bad", "ｂａｄ": "bad", "𝖇𝖆𝖉": "bad", "bаd": "bad", "\u202ebad": "bad", "a-bad-one": "bad",
    "bad\x00": "bad", "bad\n": "bad", "Bad Apple": "bad", "{bad}": "bad", "worse": "worse", "worsening": "worse",
    "WORSENING": "worse", "c++": "c++", "I love C++!": "c++", "uber": "uber", "ÜBER": "uber", "u\u0308ber": "uber",
    "cannope": "nope", "no pe": "", "badge": "", "embad": "", "ba d": "", "c": "", "c plus plus": "", "ubers": "",
    "": "", " ": "", "bad_apple": "bad", "b a d": "", "apple": "", "дав": "", "\u200b": "", "tab\tbad": "bad",
    "bad" * 50: "", "x" * 500: "", "💥bad💥": "bad", "bad\u2764": "bad", "bad\ufe0f": "bad", "no\u00a0bad": "bad",
}  # fmt: skip
CAPITALS = {
    "HELLO EVERYBODY": 100, "HELLO everybody": 35, "hello everybody": 0, "OMG": 0, "OMG OMG OM": 0, "OMG OMG OMGO": 100,
    "ÄÖÜÄÖÜÄÖÜÄ": 100, "ПРИВЕТ ВСЕМ": 100, "ＨＥＬＬＯ ＥＶＥＲＹ": 100, "1234567890!!!": 0, ":HEYHEYHEYHEY: hello there": 0,
    "你好你好你好你好你好你好": 0, "": 0, "HELLO HELLo": 90, "🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉": 0,
}  # fmt: skip
REPEATS = {
    "aaaa": 4, "aAaA": 4, "lol LOL lol": 3, "a b a b": 1, "": 0, "      ": 0, "!!!!!": 5, "z" + "\u0301\u0302" * 6: 12,
    "😂😂😂": 3, "ha ha ha ha ha": 5, "hahaha": 1, "x": 1, "\u200b\u200b\u200b": 3, "a   b": 1,
}  # fmt: skip
LISTED = "bad\nbad apple\n*worse*\nc++\n\n  über \n*nope*\nBAD\n**\n"
