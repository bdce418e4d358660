"""A device that is disconnected."""

from __future__ import annotations

from joystick.protocol.events import Device
from joystick.reactions.kinds import Occasion, occasion


@occasion("device_disconnected", Device, title="a device is disconnected", has_viewer=False)
def device_disconnected(event: Device) -> Occasion | None:
    """Return the occasion; None for the device's other news, whose content is not documented."""
    if event.kind != "device_disconnected":
        return None
    return Occasion(event.username)
