"""{point.name} and {points.name}: what one point is called, and what several are."""

from __future__ import annotations

from economy.settings_table import PointsSettings
from pixelbot_site.kit.words import Value, Values, word


@word("point.name", does="what one of your points is called", missing=str)
def point_name(values: Values, argument: str) -> Value:
    """Return the name of one point."""
    return PointsSettings.current().one_point


@word("points.name", does="what your points are called", missing=str)
def points_name(values: Values, argument: str) -> Value:
    """Return the name of several points."""
    return PointsSettings.current().several_points
