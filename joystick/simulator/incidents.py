"""What may go wrong with the server itself, in the scenario's time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from joystick.simulator.server import Simulator

Incident = Callable[[Simulator], Awaitable[None]]


async def drop(simulator: Simulator) -> None:
    """The connection goes without a word."""
    await simulator.flush()
    await simulator.disconnect("drop")


async def end_without_a_frame(simulator: Simulator) -> None:
    """A bare close 1000, which means nothing."""
    await simulator.disconnect("close")


async def restart(simulator: Simulator) -> None:
    """The server says that it restarts."""
    await simulator.disconnect("frame", reason="server_restart")


async def last_goodbye(simulator: Simulator) -> None:
    """The server says not to come back; with a fresh token one may."""
    await simulator.disconnect("frame", reason="unauthorized", reconnect=False)


async def token_expires(simulator: Simulator) -> None:
    """The token's time is over, and the connection is ended for it."""
    if simulator.accounts is not None:
        simulator.accounts.expire_access_tokens()
    await simulator.disconnect("close")


async def freeze(simulator: Simulator) -> None:
    """Ten seconds of nothing."""
    await simulator.flush()
    simulator.freeze()
    await simulator.sleep(10)
    simulator.thaw()


async def reject(simulator: Simulator) -> None:
    """Subscriptions are rejected for ten seconds."""
    simulator.options.reject = True
    await simulator.disconnect("close")
    await simulator.sleep(10)
    simulator.options.reject = False


async def hammer(simulator: Simulator) -> None:
    """For forty seconds every connection is accepted, and closed at once."""
    simulator.options.hang_up = True
    await simulator.disconnect("close")
    await simulator.sleep(40)
    simulator.options.hang_up = False


async def again(simulator: Simulator) -> None:
    """What was told last is told again, in another order."""
    await simulator.subscribed_now()
    latest = list(simulator.delivered.values())[-10:]
    for happening in reversed(latest):
        await simulator.happen(happening)
