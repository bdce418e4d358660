"""A real OBS Studio on a virtual screen, with a configuration of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from effects.obs.address import Options
from effects.obs.client import OBS
from tests.processes import free_port, missing_part, wait_until

PASSWORD = "a-secret-of-the-tests"
GLOBAL = """[General]
FirstRun=true
LastVersion=503316480
EnableAutoUpdates=false
ConfirmOnExit=false

[Basic]
Profile=Tests
ProfileDir=Tests
SceneCollection=Tests
SceneCollectionFile=Tests

[OBSWebSocket]
FirstLoad=false
ServerEnabled=true
ServerPort={port}
AlertsEnabled=false
AuthRequired=true
ServerPassword={password}
"""
PROFILE = """[General]
Name=Tests

[Output]
Mode=Simple

[Video]
BaseCX=320
BaseCY=180
OutputCX=320
OutputCY=180
FPSType=1
FPSInt=10

[SimpleOutput]
FilePath={videos}
RecFormat2=mkv
RecFormat=mkv
VBitrate=300
RecRB=true
RecRBTime=5
RecRBSize=32
StreamEncoder=x264
RecQuality=Stream
UseAdvanced=true
x264Settings=keyint=10
"""


class RealOBS:
    """The process of an OBS with a configuration folder of its own."""

    def __init__(self, folder: Path, display: str, port: int) -> None:
        self.folder, self.display, self.port = folder, display, port
        self.videos = folder / "videos"
        self.process: subprocess.Popen[bytes] | None = None
        profile = folder / "obs-studio" / "basic" / "profiles" / "Tests"
        profile.mkdir(parents=True)
        self.videos.mkdir()
        (folder / "obs-studio" / "global.ini").write_text(GLOBAL.format(port=port, password=PASSWORD))
        (profile / "basic.ini").write_text(PROFILE.format(videos=self.videos))

    @property
    def options(self) -> Options:
        """Return the address and password of its websocket."""
        return Options(True, "127.0.0.1", self.port, PASSWORD)

    def start(self) -> RealOBS:
        """Start it and wait until its port answers."""
        environment = {**os.environ, "XDG_CONFIG_HOME": str(self.folder), "HOME": str(self.folder)}
        environment |= {"DISPLAY": self.display, "LIBGL_ALWAYS_SOFTWARE": "1", "XDG_RUNTIME_DIR": str(self.folder)}
        with (self.folder / "obs.log").open("ab") as log:
            self.process = subprocess.Popen(
                ["obs", "--multi", "--disable-updater", "--profile", "Tests", "--collection", "Tests"],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._answers, "OBS opens its port", within=40)
        return self

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal. On SIGINT it quits in order; after SIGSTOP wait until all of its threads stand still."""
        assert self.process is not None
        self.process.send_signal(number)
        if number == signal.SIGSTOP:  # its threads stop one after the other
            threads = Path(f"/proc/{self.process.pid}/task")
            wait_until(lambda: all(_state(thread) == "T" for thread in threads.iterdir()), "OBS stands still")

    def wait_gone(self, within: float = 20) -> None:
        """Wait until its process has ended."""
        assert self.process is not None
        self.process.wait(within)

    def stop(self) -> None:
        """Kill it, also when it is stopped."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait(10)

    def _answers(self) -> bool:
        assert self.process is not None and self.process.poll() is None, (self.folder / "obs.log").read_text()[-3000:]
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def running_obs(folder: Path) -> Iterator[RealOBS]:
    """Run OBS with two scenes, a text, a colour with a filter, and a replay buffer."""
    if shutil.which("obs") is None or shutil.which("Xvfb") is None:
        missing_part("OBS is not installed here: apt-get install obs-studio xvfb libgl1-mesa-dri")
    with virtual_screen() as display:
        obs = RealOBS(folder, display, free_port())
        try:
            furnish(obs.start())
            yield obs
        finally:
            obs.stop()


def furnish(real: RealOBS) -> None:
    """Create the scenes and sources that the tests use, unless they are there."""
    line = OBS(lambda: real.options)
    try:
        have = {scene["sceneName"] for scene in line.ask("GetSceneList")["scenes"]}
        for scene in ("Game", "Kitchen"):
            if scene not in have:
                line.ask("CreateScene", {"sceneName": scene})
        inputs = {row["inputName"] for row in line.ask("GetInputList")["inputs"]}
        if "Lamp" not in inputs:
            for name, kind in (("Lamp", "color_source_v3"), ("Words", "text_ft2_source_v2")):
                line.ask("CreateInput", {"sceneName": "Game", "inputName": name, "inputKind": kind})
            grey = {"sourceName": "Lamp", "filterName": "Grey", "filterKind": "color_filter_v2"}
            line.ask("CreateSourceFilter", grey)
            line.ask("CreateInput", {"sceneName": "Game", "inputName": "Music", "inputKind": "ffmpeg_source"})
        line.ask("SetCurrentProgramScene", {"sceneName": "Game"})
    finally:
        line.stop()


@contextmanager
def virtual_screen() -> Iterator[str]:
    """Run an X server without a screen; yield the name of its display."""
    read, write = os.pipe()
    with subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "800x600x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    ) as server:
        os.close(write)
        with os.fdopen(read) as display_number:
            display = f":{display_number.readline().strip()}"
        try:
            yield display
        finally:
            server.terminate()


def _state(thread: Path) -> str:
    return (thread / "stat").read_text().rpartition(")")[2].split()[0]
