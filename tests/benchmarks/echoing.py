"""A client that answers each chat line at once, and does nothing else: the floor for a reply (`tests.benchmarks.replying`).

Usage: `python -m tests.benchmarks.echoing URL`.
"""

from __future__ import annotations

import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

IDENTIFIER = json.dumps({"channel": "GatewayChannel", "event_version": "v2"})


async def echo(url: str) -> None:
    """Subscribe, and answer until the connection ends."""
    protocol = Subprotocol("actioncable-v1-json")
    async with connect(f"{url}?token=x", subprotocols=[protocol], compression=None, proxy=None) as socket:
        await socket.send(json.dumps({"command": "subscribe", "identifier": IDENTIFIER}))
        async for text in socket:
            message = json.loads(text).get("message")
            if isinstance(message, dict) and message.get("text") == "!points":
                data = json.dumps({"action": "send_message", "text": "5 points", "channel_id": "c"})
                await socket.send(json.dumps({"command": "message", "identifier": IDENTIFIER, "data": data}))


if __name__ == "__main__":
    asyncio.run(echo(sys.argv[1]))
