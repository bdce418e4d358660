"""What of viewers may be on screen: their names and texts, as far as word filters and their own wish let them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from economy.models import Viewer, viewer_key
from effects.voice import speech
from effects.voice.speakable import filtered, shown, visible

# Stands for a viewer who is not to be on screen.
SOMEBODY = "somebody"
# Words that stand out: between asterisks that touch them, and no letters outside.
_MARKED = re.compile(r"(?<![\w*])\*([^\s*](?:[^*]*[^\s*])?)\*(?![\w*])")


def unmarked(text: str) -> str:
    """Return a text without the asterisks around words that stand out."""
    return _MARKED.sub(r"\1", text)


@dataclass(frozen=True, slots=True)
class OnScreen:
    """The word filters, and the keys of the viewers who are not to be on screen."""

    filters: Sequence[tuple[str, str]]
    unseen: frozenset[str]
    mentions: re.Pattern[str] | None

    @classmethod
    def now(cls) -> OnScreen:
        """Read both from the database."""
        names = list(Viewer.objects.filter(is_unseen=True).values_list("username", flat=True))
        either = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        mentions = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.I) if names else None
        return cls(speech.filters(), frozenset(map(viewer_key, names)), mentions)

    def hides(self, username: str) -> bool:
        """Return whether the viewer is not to be on screen."""
        return viewer_key(username) in self.unseen

    def name(self, username: str) -> str:
        """Return how the viewer is called on screen; "" for ""."""
        return SOMEBODY if self.hides(username) else filtered(visible(username), self.filters).strip()

    def text(self, text: str) -> str:
        """Return a text as it may be shown."""
        return self.without_names(shown(text, filters=self.filters))

    def parts(self, text: str) -> list[str]:
        """Return a text as it may be shown, in parts: every second one, from the second on, was between asterisks.

        Filters see the whole text without the asterisks. Where they find more in it than in its parts, no words stand
        out.
        """
        typed = _MARKED.split(text)
        whole = self.text("".join(typed))
        parts = [self._part(part) for part in typed]
        return parts if "".join(parts) == whole else [whole]

    def _part(self, text: str) -> str:
        # The spaces around it part it from its neighbours.
        bare = text.strip()
        before, _, after = text.partition(bare) if bare else (text, "", "")
        return f"{before}{self.text(bare)}{after}"

    def without_names(self, text: str) -> str:
        """Return the text with the names of those who are not to be on screen replaced."""
        return text if self.mentions is None else self.mentions.sub(SOMEBODY, text)
