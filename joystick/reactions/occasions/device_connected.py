"""A device that is connected."""

from __future__ import annotations

from joystick.protocol.events import Device
from joystick.reactions.kinds import Occasion, occasion


@occasion("device_connected", Device, only="device_connected", title="a device is connected", has_viewer=False)
def device_connected(event: Device) -> Occasion:
    """Return the occasion. The content of the event is not documented."""
    return Occasion(event.username)
