"""OBS: one supervised connection a process, with a thread of its own that always reads, and calls with an end.

obsws-python connects and identifies. Its own calls are not used, for what was measured of them: it does not look whose
answer it reads, so that one timeout gives every later call the answer of the one before; and while it is idle it reads
nothing, so that OBS waits five seconds for it on quitting. Here every request has its id, and every frame is read.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from contextlib import contextmanager
from functools import cache
from typing import Any

import websocket
from django.db import connections
from obsws_python.baseclient import ObsClient
from obsws_python.error import OBSSDKError

from effects.obs.address import Options, options
from pixelbot_site.kit.errors import Failed

log = logging.getLogger("obs")

CONNECT_WITHIN = 5.0
ANSWER_WITHIN = 3.0
FIRST_RETRY, LAST_RETRY = 1.0, 30.0
NOT_READY = 207
"""obs-websocket's code while OBS still loads its scenes; soon after it answers."""
READY_WITHIN = 5.0
OFF = "it is switched off"
ASK_AGAIN_EVERY = 0.05
GENERAL_AND_OUTPUT_EVENTS = 1 | 1 << 6
TROUBLE = (OBSSDKError, websocket.WebSocketException, OSError, ValueError, KeyError, TypeError)
"""What a connection raises when it breaks, all told. A close frame read as text is a ValueError."""

Data = Mapping[str, Any]


class Denied(Failed):
    """OBS answered, and would not. `code` is obs-websocket's: 600 no such thing, 500 running, 501 not running."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


class OBS:
    """The connection. Threads ask, one after another; none waits longer than `within`."""

    def __init__(self, where: Callable[[], Options] = options) -> None:
        self._where = where
        self._connected_to: Options | None = None
        self._ws: websocket.WebSocket | None = None
        self._waiting: dict[str, Future[Data]] = {}
        self._expected: list[tuple[str, Future[Data]]] = []
        self._ids = itertools.count(1)
        self._turn = threading.Lock()
        self._tried = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self.trouble = "not connected yet"

    @property
    def is_connected(self) -> bool:
        """Does the line stand?"""
        return self._ws is not None

    def start(self) -> None:
        """Begin to connect, and to go on doing so. Called again it does nothing."""
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._stopping.clear()
                self._tried.clear()
                self._thread = threading.Thread(target=self._run, name="obs", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the connection and its thread."""
        self._stopping.set()
        self._drop()
        if self._thread is not None:
            self._thread.join(CONNECT_WITHIN)

    def heed_changes(self) -> None:
        """Drop the line when OBS was switched off, or is somewhere else now."""
        ws = self._ws
        if ws is not None and self._where() != self._connected_to:
            self._lose(ws, "its settings were changed")

    def ask(self, request: str, data: Data | None = None, *, within: float = ANSWER_WITHIN) -> Data:
        """OBS's answer to a request of obs-websocket 5. Raises Denied when OBS refuses, Failed when it is not there.

        "Not ready" (OBS is still loading) is asked again, for a few seconds.
        """
        for _ in range(int(READY_WITHIN / ASK_AGAIN_EVERY)):
            try:
                return self._ask_once(request, data, within)
            except Denied as error:
                if error.code != NOT_READY:
                    raise
                self._stopping.wait(ASK_AGAIN_EVERY)
        raise Failed("OBS is still starting")

    def ask_soon(self, request: str, data: Data | None = None, *, unless: tuple[int, ...], within: float = 3.0) -> Data:
        """The same, asked again while OBS answers with one of the codes `unless`: it is still starting or stopping
        something, and tells nobody when that is over.
        """
        for _ in range(int(within / ASK_AGAIN_EVERY)):
            try:
                return self.ask(request, data)
            except Denied as error:
                if error.code not in unless:
                    raise
                self._stopping.wait(ASK_AGAIN_EVERY)
        return self.ask(request, data)

    def becomes(self, request: str, key: str, wanted: object, *, within: float = 3.0) -> bool:
        """Ask until the answer's `key` is `wanted`; False when that does not come to pass in time."""
        for _ in range(int(within / ASK_AGAIN_EVERY)):
            if self.ask(request).get(key) == wanted:
                return True
            self._stopping.wait(ASK_AGAIN_EVERY)
        return False

    @contextmanager
    def expecting(self, event: str) -> Iterator[Future[Data]]:
        """The next event of that name, from before whatever in the block brings it about."""
        entry: tuple[str, Future[Data]] = (event, Future())
        self._expected.append(entry)
        try:
            yield entry[1]
        finally:
            self._expected.remove(entry)

    def _ask_once(self, request: str, data: Data | None, within: float) -> Data:
        self.start()
        self._tried.wait(CONNECT_WITHIN + 1)
        self.heed_changes()
        with self._turn:
            ws, number = self._ws, str(next(self._ids))
            if ws is None:
                raise Failed(f"OBS is not connected ({self.trouble})")
            answer: Future[Data] = Future()
            self._waiting[number] = answer
            try:
                told = {"requestType": request, "requestId": number, "requestData": dict(data or {})}
                ws.send(json.dumps({"op": 6, "d": told}))
                return _checked(request, answer.result(within))
            except NotInTime:
                # Whatever it does, this line is not to be trusted any more.
                self._lose(ws, "OBS does not answer")
                raise Failed("OBS does not answer") from None
            except TROUBLE as error:
                self._lose(ws, _sentence(error))
                raise Failed(f"OBS went away ({_sentence(error)})") from error
            finally:
                self._waiting.pop(number, None)

    def _run(self) -> None:
        pause = FIRST_RETRY
        while not self._stopping.is_set():
            try:
                self._connect()
            except (*TROUBLE, Failed) as error:
                self._note(_sentence(error))
            else:
                pause = FIRST_RETRY
                self._read()
            finally:
                connections.close_all()
                self._tried.set()
            self._stopping.wait(pause)
            pause = min(2 * pause, LAST_RETRY)

    def _connect(self) -> None:
        where = self._where()
        if not where.enabled:
            raise Failed(OFF)
        ws = connect(where)
        self.trouble = ""
        self._connected_to, self._ws = where, ws
        self._tried.set()
        log.info("connected to OBS at %s:%d", where.host, where.port)

    def _read(self) -> None:
        ws = self._ws
        try:
            while ws is not None and self._ws is ws:
                opcode, payload = ws.recv_data()
                if opcode == websocket.ABNF.OPCODE_CLOSE:
                    raise websocket.WebSocketConnectionClosedException("OBS closed the line")
                self._hear(json.loads(payload))
        except TROUBLE as error:
            if ws is not None:
                self._lose(ws, _sentence(error))

    def _hear(self, frame: Data) -> None:
        body = frame["d"]
        if frame["op"] == 7:
            waiting = self._waiting.pop(body["requestId"], None)
            if waiting is not None:
                waiting.set_result(body)
        elif frame["op"] == 5:
            for name, future in list(self._expected):
                if name == body["eventType"] and not future.done():
                    future.set_result(body.get("eventData") or {})

    def _lose(self, ws: websocket.WebSocket, why: str) -> None:
        if self._ws is ws:
            self._note(why)
        self._drop()

    def _note(self, why: str) -> None:
        if why != self.trouble:
            log.log(logging.INFO if why == OFF else logging.WARNING, "no connection to OBS: %s", why)
        self.trouble = why

    def _drop(self) -> None:
        ws, self._ws = self._ws, None
        for future in [*self._waiting.values(), *(future for _, future in self._expected)]:
            if not future.done():
                with contextlib.suppress(Exception):  # it was answered in this very moment
                    future.set_exception(OSError("the line to OBS broke"))
        if ws is not None:
            hang_up(ws)


