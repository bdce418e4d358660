"""Wrong files are refused, each with a sentence."""

from __future__ import annotations

import time

import pytest

from effects.media import library
from pixelbot_site.kit.errors import Failed
from tests.media.wrong_files import Wrong, wrong_files

WRONG = wrong_files()


def test_there_are_forty_wrong_files_that_differ() -> None:
    assert len({wrong.data for wrong in WRONG}) >= 40


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: ascii(wrong.name))
def test_a_wrong_file_is_refused_soon_with_a_sentence(wrong: Wrong) -> None:
    began = time.monotonic()
    with pytest.raises(Failed) as refused:
        library.inspect(wrong.data)
    assert wrong.sentence in str(refused.value)
    assert time.monotonic() - began < 20
