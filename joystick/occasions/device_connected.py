"""A device that is connected."""

from __future__ import annotations

from joystick.protocol.events import Device
from joystick.reactions.kinds import Occasion, occasion


@occasion("device_connected", Device, title="a device is connected", has_viewer=False)
def device_connected(event: Device) -> Occasion | None:
    """Return the occasion; None for the device's other news, whose content is not documented."""
    if event.kind != "device_connected":
        return None
    return Occasion(event.username)
