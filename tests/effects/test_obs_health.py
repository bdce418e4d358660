"""What the dashboard says of OBS, and how soon the bot is connected again. A small server stands in for OBS."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client
from prometheus_client import REGISTRY
from pytest_django import Settings

from effects.obs import client, health, login, names
from effects.obs.client import OBS, obs
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.redis_cache import RedisCache
from tests.effects.pretended_obs import Studio
from tests.processes import free_port, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/admin/effects/obsconnection/1/change/"
AWAY = "OBS is not connected (nothing answers there: is OBS running, with its WebSocket server switched on?)"


@pytest.fixture
def fox() -> Client:
    """The streamer at the dashboard."""
    browser = Client()
    browser.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    return browser


@pytest.fixture
def port(settings: Settings) -> Iterator[int]:
    """The port at which the bot looks for OBS. Nothing listens there yet."""
    cache.clear()
    settings.OBS_ENABLED, settings.OBS_HOST, settings.OBS_PORT = True, "127.0.0.1", free_port()
    yield settings.OBS_PORT
    cache.clear()


class TestConnectingAgain:
    @pytest.fixture
    def line(self, port: int, monkeypatch: pytest.MonkeyPatch) -> OBS:
        """The bot's connection after an attempt that failed; its own next attempt is a minute away."""
        monkeypatch.setattr(client, "FIRST_RETRY", 60.0)
        obs().start()
        wait_until(lambda: obs()._attempts, "the first attempt has ended")
        return obs()

    def test_a_request_connects_at_once(self, port: int, line: OBS) -> None:
        with Studio().listening(port):
            assert line.ask("GetVersion")["obsVersion"]

    def test_requests_are_counted_by_what_became_of_them(self, port: int, line: OBS) -> None:
        studio = Studio()
        studio.refuses.add("StartRecord")

        def counted() -> dict[str, float]:
            names = [("pixelbot_obs_requests_total", {"outcome": end}) for end in ("answered", "refused", "failed")]
            names += [("pixelbot_obs_request_seconds_count", {}), ("pixelbot_obs_connected", {})]
            return {name + "".join(of.values()): REGISTRY.get_sample_value(name, of) or 0.0 for name, of in names}

        before = counted()
        with studio.listening(port):
            line.ask("GetVersion")
            with pytest.raises(client.Denied):
                line.ask("StartRecord")
            studio.is_frozen = True
            connected = counted()
            with pytest.raises(Failed):
                line.ask("GetVersion", within=0.05)
        after = counted()
        assert [after[name] - before[name] for name in before] == [1, 1, 1, 2, 0]
        assert (connected["pixelbot_obs_connected"], after["pixelbot_obs_connected"]) == (1, 0)

    def test_a_request_after_the_connection_broke_connects_at_once(self, port: int, line: OBS) -> None:
        with Studio().listening(port):
            line.ask("GetVersion")
        wait_until(lambda: line.away, "the connection is lost")
        with Studio().listening(port):
            assert line.ask("GetVersion")["obsVersion"]

    def test_a_request_waits_a_moment_for_what_answers_nothing(
        self, port: int, line: OBS, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "RETRY_WITHIN", 0.1)
        monkeypatch.setattr(login, "CONNECT_WITHIN", 2.0)
        with socket.create_server(("127.0.0.1", port)):
            began = time.monotonic()
            with pytest.raises(Failed, match="OBS is not connected"):
                line.ask("GetVersion")
            assert time.monotonic() - began < 1.5

    def test_a_test_that_succeeds_connects_the_bot(self, port: int, line: OBS, fox: Client) -> None:
        with Studio().listening(port):
            assert fox.post("/admin/effects/obsconnection/1/test/").status_code == 302
            wait_until(lambda: line.is_connected, "the bot is connected")

    def test_saving_the_address_connects_the_bot(self, line: OBS, fox: Client) -> None:
        with Studio().listening() as elsewhere:
            form = {"enabled": "true", "host": "", "port": elsewhere, "new_password": ""}
            assert fox.post(PAGE, form).status_code == 302
            wait_until(lambda: line.is_connected, "the bot is connected")

    def test_saving_another_address_moves_the_connection(self, port: int, line: OBS, fox: Client) -> None:
        other = Studio()
        with Studio().listening(port), other.listening() as elsewhere:
            line.ask("GetVersion")
            fox.post(PAGE, {"enabled": "true", "host": "", "port": elsewhere, "new_password": ""})
            wait_until(lambda: other.connections, "the bot is connected there")


