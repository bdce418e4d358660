"""A small server that stands in for OBS where a real one would be slow, or can't be made to answer so."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.server import ServerConnection, serve


class Studio:
    """What the stand-in for OBS shows, what it refuses, and what it was asked."""

    def __init__(self) -> None:
        self.scene = "Game"
        self.muted = False
        self.visible = True
        self.item_id = 7
        self.collection = "Evening"
        self.grey = True
        self.is_frozen = False
        self.refuses: set[str] = set()
        self.asked: list[str] = []
        self.connections = 0

    def state(self) -> tuple[object, ...]:
        """Return what the effects can change."""
        return self.scene, self.muted, self.visible, self.grey

    def answer(self, request: str, data: dict[str, Any]) -> dict[str, Any] | None:
        """Return the answer's data; None: refused."""
        self.asked.append(request)
        if request in self.refuses:
            return None
        if request == "SetCurrentProgramScene":
            self.scene = data["sceneName"]
        elif request == "SetInputMute":
            self.muted = data["inputMuted"]
        elif request == "SetSceneItemEnabled" and data["sceneItemId"] == self.item_id:
            self.visible = data["sceneItemEnabled"]
        elif request == "SetSourceFilterEnabled":
            self.grey = data["filterEnabled"]
        return {
            "currentProgramSceneName": self.scene,
            "currentSceneCollectionName": self.collection,
            "inputMuted": self.muted,
            "sceneItemEnabled": self.visible,
            "filterEnabled": self.grey,
            "sceneItemId": self.item_id,
            "scenes": [{"sceneName": "Kitchen"}, {"sceneName": "Game"}],
            "inputs": [{"inputName": "Music"}, {"inputName": "Lamp"}],
            "obsVersion": "30.0",
            "sceneItems": [{"sourceName": "Lamp"}, {"sourceName": "Picture"}],
        }

    def hold(self, connection: ServerConnection) -> None:
        """Speak obs-websocket 5 on one connection."""
        self.connections += 1
        connection.send(json.dumps({"op": 0, "d": {"obsWebSocketVersion": "5", "rpcVersion": 1}}))
        connection.recv()
        connection.send(json.dumps({"op": 2, "d": {"negotiatedRpcVersion": 1}}))
        for text in connection:
            if self.is_frozen:
                continue
            asked = json.loads(text)["d"]
            data = self.answer(asked["requestType"], asked["requestData"])
            status = {"result": data is not None, "code": 600, "comment": "No such thing."}
            body = {"requestId": asked["requestId"], "requestStatus": status, "responseData": data}
            connection.send(json.dumps({"op": 7, "d": body}))

    @contextmanager
    def listening(self, port: int = 0) -> Iterator[int]:
        """Answer at `port`, by default a free one; yield it."""
        with serve(self.hold, "127.0.0.1", port) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield server.socket.getsockname()[1]
            finally:
                server.shutdown()
