"""Which hosts OSC may be sent to: this PC and private networks, and what OSC_NETWORKS in `.env` adds."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

from effects.settings_table import OutsideSettings
from pixelbot_site.kit.errors import Failed

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Named one by one: `is_private` also counts broadcasts and addresses for documentation, and differs by Python version.
OWN_NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"),
    )
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A resolved address and port."""

    ip: IPAddress
    port: int

    @property
    def family(self) -> socket.AddressFamily:
        """Return the kind of socket that sends there."""
        return socket.AF_INET if self.ip.version == 4 else socket.AF_INET6


def resolve(host: str, port: int) -> Endpoint:
    """Return where `host` is now. Raise Failed where it has no address, or one that OSC may not be sent to.

    Send to what this returns, and not to the name: asked again, a name server can answer something else.
    """
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, ValueError) as error:  # a name that is no name, too: UnicodeError is a ValueError
        raise Failed(f"there is no host called {host}") from error
    found = [ipaddress.ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers]
    for ip in found:
        if not _is_allowed(ip):
            raise Failed(f"{host} is at {ip}, which is neither this PC nor a private network (OSC_NETWORKS in .env)")
    # IPv4 first: programs such as VRChat listen on 127.0.0.1, and nobody says that nothing came to ::1.
    found.sort(key=lambda ip: ip.version)
    return Endpoint(found[0], port)


def _is_allowed(ip: IPAddress) -> bool:
    more = map(ipaddress.ip_network, OutsideSettings.current().osc_networks)
    return any(ip in network for network in (*OWN_NETWORKS, *more))