class TestThePage:
    def test_it_says_that_obs_answers_and_which_version(self, port: int, fox: Client) -> None:
        with Studio().listening(port):
            assert f"The bot looks for OBS at 127.0.0.1:{port}. It answers: OBS 30.0." in fox.get(PAGE).text

    def test_it_says_that_nothing_answers_from_the_moment_that_obs_is_gone(self, port: int, fox: Client) -> None:
        with Studio().listening(port):
            obs().ask("GetVersion")
        assert AWAY in fox.get(PAGE).text

    def test_it_says_so_when_obs_is_frozen(self, port: int, fox: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(health, "ASK_WITHIN", 0.2)
        frozen = Studio()
        frozen.is_frozen = True
        with frozen.listening(port):
            page = fox.get(PAGE).text
            assert "OBS does not answer." in page and "It answers" not in page


class TestTheRedLine:
    def test_while_redis_is_away_it_is_not_known(self, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
        nobody = RedisCache("redis://127.0.0.1:1/0", {})
        monkeypatch.setattr(health, "cache", nobody)
        assert health.trouble().startswith("OBS is not connected (no worker has asked it lately): ")

    def test_there_is_none_while_obs_answers(self, port: int) -> None:
        with Studio().listening(port):
            names.check()
            assert health.trouble() == ""

    def test_it_comes_with_the_end_of_obs_and_goes_with_its_return(self, port: int) -> None:
        with Studio().listening(port):
            obs().ask("GetVersion")
        sentence = wait_until(health.trouble, "the loss is told")
        assert sentence.endswith(": effects that need it fail, and no redeem that needs it is sold.")
        with Studio().listening(port):
            names.check()
            assert health.trouble() == ""

    def test_a_process_without_a_connection_of_its_own_tells_what_the_workers_found(self, port: int) -> None:
        names.check()
        obs().stop()
        obs.cache_clear()  # as in the web server's process
        assert health.trouble() == f"{AWAY}: effects that need it fail, and no redeem that needs it is sold."
        with Studio().listening(port):
            names.check()
        obs().stop()
        obs.cache_clear()
        assert health.trouble() == ""

    def test_of_several_processes_the_web_servers_own_connection_tells_nothing(
        self, port: int, settings: Settings, fox: Client
    ) -> None:
        settings.EMBEDDED = False
        fox.post(f"{PAGE.removesuffix('change/')}test/")  # OBS does not answer where the web server is
        obs().start()
        cache.set(health.KEY, "", 60)  # as the workers' check stores it, which reach OBS
        assert health.trouble() == ""
        assert f"looks for OBS at 127.0.0.1:{port}. It answered, by the workers&#x27; last check." in fox.get(PAGE).text
        with Studio().listening(port):
            obs().ask("GetVersion")
            cache.set(health.KEY, AWAY, 60)
            assert health.trouble().startswith(AWAY) and f"{AWAY}, by the workers" in fox.get(PAGE).text

    def test_switched_off_obs_is_no_trouble(self, port: int, settings: Settings) -> None:
        names.check()
        settings.OBS_ENABLED = False
        assert health.trouble() == ""

    def test_the_dashboard_shows_it(self, port: int, fox: Client) -> None:
        names.check()
        assert AWAY in fox.get("/admin/").text
