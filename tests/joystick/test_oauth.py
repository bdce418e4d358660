"""Tokens: asked for, kept, renewed by one at a time, lost and found, against a platform that behaves as documented."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from authlib.integrations.base_client import OAuthError
from django.db import OperationalError
from django.db import connection as database
from django.utils import timezone

from economy.models import Cooldown
from joystick.account import authorize, oauth, scopes, tokens
from joystick.account.credentials import ChannelCredentials
from joystick.account.oauth import Declined, NoAnswer, NotSent
from joystick.models import Install
from joystick.simulator.site import Site
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.secrets_at_rest import seal, unseal
from tests.joystick.conftest import BACK, query_of
from tests.processes import at_once_in_processes, free_port
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

Connected = Callable[[], Install]
BOTH = pytest.mark.parametrize("is_public", [False, True], ids=["confidential", "public"])


def status_error(status: int) -> httpx2.HTTPStatusError:
    request = httpx2.Request("POST", "http://x/")
    return httpx2.HTTPStatusError("no", request=request, response=httpx2.Response(status, request=request))


def make_due(install: Install, *, left: float = 1) -> None:
    """More than half of the access token's life is over: so many hours are left."""
    now = timezone.now()
    Install.objects.filter(pk=install.pk).update(
        refreshed_at=now - timedelta(hours=3), expires_at=now + timedelta(hours=left)
    )
    install.refresh_from_db()


class TestConnecting:
    """From the consent page to a row."""

    @BOTH
    def test_the_consent_page_is_asked_with_everything_it_needs(self, site: Site) -> None:
        query = query_of(oauth.begin(BACK).url)
        assert query.pop("state") and len(query.pop("code_challenge")) == 43
        assert query == {
            "response_type": "code",
            "client_id": "the-client",
            "redirect_uri": BACK,
            "scope": "identity:read stream:read chat:read chat:write",
            "code_challenge_method": "S256",
        }

    @BOTH
    def test_a_code_becomes_an_install(self, connected: Connected, is_public: bool) -> None:
        install = connected()
        install.refresh_from_db()
        assert install.username == "HarbourFox" and install.channel_id.startswith("7860fca4")
        assert install.scopes == "identity:read stream:read chat:read chat:write"
        assert install.expires_at is not None and install.refreshed_at is not None
        life = timedelta(hours=4) if is_public else timedelta(days=10)
        assert abs(install.expires_at - install.refreshed_at - life) < timedelta(seconds=2)

    def test_connecting_again_keeps_one_row(self, connected: Connected) -> None:
        connected()
        connected()
        assert Install.objects.count() == 1

    def test_the_tokens_are_sealed_in_the_row(self, connected: Connected) -> None:
        install = connected()
        token = tokens.access_token(install)
        with database.cursor() as cursor:
            cursor.execute("SELECT * FROM joystick_install")
            row = str(cursor.fetchall())
        assert token not in row and unseal(install.refresh_token) not in row
        assert token.count(".") == 2

    def test_another_secret_key_opens_nothing_and_says_so(self, connected: Connected, settings: Any) -> None:
        install = connected()
        settings.SECRET_KEY = "another"
        with pytest.raises(Failed, match="SECRET_KEY has changed"):
            tokens.access_token(install)
        assert "SECRET_KEY has changed: enter it or connect again" in Install.objects.get().trouble

    @pytest.mark.parametrize("wrong", ["code", "verifier", "redirect_uri"])
    @BOTH
    def test_a_wrong_part_ends_it(self, site: Site, wrong: str) -> None:
        attempt = oauth.begin(BACK)
        given = {
            "code": site.accounts.allow(query_of(attempt.url)),
            "verifier": attempt.verifier,
            "redirect_uri": BACK,
        }
        given[wrong] += "x"
        with pytest.raises(Failed, match="gave no tokens"):
            authorize.finish(**given)
        assert not Install.objects.exists()

    def test_a_code_works_once(self, site: Site) -> None:
        attempt = oauth.begin(BACK)
        code = site.accounts.allow(query_of(attempt.url))
        authorize.finish(code, verifier=attempt.verifier, redirect_uri=BACK)
        with pytest.raises(Failed, match="invalid_grant"):
            authorize.finish(code, verifier=attempt.verifier, redirect_uri=BACK)

    def test_a_wrong_secret_is_said(self, connected: Connected, settings: Any) -> None:
        settings.JOYSTICK_CLIENT_SECRET = "wrong"
        with pytest.raises(Failed, match="invalid_client"):
            connected()

    @pytest.mark.parametrize(("is_public", "port"), [(True, 4711), (True, 8000)])
    def test_a_public_client_may_come_back_to_any_loopback_port(self, site: Site, port: int) -> None:
        back = f"http://localhost:{port}/admin/joystick/install/callback/"
        attempt = oauth.begin(back)
        code = site.accounts.allow(query_of(attempt.url))
        assert authorize.finish(code, verifier=attempt.verifier, redirect_uri=back).username == "HarbourFox"

    def test_an_expiry_above_a_thousand_million_is_a_moment(self, site: Site, connected: Connected) -> None:
        site.accounts.absolute_expiry = True
        install = connected()
        assert install.expires_at is not None
        assert abs(install.expires_at - timezone.now() - timedelta(days=10)) < timedelta(seconds=5)


