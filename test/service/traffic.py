# SPDX-License-Identifier: Apache-2.0
"""traffic.py INTERFACE: sends frames until its input ends, then prints how many went out."""

import select
import socket
import sys
import time

EXPERIMENTS = 0x88B5  # the EtherType that count.bpf.c counts
FRAME = b"\xff" * 6 + b"\x02" + bytes(5) + EXPERIMENTS.to_bytes(2, "big") + bytes(46)


def dropped(interface):
    """How many frames its queue had no room for: a program never meets them."""
    with open("/proc/net/dev", encoding="utf-8") as facts:
        for line in facts:
            name, _, numbers = line.partition(":")
            if name.strip() == interface:
                return int(numbers.split()[11])  # after the eight of what was received
    raise RuntimeError(f"there is no {interface}")


before = dropped(sys.argv[1])
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
    out.bind((sys.argv[1], 0))
    sent = 0
    out.send(FRAME)
    sent += 1
    print("begun", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        # In small bursts: beside busy processes even so the queue is full now and then.
        for _ in range(32):
            out.send(FRAME)
            sent += 1
        time.sleep(0.0005)
    print(sent - (dropped(sys.argv[1]) - before), flush=True)
