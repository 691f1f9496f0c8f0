"""Sends messages of IPv6 about neighbours, as a guest may who lies: root-vif-scripts.sh.

neighbour.py DEV advert|solicit FROM TARGET LINK-ADDRESS ...
"""
import socket
import struct
import sys

def address(text):
    return socket.inet_pton(socket.AF_INET6, text)


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def message(kind, source, target, link):
    """An Ethernet frame, but for its source, which comes after six bytes."""
    if kind == "advert":  # to all; override
        number, flags, option, to = 136, 0x20000000, 2, address("ff02::1")
    else:
        number, flags, option = 135, 0, 1
        to = address("ff02::1:ff00:0")[:13] + address(target)[13:]
    tail = struct.pack("!I", flags) + address(target)
    tail += struct.pack("!BB", option, 1) + bytes.fromhex(link.replace(":", ""))
    head = address(source) + to
    length = len(tail) + 4
    sum_head = head + struct.pack("!IIBBH", length, 58, number, 0, 0)
    packet = struct.pack("!IHBB", 0x60000000, length, 58, 255) + head
    packet += struct.pack("!BBH", number, 0, checksum(sum_head + tail)) + tail
    return b"\x33\x33" + to[12:], b"\x86\xdd" + packet


with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
    s.bind((sys.argv[1], 0))
    for at in range(2, len(sys.argv), 4):
        to, rest = message(*sys.argv[at : at + 4])
        s.send(to + s.getsockname()[4] + rest)