class TestRenewing:
    """Ahead of the end, by one asker at a time."""

    @BOTH
    def test_a_token_is_renewed_when_half_its_life_is_over(self, site: Site, connected: Connected) -> None:
        install = connected()
        first = tokens.access_token(install)
        assert tokens.access_token(install) == first
        make_due(install)
        second = tokens.access_token(install)
        assert second != first
        assert site.accounts.scope_of(second) is not None
        assert site.accounts.refreshes == 1

    def test_the_schedule_renews_what_is_due(self, site: Site, connected: Connected) -> None:
        install = connected()
        tokens.renew_due()
        assert site.accounts.refreshes == 0
        make_due(install)
        tokens.renew_due()
        assert site.accounts.refreshes == 1

    def test_sixteen_threads_renew_once(self, site: Site, connected: Connected) -> None:
        install = connected()
        make_due(install, left=-1)
        got = at_once(16, lambda n: tokens.access_token(Install.objects.get()))
        assert len(set(got)) == 1
        assert site.accounts.refreshes == 1
        assert site.accounts.scope_of(str(got[0])) is not None

    def test_who_has_a_good_one_does_not_wait_for_anothers_renewal(self, connected: Connected) -> None:
        install = connected()
        make_due(install)
        Install.objects.update(refreshing_since=timezone.now())
        assert tokens.access_token(install) == unseal(install.access_token)

    def test_a_refused_refresh_marks_the_install_and_is_not_tried_again(
        self, site: Site, connected: Connected, caplog: pytest.LogCaptureFixture
    ) -> None:
        install = connected()
        site.accounts.revoke_all()
        make_due(install)
        tokens.renew_due()
        install.refresh_from_db()
        assert install.trouble == "Joystick.tv does not renew the connection (invalid_grant): connect the channel again"
        assert "needs reconnecting" in caplog.text
        asked = len(site.requests)
        tokens.renew_due()
        with pytest.raises(Failed):
            tokens.renew(install)
        assert len(site.requests) == asked
        assert ChannelCredentials().token() == unseal(install.access_token)  # used to its end
        Install.objects.update(expires_at=timezone.now())
        assert (ChannelCredentials().whose(), ChannelCredentials().token()) == (None, None)

    def test_a_channel_let_go_while_its_token_is_renewed_stays_let_go(
        self, site: Site, connected: Connected, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install = connected()
        real = oauth.refresh

        def slow(refresh_token: str) -> oauth.Grant:
            grant = real(refresh_token)
            authorize.disconnect(Install.objects.get())
            return grant

        monkeypatch.setattr(oauth, "refresh", slow)
        tokens.renew(install)
        assert Install.objects.get().access_token == ""
        assert site.accounts.scope_of(next(iter(site.accounts._installations[0].access))) is None

    @pytest.mark.parametrize("declined", [False, True])
    def test_a_channel_connected_anew_meanwhile_keeps_its_new_tokens(
        self, site: Site, connected: Connected, monkeypatch: pytest.MonkeyPatch, declined: bool
    ) -> None:
        install = connected()
        real, anew = oauth.refresh, []

        def slow(refresh_token: str) -> oauth.Grant:
            grant = real(refresh_token)
            anew.append(connected().access_token)
            if declined:
                raise Declined("invalid_grant")
            return grant

        monkeypatch.setattr(oauth, "refresh", slow)
        if declined:
            with pytest.raises(Failed):
                tokens.renew(install)
        else:
            tokens.renew(install)
        install.refresh_from_db()
        assert (install.access_token, install.trouble) == (anew[0], "")

    def test_the_only_good_pair_is_not_lost_to_a_busy_database(
        self, connected: Connected, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        install = connected()
        real, troubles = tokens._columns, iter([OperationalError("locked"), OperationalError("locked")])

        def columns(grant: oauth.Grant) -> dict[str, Any]:
            trouble = next(troubles, None)
            if trouble is not None:
                raise trouble
            return real(grant)

        monkeypatch.setattr(tokens, "_columns", columns)
        tokens.renew(install)
        assert caplog.text.count("trying again") == 2
        assert oauth.is_live(unseal(Install.objects.get().access_token))

    def test_a_lost_answer_is_looked_into_by_the_schedule(self, site: Site, connected: Connected) -> None:
        connected()
        Install.objects.update(refreshing_since=timezone.now() - tokens.LOST_AFTER - timedelta(seconds=1))
        tokens.renew_due()
        assert site.accounts.refreshes == 1

    def test_a_platform_that_is_away_is_asked_again_later(
        self, site: Site, connected: Connected, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        install = connected()
        make_due(install)
        there, settings.JOYSTICK_API_URL = settings.JOYSTICK_API_URL, f"http://127.0.0.1:{free_port()}"
        present = tokens.access_token(install)  # still good
        assert "will be renewed later" in caplog.text
        install.refresh_from_db()
        assert (install.trouble, install.refreshing_since) == ("", None)
        settings.JOYSTICK_API_URL = there
        assert tokens.access_token(install) == present  # it is not asked at every turn
        Cooldown.objects.all().delete()  # half a minute later
        assert tokens.access_token(install) != present

    def test_after_a_lost_answer_the_old_token_is_not_presented_again(
        self, site: Site, connected: Connected, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It was used up on the way: presenting it would revoke what is still good."""
        install = connected()
        site.accounts.lose_answers = 1
        make_due(install)
        with pytest.raises(Failed, match="got lost"):
            tokens.renew(install)
        assert site.accounts.scope_of(tokens.access_token(install)) is not None  # the present one is good for now
        monkeypatch.setattr(tokens, "WAIT_FOR_ANOTHER", 0.2)
        with pytest.raises(Failed, match="renewed later"):
            tokens.renew(install)
        Install.objects.update(refreshing_since=timezone.now() - tokens.LOST_AFTER - timedelta(seconds=1))
        install.refresh_from_db()
        with pytest.raises(Failed, match="connect the channel again"):
            tokens.renew(install)
        install.refresh_from_db()
        assert "connect the channel again" in install.trouble
        assert site.accounts.refreshes == 1
        assert site.accounts.scope_of(unseal(install.access_token)) is not None

    def test_a_renewal_that_never_arrived_is_repeated_after_asking(self, site: Site, connected: Connected) -> None:
        """Somebody died between the claim and the question: the old token still stands, and the platform says so."""
        install = connected()
        make_due(install)
        Install.objects.update(refreshing_since=timezone.now() - tokens.LOST_AFTER - timedelta(seconds=1))
        install.refresh_from_db()
        tokens.renew(install)
        assert site.accounts.refreshes == 1
        assert ("POST", "/api/oauth/introspect") in site.requests

    def test_connecting_again_mends_it(self, site: Site, connected: Connected) -> None:
        install = connected()
        site.accounts.revoke_all()
        make_due(install)
        tokens.renew_due()
        assert connected().trouble == ""
        assert tokens.access_token(install)

    @pytest.mark.parametrize(
        ("error", "raised"),
        [
            (httpx2.ConnectError("no"), NotSent),
            (httpx2.ReadTimeout("slow"), NoAnswer),
            (httpx2.RemoteProtocolError("gone"), NoAnswer),
            (ValueError("no JSON"), NoAnswer),
            (TypeError("a list"), NoAnswer),
            (AttributeError("null"), NoAnswer),
            (OAuthError("invalid_grant", "used"), Declined),
            (OAuthError("temporarily_unavailable"), NotSent),
            (OAuthError("server_error"), NoAnswer),
            (OAuthError({"code": 5}), NoAnswer),
            (status_error(401), Declined),
            (status_error(403), NoAnswer),
            (status_error(429), NotSent),
            (status_error(503), NoAnswer),
        ],
    )
    def test_what_is_known_of_a_question_that_failed(self, error: Exception, raised: type[Exception]) -> None:
        def step() -> None:
            raise error

        with pytest.raises(raised):
            oauth._ask(step)

    @pytest.mark.parametrize(
        "answer", [{}, {"access_token": "x"}, {"access_token": "x", "refresh_token": "y", "expires_in": "z"}]
    )
    def test_an_answer_without_tokens_is_none(self, answer: dict[str, Any]) -> None:
        with pytest.raises(NoAnswer):
            oauth._grant(answer)


RENEW = """
import django; django.setup()
from joystick.account import tokens
from joystick.models import Install
print(tokens.access_token(Install.objects.get()))
"""


@pytest.mark.journey
def test_four_processes_renew_once(site: Site, connected: Connected) -> None:
    install = connected()
    make_due(install, left=-1)
    got = set(
        at_once_in_processes(
            4,
            RENEW,
            JOYSTICK_API_URL=site.url,
            JOYSTICK_CLIENT_ID="the-client",
            JOYSTICK_CLIENT_SECRET="hush-secret",
        )
    )
    assert len(got) == 1 and "" not in got
    assert site.accounts.refreshes == 1


class TestAtTheStart:
    """Introspection."""

    def test_good_tokens_are_left_alone(self, site: Site, connected: Connected) -> None:
        connected()
        ChannelCredentials().check()
        assert site.requests[-1] == ("POST", "/api/oauth/introspect")
        assert site.accounts.refreshes == 0

    def test_expired_ones_are_renewed(self, site: Site, connected: Connected) -> None:
        install = connected()
        site.accounts.expire_access_tokens()
        ChannelCredentials().check()
        install.refresh_from_db()
        assert site.accounts.scope_of(unseal(install.access_token)) is not None

    def test_revoked_ones_are_marked(self, site: Site, connected: Connected) -> None:
        install = connected()
        site.accounts.revoke_all()
        ChannelCredentials().check()
        install.refresh_from_db()
        assert install.trouble

    def test_a_platform_that_is_away_is_only_logged(
        self, connected: Connected, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        connected()
        settings.JOYSTICK_API_URL = f"http://127.0.0.1:{free_port()}"
        ChannelCredentials().check()
        assert "could not be checked" in caplog.text


class TestDisconnecting:
    """Revoke, forget."""

    @BOTH
    def test_the_tokens_are_revoked_and_forgotten(self, site: Site, connected: Connected) -> None:
        install = connected()
        token = tokens.access_token(install)
        assert authorize.disconnect(install)
        install.refresh_from_db()
        assert (install.access_token, install.refresh_token) == ("", "")
        assert site.accounts.scope_of(token) is None
        with pytest.raises(Failed, match="not connected"):
            tokens.access_token(install)

    def test_without_the_platform_they_are_forgotten_all_the_same(self, connected: Connected, settings: Any) -> None:
        install = connected()
        settings.JOYSTICK_API_URL = f"http://127.0.0.1:{free_port()}"
        assert not authorize.disconnect(install)
        install.refresh_from_db()
        assert install.access_token == ""


class TestTheGatewaysToken:
    """What the socket is opened with, by setting."""

    @pytest.mark.parametrize(("kind", "is_jwt"), [("auto", True), ("jwt", True), ("basic", False)])
    def test_of_a_connected_channel(self, connected: Connected, settings: Any, kind: str, is_jwt: bool) -> None:
        settings.JOYSTICK_TOKEN_KIND = kind
        connected()
        token = ChannelCredentials().token() or ""
        assert (token.count(".") == 2) == is_jwt
        assert is_jwt or token == "dGhlLWNsaWVudDpodXNoLXNlY3JldA=="

    @pytest.mark.parametrize(("kind", "exists"), [("auto", True), ("jwt", False), ("basic", True)])
    def test_before_any_channel_is_connected(self, site: Site, settings: Any, kind: str, exists: bool) -> None:
        settings.JOYSTICK_TOKEN_KIND = kind
        assert (ChannelCredentials().whose() is not None) == (ChannelCredentials().token() is not None) == exists

    def test_a_channel_that_was_let_go_is_not_held_by_the_applications_key(self, connected: Connected) -> None:
        authorize.disconnect(connected())
        assert (ChannelCredentials().whose(), ChannelCredentials().token()) == (None, None)

    def test_whose_it_is_changes_with_every_connection(self, connected: Connected) -> None:
        connected()
        first = ChannelCredentials().whose()
        tokens.renew(Install.objects.get())
        assert ChannelCredentials().whose() == first
        connected()
        assert ChannelCredentials().whose() != first

    def test_a_given_token_wins(self, connected: Connected, settings: Any) -> None:
        connected()
        settings.JOYSTICK_GATEWAY_TOKEN = "mine"
        assert ChannelCredentials().token() == "mine"

    def test_one_that_was_refused_is_renewed(self, site: Site, connected: Connected) -> None:
        connected()
        refused = ChannelCredentials().token() or ""
        assert ChannelCredentials().renew(refused)
        assert ChannelCredentials().token() != refused
        assert ChannelCredentials().renew(refused)  # somebody did it already
        assert site.accounts.refreshes == 1
        authorize.disconnect(Install.objects.get())
        assert not ChannelCredentials().renew(refused)

    def test_a_basic_key_that_was_refused_can_not_be_renewed(self, connected: Connected, settings: Any) -> None:
        settings.JOYSTICK_TOKEN_KIND = "basic"
        connected()
        assert not ChannelCredentials().renew(ChannelCredentials().token() or "")


def test_no_secret_is_logged(site: Site, connected: Connected, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    install = connected()
    seen = [unseal(install.access_token), unseal(install.refresh_token)]
    make_due(install)
    tokens.renew_due()
    install.refresh_from_db()
    seen += [unseal(install.access_token), unseal(install.refresh_token), "hush-secret"]
    authorize.disconnect(install)
    ours = "\n".join(record.getMessage() for record in caplog.records)
    assert not [secret for secret in seen if secret in ours]


def test_a_sealed_secret_opens_again_and_nothing_stays_nothing() -> None:
    assert unseal(seal("a secret")) == "a secret"
    assert seal("") == unseal("") == ""
    assert seal("x") != seal("x")


class TestTheState:
    """What ties the browser that comes back to the one that was sent."""

    def test_no_two_attempts_share_their_state_or_verifier(self, site: Site) -> None:
        attempts = [oauth.begin(BACK) for _ in range(20)]
        assert len({attempt.state for attempt in attempts}) == len({attempt.verifier for attempt in attempts}) == 20
        assert min(len(attempt.state) for attempt in attempts) >= 43  # 32 random bytes
        assert min(len(attempt.verifier) for attempt in attempts) >= 43  # RFC 7636

    def test_the_state_that_must_come_back_is_the_one_that_was_sent(self, site: Site) -> None:
        attempt = oauth.begin(BACK)
        query = query_of(attempt.url)
        assert query["state"] == attempt.state
        assert attempt.verifier not in attempt.url


class TestScopes:
    """What the streamer granted is asked before the platform is."""

    def test_a_channel_that_was_not_connected_by_oauth_may_try_everything(self, db: None) -> None:
        Install.objects.create(channel_id="c")
        scopes.require_for_channel("chat:moderate", channel_id="c")

    def test_each_channel_has_scopes_of_its_own(self, db: None) -> None:
        Install.objects.create(channel_id="a", access_token="x", scopes="chat:write")
        Install.objects.create(channel_id="b", access_token="x", scopes="chat:read chat:writer")
        scopes.require_for_channel("chat:write", channel_id="a")
        with pytest.raises(Failed, match="the scope chat:write is missing"):
            scopes.require_for_channel("chat:write", channel_id="b")

    def test_without_a_channel_the_first_connected_one_counts(self, db: None) -> None:
        Install.objects.create(channel_id="a")
        Install.objects.create(channel_id="b", access_token="x", scopes="chat:read")
        with pytest.raises(Failed, match="JOYSTICK_SCOPES"):
            scopes.require_for_channel("chat:write")

    def test_what_the_platform_granted_wins_over_what_was_asked_for(
        self, site: Site, connected: Connected, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        issue = site.accounts._issue
        monkeypatch.setattr(site.accounts, "_issue", lambda installation: {**issue(installation), "scope": "chat:read"})
        assert connected().scopes == "chat:read"
        with pytest.raises(Failed, match="the scope stream:read is missing"):
            scopes.require(Install.objects.get(), "stream:read")


class TestTwoAtOnce:
    """A second caller while the first waits for the platform."""

    def test_the_second_takes_the_tokens_of_the_first(
        self, site: Site, connected: Connected, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The second one starts while the first one's answer is on its way."""
        install = connected()
        real, second_started = oauth.refresh, threading.Event()

        def slow(refresh_token: str) -> oauth.Grant:
            assert second_started.wait(10)
            return real(refresh_token)

        def renew(number: int) -> str:
            mine = Install.objects.get(pk=install.pk)
            tokens.renew(mine)
            return mine.access_token

        monkeypatch.setattr(oauth, "refresh", slow)
        await_other = tokens._await_other_renewal

        def waiting(other: Install, used: str) -> None:
            second_started.set()
            await_other(other, used)

        monkeypatch.setattr(tokens, "_await_other_renewal", waiting)
        first, second = at_once(2, renew)
        assert first == second == Install.objects.get().access_token != install.access_token
        assert site.accounts.refreshes == 1

    def test_the_second_hears_that_the_first_could_not_reach_the_platform(self, connected: Connected) -> None:
        install = connected()
        with pytest.raises(tokens.RenewalPostponed):
            tokens._await_other_renewal(install, install.refresh_token)  # the claim was given back

    def test_the_second_hears_that_the_first_was_refused(self, connected: Connected) -> None:
        install = connected()
        Install.objects.update(trouble="connect the channel again", refreshing_since=timezone.now())
        with pytest.raises(Failed, match="connect the channel again"):
            tokens._await_other_renewal(install, install.refresh_token)

    def test_a_fresh_claim_is_not_taken_over(
        self, site: Site, connected: Connected, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install = connected()
        monkeypatch.setattr(tokens, "WAIT_FOR_ANOTHER", 0.2)
        Install.objects.update(refreshing_since=timezone.now() - tokens.LOST_AFTER + timedelta(seconds=20))
        with pytest.raises(tokens.RenewalPostponed):
            tokens.renew(install)
        assert site.accounts.refreshes == 0


class TestWithoutAnswer:
    """Lost answers, and a platform that can't say what became of one."""

    def test_a_lost_answer_whose_fate_nobody_knows_is_asked_about_again(
        self, site: Site, connected: Connected, settings: Any
    ) -> None:
        install = connected()
        Install.objects.update(refreshing_since=timezone.now() - tokens.LOST_AFTER - timedelta(seconds=1))
        there, settings.JOYSTICK_API_URL = settings.JOYSTICK_API_URL, f"http://127.0.0.1:{free_port()}"
        with pytest.raises(tokens.RenewalPostponed):
            tokens.renew(install)
        row = Install.objects.get()
        assert row.trouble == "" and row.refreshing_since is not None  # it is still known that an answer got lost
        settings.JOYSTICK_API_URL = there
        Install.objects.update(refreshing_since=timezone.now() - tokens.LOST_AFTER - timedelta(seconds=1))
        tokens.renew(install)
        assert site.requests[-2:] == [("POST", "/api/oauth/introspect"), ("POST", "/api/oauth/token")]

    def test_one_channel_in_trouble_does_not_keep_another_from_its_renewal(
        self, site: Site, connected: Connected
    ) -> None:
        Install.objects.create(
            channel_id="0", username="Broken", access_token=seal("a"), refresh_token=seal("never issued")
        )
        make_due(connected())
        tokens.renew_due()
        assert site.accounts.refreshes == 1
        assert "connect the channel again" in Install.objects.get(username="Broken").trouble
        assert Install.objects.get(username="HarbourFox").trouble == ""

    def test_the_check_at_the_start_goes_on_after_one_that_fails(self, site: Site, connected: Connected) -> None:
        Install.objects.create(channel_id="0", username="Broken", access_token="not sealed", refresh_token="nor this")
        connected()
        site.accounts.expire_access_tokens()
        tokens.check()
        assert site.accounts.refreshes == 1

    def test_an_expired_token_is_not_handed_out_when_it_can_not_be_renewed(
        self, connected: Connected, settings: Any
    ) -> None:
        install = connected()
        make_due(install, left=-1)
        settings.JOYSTICK_API_URL = f"http://127.0.0.1:{free_port()}"
        with pytest.raises(tokens.RenewalPostponed):
            tokens.access_token(install)
        assert ChannelCredentials().token() is None

    def test_an_install_in_trouble_is_used_to_the_end_of_its_token_and_no_further(self, connected: Connected) -> None:
        install = connected()
        Install.objects.update(trouble="connect the channel again")
        assert tokens.access_token(install) == unseal(install.access_token)
        assert tokens.usable().exists()
        Install.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        with pytest.raises(Failed, match="connect the channel again"):
            tokens.access_token(install)
        assert not tokens.usable().exists()

    def test_a_channel_without_a_refresh_token_says_what_to_do(self, connected: Connected) -> None:
        install = connected()
        Install.objects.update(refresh_token="")
        install.refresh_from_db()
        with pytest.raises(Failed, match="no refresh token: connect the channel again"):
            tokens.renew(install)


def test_the_channel_connected_last_opens_the_socket(connected: Connected) -> None:
    install = connected()
    Install.objects.create(
        channel_id="older", access_token=seal("older"), connected_at=timezone.now() - timedelta(days=1)
    )
    assert ChannelCredentials().token() == unseal(install.access_token)
    assert ChannelCredentials().whose() == f"install {install.pk} of {install.connected_at}"


def test_a_setting_of_the_streamers_is_never_renewed(connected: Connected, site: Site, settings: Any) -> None:
    connected()
    settings.JOYSTICK_GATEWAY_TOKEN = "mine"
    assert not ChannelCredentials().renew("mine")
    assert ChannelCredentials().whose() == "setting" and site.accounts.refreshes == 0
