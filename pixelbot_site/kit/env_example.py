"""The text of `.env.example`, made from the declarations of the settings."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from pixelbot_site.kit.settings_table import Section, Setting, declared, raw

WIDTH = 120

HEAD = (
    "Every setting of Pixel Bot, with its default. Copy this file to .env, remove the # in front of what you change, "
    "and start the bot again. A variable of the process's environment wins over .env."
)


def example(sections: Sequence[type[Section]]) -> str:
    """Return the file's text: a heading for each section, and for each setting its sentence, bounds and default."""
    lines = [*_comment(HEAD)]
    for section in sections:
        lines += ["", f"# --- {section.title} ".ljust(WIDTH, "-")]
        for name, setting in declared(section).items():
            if setting.in_example:
                lines += ["", *_entry(name, setting)]
    return "\n".join([*lines, ""])


def _entry(name: str, setting: Setting) -> Iterator[str]:
    yield from _comment(setting.sentence)
    if setting.allowed:
        yield from _comment(f"{setting.allowed[0].upper()}{setting.allowed[1:]}.")
    yield f"#{name}={raw(setting.default)}"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
