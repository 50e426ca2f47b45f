"""A name server on 127.0.0.1:53 of our network namespace.

Names are what the test says; everything else does not exist.
"""

import socket
import struct
import threading

TYPE_A, TYPE_AAAA = 1, 28


def _read_name(packet, pos):
    labels = []
    while packet[pos]:
        length = packet[pos]
        labels.append(packet[pos + 1:pos + 1 + length].decode().lower())
        pos += 1 + length
    return ".".join(labels), pos + 1


class NameServer:
    def __init__(self):
        self.names = {}         # name or "*.domain" -> list of addresses
        self.queries = []       # (name, type)
        self.silent = set()     # names that get no answer now
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self._run, daemon=True).start()

    def set(self, name, *addresses):
        self.names[name] = addresses

    def find(self, name):
        if name in self.names:
            return self.names[name]
        parent = name
        while parent:       # a wildcard covers names of any depth
            parent = parent.partition(".")[2]
            if "*." + parent in self.names:
                return self.names["*." + parent]
        return None

    def _run(self):
        while True:
            packet, peer = self._socket.recvfrom(2048)
            try:
                answer = self._answer(packet)
            except (IndexError, ValueError, struct.error):
                continue
            if answer is not None:
                self._socket.sendto(answer, peer)

    def _answer(self, packet):
        name, pos = _read_name(packet, 12)
        qtype = struct.unpack_from("!H", packet, pos)[0]
        self.queries.append((name, qtype))
        if name in self.silent:
            return None
        addresses = self.find(name)
        rcode = 3 if addresses is None else 0
        records = []
        for address in addresses or ():
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            if qtype == (TYPE_AAAA if ":" in address else TYPE_A):
                data = socket.inet_pton(family, address)
                records.append(struct.pack("!HHHIH", 0xC00C, qtype, 1, 1,
                                           len(data)) + data)
        header = packet[:2] + struct.pack("!HHHHH", 0x8180 | rcode, 1,
                                          len(records), 0, 0)
        return header + packet[12:pos + 4] + b"".join(records)
