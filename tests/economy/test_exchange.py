"""Viewers out to a file and in again."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from economy.ledger import audit
from economy.models import XP, Points, Transaction, Viewer
from economy.viewers import merging, wanted_balances
from economy.viewers.exchange import ViewerResource
from pixelbot_site.kit.csv_format import escaped, unescaped

pytestmark = pytest.mark.django_db

Make = Callable[..., Viewer]
IMPORT = "/admin/economy/viewer/import/"


@pytest.fixture
def fox() -> Client:
    """The streamer at the dashboard."""
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    return client


def hand_in(fox: Client, text: str, name: str = "viewers.csv") -> Any:
    formats = {"viewers.csv": "0", "viewers.json": "1"}
    return fox.post(IMPORT, {"import_file": SimpleUploadedFile(name, text.encode()), "format": formats[name]})


def confirm(fox: Client, answer: Any) -> None:
    form = answer.context["confirm_form"]
    assert fox.post("/admin/economy/viewer/process_import/", form.initial).status_code == 302


def test_an_import_shows_the_difference_first_and_then_writes_ledger_rows(fox: Client, viewer: Make) -> None:
    bob = viewer("Bob", points=10)
    viewer("Ann", points=5)
    answer = hand_in(fox, "username,points,xp\nBOB,25,150\nAnn,5,\nNew,7,0\n")
    page = answer.content.decode()
    totals = answer.context["result"].totals
    assert (totals["update"], totals["skip"], totals["new"]) == (1, 1, 1)
    assert "<ins" in page and Points.objects.get(viewer=bob).balance == 10
    assert not Viewer.objects.filter(key="new").exists()
    confirm(fox, answer)
    assert dict(Points.objects.values_list("viewer__key", "balance")) == {"bob": 25, "ann": 5, "new": 7}
    assert list(XP.objects.filter(viewer=bob).values_list("total", "level", "rewarded_level")) == [(150, 2, 2)]
    rows = Transaction.objects.filter(source="import").order_by("pk").values_list("viewer__key", "delta", "by")
    assert list(rows) == [("bob", 15, "fox"), ("new", 7, "fox")]
    assert list(audit.findings()) == []


@pytest.mark.parametrize(
    "row", ["Bob,-1,0", "Bob,many,0", f"Bob,{2**63},0", ",5,0", f"{'x' * 101},5,0", "B\x1b[2Jo,5,0", "ANN,6,6"]
)
def test_what_makes_no_sense_is_told_and_nothing_is_written(fox: Client, viewer: Make, row: str) -> None:
    viewer("Bob", points=10)
    answer = hand_in(fox, f"username,points,xp\nAnn,5,5\n{row}\n")
    assert "confirm_form" not in answer.context
    assert Points.objects.get().balance == 10


def test_a_file_is_imported_once_and_one_of_another_kind_gets_a_sentence(fox: Client, viewer: Make) -> None:
    form = hand_in(fox, "username,points\nBob,5\n").context["confirm_form"].initial
    for _ in range(2):
        answer = fox.post("/admin/economy/viewer/process_import/", form, follow=True)
    assert "This file was imported already" in answer.text and Points.objects.get(viewer__key="bob").balance == 5
    page = hand_in(fox, "username;points\nBob;5\n").text
    assert "The file needs a column" in page and "Traceback" not in page


def test_what_goes_out_comes_in_again_and_changes_nothing(fox: Client, viewer: Make) -> None:
    viewer("Bob", points=10)
    viewer("Ann", points=5)
    out = fox.post(
        "/admin/economy/viewer/export/",
        {"format": "1", "viewerresource_username": True, "viewerresource_points": True, "viewerresource_xp": True},
    )
    data = json.loads(out.content)
    assert sorted((row["username"], row["points"], row["xp"]) for row in data) == [("Ann", 5, 0), ("Bob", 10, 0)]
    answer = hand_in(fox, out.content.decode(), "viewers.json")
    confirm(fox, answer)
    assert Transaction.objects.filter(source="import").count() == 0


class TestWithoutHoldingTheDatabase:
    """Events go on being handled while a file is compared and imported."""

    @pytest.fixture(autouse=True)
    def small_pieces(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        """Two viewers in a piece; returns the pauses."""
        pauses: list[float] = []
        monkeypatch.setattr(wanted_balances, "PIECE", 2)
        monkeypatch.setattr("time.sleep", pauses.append)
        return pauses

    def statements(self, fox: Client, rows: int) -> list[str]:
        """Return the statements of comparing a file of so many rows, without those of the login."""
        with CaptureQueriesContext(connection) as asked:
            hand_in(fox, "username,points,xp\n" + "".join(f"Fan{number},7,7\n" for number in range(rows)))
        return [query["sql"] for query in asked]

    def test_comparing_writes_nothing_and_takes_as_many_statements_for_many_as_for_few(
        self, fox: Client, viewer: Make
    ) -> None:
        for number in range(0, 40, 2):
            viewer(f"fan{number}", points=5)
        self.statements(fox, 1)  # looks at the lamps, whose red lines hold for three seconds
        few, many = self.statements(fox, 4), self.statements(fox, 40)
        assert len(few) == len(many)
        assert not [sql for sql in many if not sql.startswith("SELECT")]

    @pytest.mark.django_db(transaction=True)
    def test_nobody_waits_for_the_comparison(self, fox: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        depths: list[bool] = []
        real = ViewerResource.get_instance

        def spied(*arguments: Any) -> Viewer | None:
            depths.append(connection.in_atomic_block)
            return real(*arguments)

        monkeypatch.setattr(ViewerResource, "get_instance", spied)
        confirm(fox, hand_in(fox, "username,points\nAnn,5\n"))
        assert depths == [False, False] and Points.objects.get().balance == 5

    def test_it_is_written_a_few_viewers_at_a_time(
        self, fox: Client, viewer: Make, small_pieces: list[float], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        viewer("Fan1", points=9)
        answer = hand_in(fox, "username,points,xp\n" + "".join(f"Fan{number},7,150\n" for number in range(5)))
        with CaptureQueriesContext(connection) as asked:
            confirm(fox, answer)
        ledger = [
            query["sql"] for query in asked if "INSERT INTO" in query["sql"] and "economy_transaction" in query["sql"]
        ]
        assert len(ledger) == 3 and len(small_pieces) == 2
        assert [f"set the balances of {done} of 5 viewers (import)" in caplog.text for done in (2, 4, 5)] == [True] * 3
        assert set(XP.objects.values_list("viewer__key", "total", "level", "rewarded_level")) == {
            (f"fan{number}", 150, 2, 2) for number in range(5)
        }
        assert set(Points.objects.values_list("balance", flat=True)) == {7}
        assert Transaction.objects.filter(source="import", delta=-2).count() == 1
        assert list(audit.findings()) == []

    def test_an_old_name_is_who_it_was_merged_into(self, fox: Client, viewer: Make) -> None:
        merging.merge(viewer("Old", points=3), viewer("New", points=4))
        confirm(fox, hand_in(fox, "username,points\nOLD,20\nFan,1\n"))
        assert dict(Points.objects.values_list("viewer__key", "balance")) == {"old": 0, "new": 20, "fan": 1}
        twice = hand_in(fox, "username,points\nOld,20\nNew,20\n")
        assert "confirm_form" not in twice.context

    def test_a_file_that_became_wrong_since_it_was_shown_writes_nothing(self, fox: Client, viewer: Make) -> None:
        old, new = viewer("Old", points=3), viewer("New", points=4)
        answer = hand_in(fox, "username,points\nFan,1\nOld,20\nNew,20\n")
        merging.merge(old, new)
        confirm(fox, answer)
        assert dict(Points.objects.values_list("viewer__key", "balance")) == {"old": 0, "new": 7}


NAMES = ["=1+1", "+1", "-1", "'=1", "''-1", "'quoted", '=HYPERLINK("http://x";"y")']


def test_no_name_is_a_formula_in_a_spreadsheet_and_all_come_in_again(fox: Client, viewer: Make) -> None:
    for points, name in enumerate(NAMES, 1):
        viewer(name, points=points)
    columns = {f"viewerresource_{column}": True for column in ("username", "points", "xp")}
    out = fox.post("/admin/economy/viewer/export/", {"format": "0", **columns}).content.decode()
    cells = [cell for row in csv.reader(out.splitlines()) for cell in row]
    assert len(cells) == 3 * (len(NAMES) + 1)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    confirm(fox, hand_in(fox, out))
    assert set(Viewer.objects.values_list("username", flat=True)) == set(NAMES)
    assert Transaction.objects.filter(source="import").count() == 0


@given(st.text(alphabet="'=+-@\t\ra1", max_size=6))
def test_what_is_escaped_is_harmless_and_can_be_taken_back(cell: str) -> None:
    assert not escaped(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unescaped(escaped(cell)) == cell
