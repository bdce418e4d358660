"""A device that is disconnected."""

from __future__ import annotations

from joystick.protocol.events import Device
from joystick.reactions.kinds import Occasion, occasion


@occasion("device_disconnected", Device, only="device_disconnected", title="a device is disconnected", has_viewer=False)
def device_disconnected(event: Device) -> Occasion:
    """Return the occasion. The content of the event is not documented."""
    return Occasion(event.username)
