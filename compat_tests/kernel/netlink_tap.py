"""What is said to the kernel's IPVS over netlink, taken down by the kernel itself (nlmon)."""

import socket
import struct
from collections import Counter

from . import netns

DEVICE = "nlmon0"
NETLINK_GENERIC = 16  # <linux/netlink.h>
CONTROLLER = 16  # GENL_ID_CTRL of <linux/genetlink.h>: looks up the number of a family
NLM_F_REQUEST = 1
SO_RCVBUFFORCE = 33  # <asm-generic/socket.h>
SOL_PACKET, PACKET_STATISTICS = 263, 6  # <linux/if_packet.h>
BUFFER = 128 * 1024 * 1024  # bytes of what was said and not looked at yet
# IPVS_CMD_* of <linux/ip_vs.h>
COMMANDS = {
    1: "NEW_SERVICE",
    2: "SET_SERVICE",
    3: "DEL_SERVICE",
    4: "GET_SERVICE",
    5: "NEW_DEST",
    6: "SET_DEST",
    7: "DEL_DEST",
    8: "GET_DEST",
}


class Tap:
    """Listens in a namespace from its making on."""

    def __init__(self, namespace: str) -> None:
        netns.batch(namespace, f"link add {DEVICE} type nlmon\nlink set {DEVICE} up\n")
        with netns.inside(namespace):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self._socket.bind((DEVICE, 0))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        self._socket.setblocking(False)

    def commands(self) -> Counter[str]:
        """How often each command was given since the last look; reads are among them."""
        seen: Counter[str] = Counter()
        while True:
            try:
                message, (_, protocol, *_) = self._socket.recvfrom(65536)
            except BlockingIOError:
                self._miss_nothing()
                return seen
            _, kind, flags = struct.unpack_from("=IHH", message)
            if protocol == NETLINK_GENERIC and kind > CONTROLLER and flags & NLM_F_REQUEST:
                seen[COMMANDS.get(message[16], f"command {message[16]}")] += 1

    def _miss_nothing(self) -> None:
        """Raises RuntimeError if something was said that there was no room for."""
        statistics = self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        _, missed = struct.unpack("=II", statistics)
        if missed:
            raise RuntimeError(f"{missed} messages on {DEVICE} were missed")
