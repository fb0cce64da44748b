# SPDX-License-Identifier: Apache-2.0
"""traffic.py INTERFACE: sends frames until its input ends, then prints how many it has sent."""

import select
import socket
import sys
import time

EXPERIMENTS = 0x88B5  # the EtherType that count.bpf.c counts
FRAME = b"\xff" * 6 + b"\x02" + bytes(5) + EXPERIMENTS.to_bytes(2, "big") + bytes(46)

with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
    out.bind((sys.argv[1], 0))
    sent = 0
    out.send(FRAME)
    sent += 1
    print("begun", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        # In small bursts: a device drops what its queue has no room for, before any program.
        for _ in range(32):
            out.send(FRAME)
            sent += 1
        time.sleep(0.0005)
    print(sent, flush=True)
