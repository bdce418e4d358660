"""CSV that a spreadsheet does not take for formulas: viewers choose their names."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import tablib
from import_export.formats import base_formats

# The second apostrophe of a name like '=x is its own: only so what goes out comes in unchanged.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")


def escaped(cell: Any) -> Any:
    """Return a text that begins as a formula does with an apostrophe before it; anything else unchanged."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def unescaped(cell: Any) -> Any:
    """Return what `escaped` was given."""
    return cell[1:] if isinstance(cell, str) and _ESCAPED.match(cell) else cell


class CSV(base_formats.CSV):
    """The stock CSV with formulas escaped on the way out, and taken back on the way in."""

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> Any:
        """Return the file's text."""
        return super().export_data(_mapped(dataset, escaped), **kwargs)

    def create_dataset(self, in_stream: Any, **kwargs: Any) -> tablib.Dataset:
        """Return the file's rows."""
        return _mapped(super().create_dataset(in_stream, **kwargs), unescaped)


def _mapped(dataset: tablib.Dataset, change: Callable[[Any], Any]) -> tablib.Dataset:
    rows = ([change(cell) for cell in row] for row in dataset)
    return tablib.Dataset(*rows, headers=dataset.headers, title=dataset.title)
