"""The connection to OBS: one per process, read by a thread of its own, with a time limit for every request.

obsws-python opens it and logs in. Its request methods are not used, because of two measured faults: it does not match
answers to requests, so that after one timeout every later call gets the answer of the one before; and it reads nothing
while idle, so that OBS waits five seconds for it on quitting. Here each request has an id, and every frame is read.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from contextlib import contextmanager
from functools import cache
from typing import Any

import websocket
from django.db import DatabaseError, connections

from effects.obs import counting, login
from effects.obs.address import Options, options
from effects.obs.login import CONNECTION_ERRORS, describe
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Failed

log = logging.getLogger("obs")

ANSWER_WITHIN = 3.0
# How long a request waits for the attempt to connect that it causes. More than OBS on any network takes for it.
RETRY_WITHIN = 1.0
FIRST_RETRY, LAST_RETRY = 1.0, 30.0
# obs-websocket's code while OBS loads its scenes; it answers a moment later.
NOT_READY = 207
READY_WITHIN = 5.0
OFF = "it is switched off"
LOOKING = "the bot is just looking for it"
AWAY = phrases.refusal("obs.away", "OBS is not connected ({reason})")
STARTING = phrases.refusal("obs.starting", "OBS is still starting")
NO_ANSWER = phrases.refusal("obs.no_answer", "OBS does not answer")
WENT_AWAY = phrases.refusal("obs.went_away", "OBS went away ({reason})")
ASK_AGAIN_EVERY = 0.05

Data = Mapping[str, Any]


class Denied(Failed):
    """OBS refused a request. `code` is obs-websocket's: 600 no such thing, 500 running, 501 not running."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class OBS:
    """The connection. Several threads may ask; their requests are sent one after another."""

    def __init__(self, read_options: Callable[[], Options] = options) -> None:
        self._read_options = read_options
        self._connected_to: Options | None = None
        self._ws: websocket.WebSocket | None = None
        self._waiting: dict[str, Future[Data]] = {}
        self._expected: list[tuple[str, Future[Data]]] = []
        self._ids = itertools.count(1)
        self._turn = threading.Lock()
        # Attempts to connect that have ended. A request that finds no connection waits for the next to end.
        self._attempts = 0
        self._attempt_ended = threading.Condition()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self.trouble = ""

    @property
    def is_connected(self) -> bool:
        """Return whether there is a connection now."""
        return self._ws is not None

    @property
    def is_running(self) -> bool:
        """Return whether its thread runs, and so knows whether OBS is there."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def away(self) -> str:
        """Return why there is no connection; "" if there is one."""
        return "" if self.is_connected and not self.trouble else AWAY(reason=self.trouble or LOOKING)

    def start(self) -> None:
        """Start the thread that connects and reconnects, unless it runs already."""
        with self._starting:
            if not self.is_running:
                self._stopping.clear()
                self._attempts = 0
                self._thread = threading.Thread(target=self._run, name="obs", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Close the connection and end its thread."""
        self._stopping.set()
        self._woken.set()
        self._drop()
        if self._thread is not None:
            self._thread.join(login.CONNECT_WITHIN)

    def wake(self) -> None:
        """Have the thread, if it runs, connect now and by the options of now, not only at its next attempt."""
        self.drop_if_reconfigured()
        self._woken.set()

    def drop_if_reconfigured(self) -> None:
        """Close the connection if its options have changed; the thread connects again by the new ones."""
        ws = self._ws
        if ws is not None and self._read_options() != self._connected_to:
            self._lose(ws, "its settings were changed")

    def ask(self, request: str, data: Data | None = None, *, within: float = ANSWER_WITHIN) -> Data:
        """Send a request of obs-websocket 5, and return the answer's data.

        Raise Denied if OBS refuses, Failed if it is away or silent for `within` seconds. While OBS loads its scenes
        (NOT_READY), ask again for READY_WITHIN seconds.
        """
        for _ in range(int(READY_WITHIN / ASK_AGAIN_EVERY)):
            try:
                with counting.counted(Denied):
                    return self._ask_once(request, data, within)
            except Denied as error:
                if error.code != NOT_READY:
                    raise
                self._stopping.wait(ASK_AGAIN_EVERY)
        raise Failed(STARTING())

    def ask_when_free(
        self, request: str, data: Data | None = None, *, busy_codes: tuple[int, ...], within: float = 3.0
    ) -> Data:
        """Ask, and ask again while OBS refuses with one of `busy_codes`.

        OBS sends no event when it has finished starting or stopping an output.
        """
        for _ in range(int(within / ASK_AGAIN_EVERY)):
            try:
                return self.ask(request, data)
            except Denied as error:
                if error.code not in busy_codes:
                    raise
                self._stopping.wait(ASK_AGAIN_EVERY)
        return self.ask(request, data)

    def poll_until(self, request: str, key: str, wanted: object, *, within: float = 3.0) -> bool:
        """Ask until the answer's `key` is `wanted`; return False if that takes longer than `within` seconds."""
        for _ in range(int(within / ASK_AGAIN_EVERY)):
            if self.ask(request).get(key) == wanted:
                return True
            self._stopping.wait(ASK_AGAIN_EVERY)
        return False

    @contextmanager
    def expecting(self, event: str) -> Iterator[Future[Data]]:
        """Yield a future for the next event called `event`, registered before the block causes it."""
        entry: tuple[str, Future[Data]] = (event, Future())
        self._expected.append(entry)
        try:
            yield entry[1]
        finally:
            self._expected.remove(entry)

    def _ask_once(self, request: str, data: Data | None, within: float) -> Data:
        self._wait_connected(within)
        with self._turn:
            ws, number = self._ws, str(next(self._ids))
            if ws is None:
                trouble = self.trouble  # the thread may connect in between
                raise Failed(AWAY(reason=trouble) if trouble else NO_ANSWER())
            answer: Future[Data] = Future()
            self._waiting[number] = answer
            try:
                body = {"requestType": request, "requestId": number, "requestData": dict(data or {})}
                ws.send(json.dumps({"op": 6, "d": body}))
                return _checked(request, answer.result(within))
            except NotInTime:
                # A frozen OBS may answer later; a new connection can't receive that answer.
                self._lose(ws, "OBS does not answer")
                raise Failed(NO_ANSWER()) from None
            except CONNECTION_ERRORS as error:
                self._lose(ws, describe(error))
                raise Failed(WENT_AWAY(reason=describe(error))) from error
            finally:
                self._waiting.pop(number, None)

    def _wait_connected(self, within: float) -> None:
        """Return when there is a connection, when an attempt to open one has failed, or after `within` seconds."""
        self.start()
        self.drop_if_reconfigured()
        with self._attempt_ended:
            attempts = self._attempts
            if attempts:  # else the thread has just begun with its first
                self._woken.set()
                within = min(within, RETRY_WITHIN)
            self._attempt_ended.wait_for(lambda: self.is_connected or self._attempts > attempts, within)

    def _run(self) -> None:
        pause = FIRST_RETRY
        while not self._stopping.is_set():
            if self._connect():
                pause = FIRST_RETRY
                self._read()
            if self._woken.wait(pause):
                self._woken.clear()
                pause = FIRST_RETRY
            else:
                pause = min(2 * pause, LAST_RETRY)

    def _connect(self) -> bool:
        try:
            target = self._read_options()
            if not target.enabled:
                raise Failed(OFF)
            ws = login.connect(target)
        except (*CONNECTION_ERRORS, Failed, DatabaseError) as error:
            self._record_trouble(describe(error))
            return False
        else:
            self.trouble = ""
            self._connected_to = target
            self._ws = ws
            log.info("connected to OBS at %s:%d", target.host, target.port)
            return True
        finally:
            connections.close_all()  # reading the options opened one in this thread
            with self._attempt_ended:
                self._attempts += 1
                self._attempt_ended.notify_all()

    def _read(self) -> None:
        ws = self._ws
        if self._stopping.is_set():  # `stop` found no connection to close: this one was being opened
            self._drop()
        try:
            while ws is not None and self._ws is ws:
                opcode, payload = ws.recv_data()
                if opcode == websocket.ABNF.OPCODE_CLOSE:
                    raise websocket.WebSocketConnectionClosedException("OBS closed the connection")
                self._dispatch(json.loads(payload))
        except CONNECTION_ERRORS as error:
            if ws is not None:
                self._lose(ws, describe(error))

    def _dispatch(self, frame: Data) -> None:
        body = frame["d"]
        if frame["op"] == 7:  # RequestResponse
            # None: its request has timed out.
            answer = self._waiting.pop(body["requestId"], None)
            if answer is not None:
                answer.set_result(body)
        elif frame["op"] == 5:  # Event
            for name, future in list(self._expected):
                if name == body["eventType"] and not future.done():
                    future.set_result(body.get("eventData") or {})

    def _lose(self, ws: websocket.WebSocket, reason: str) -> None:
        if self._ws is ws:  # else another thread has dropped it, said why, and perhaps opened the next
            self._record_trouble(reason)
            self._drop()

    def _record_trouble(self, reason: str) -> None:
        if reason != self.trouble:  # once, not with every attempt to connect
            log.log(logging.INFO if reason == OFF else logging.WARNING, "no connection to OBS: %s", reason)
        self.trouble = reason

    def _drop(self) -> None:
        ws, self._ws = self._ws, None
        for future in [*self._waiting.values(), *(future for _, future in self._expected)]:
            if not future.done():
                with contextlib.suppress(Exception):  # the reading thread answered it just now
                    future.set_exception(OSError("the connection broke"))
        if ws is not None:
            login.hang_up(ws)


def scenes(target: Options) -> list[str]:
    """Return the scenes of the OBS at `target`, over a connection of its own. Raise Failed if that fails."""
    trial = OBS(lambda: target)
    within = login.CONNECT_WITHIN + 1  # so that the reason is the one that connecting gives
    try:
        # OBS lists its scenes from the bottom up.
        return [scene["sceneName"] for scene in reversed(trial.ask("GetSceneList", within=within)["scenes"])]
    finally:
        trial.stop()


def _checked(request: str, answer: Data) -> Data:
    status = answer["requestStatus"]
    if status["result"]:
        return answer.get("responseData") or {}
    code = int(status["code"])
    comment = str(status.get("comment") or f"{request} was refused ({code})").rstrip(".")
    raise Denied(f"OBS refused: {comment}", code)


@cache
def obs() -> OBS:
    """Return this process's connection, which opens with the first request."""
    return OBS()


counting.CONNECTED.set_function(lambda: float(bool(obs.cache_info().currsize) and obs().is_connected))