def hang_up(ws: websocket.WebSocket) -> None:
    """Close the line, and wake the thread that reads from it: to close a socket alone does not."""
    with contextlib.suppress(*TROUBLE):
        ws.send_close()
    with contextlib.suppress(*TROUBLE):
        if ws.sock is not None:
            ws.sock.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(*TROUBLE):
        ws.shutdown()  # type: ignore[no-untyped-call]


def connect(where: Options) -> websocket.WebSocket:
    """A line that OBS has let in. Raises whatever of TROUBLE happens."""
    client = ObsClient(
        host=where.host,
        port=where.port,
        password=where.password,
        timeout=CONNECT_WITHIN,
        subs=GENERAL_AND_OUTPUT_EVENTS,
    )
    client.authenticate()
    client.ws.settimeout(None)
    ws: websocket.WebSocket = client.ws
    return ws


def scenes(where: Options) -> list[str]:
    """The scenes of the OBS at `where`, over a line of their own: for the dashboard's test. Raises Failed."""
    trial = OBS(lambda: where)
    try:
        return [scene["sceneName"] for scene in reversed(trial.ask("GetSceneList")["scenes"])]
    finally:
        trial.stop()


def _checked(request: str, answer: Data) -> Data:
    status = answer["requestStatus"]
    if status["result"]:
        return answer.get("responseData") or {}
    code = int(status["code"])
    raise Denied(f"OBS would not: {status.get('comment') or f'{request} was refused ({code})'}", code)


def _sentence(error: Exception) -> str:
    if isinstance(error, OBSSDKError):
        return "OBS did not let us in: is the password right?"
    if isinstance(error, ConnectionRefusedError):
        return "nothing answers there: is OBS running, with its WebSocket server switched on?"
    if isinstance(error, websocket.WebSocketBadStatusException):
        return "something answers there, but it is not OBS"
    if isinstance(error, websocket.WebSocketTimeoutException | TimeoutError):
        return "OBS does not answer"
    return str(error) or type(error).__name__


@cache
def obs() -> OBS:
    """The process's one connection. It is made with the first thing to ask."""
    return OBS()
