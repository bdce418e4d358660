"""A line of text of the streamer's own, with words that are filled in."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from pydantic import Field

from effects.models import QUEUED, QueueItem
from effects.overlays import facts
from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget
from effects.overlays.stream_figures import words
from pixelbot_site.kit.words import fill


class Text(Options):
    """The text.

    Words besides those of every text: {tips}, {tokens}, {followers}, {subscriptions} and {viewers} of this stream;
    {waiting}; {top_tipper}, {latest_tipper}, {latest_follower}, {latest_subscriber}. Other braces stay as they are.
    """

    text: str = Field("{followers} new followers tonight", max_length=300)


def _stamp(options: Text) -> Hashable:
    # The dashboard changes counters, too, without an event.
    counted = tuple(facts.counters().items()) if "{counter:" in options.text else ()
    return facts.mark(), QueueItem.objects.filter(state__in=QUEUED).count(), counted


@widget("text", title="Text", box=Box(2, 3, 27, 6), vertical=Box(3, 20.5, 94, 3.5), options=Text, stamp=_stamp, every=1)
def text(options: Text, screen: OnScreen) -> dict[str, Any]:
    """Return the text with its words filled in."""
    return {"text": fill(screen.text(options.text), words(screen))}
