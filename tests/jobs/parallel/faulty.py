"""nndl with a fault in rank 1 after so many shards: `python faulty.py raise|exit|kill|memory|signal N words...`."""

import os
import signal
import sys
from typing import Any

from nndl.cli.app import app
from nndl.launched import is_follower
from nndl.net.network import Network

part_loss = Network.part_loss
shards = 0


def faulty(self: Network, *arguments: Any) -> float:
    global shards
    shards += 1
    if shards == at:
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "exit":
            raise SystemExit(0)
        if how == "signal":
            os.kill(os.getpid(), signal.SIGTERM)
            return part_loss(self, *arguments)
        raise MemoryError("Unable to allocate 9.9 TiB") if how == "memory" else ValueError("a planted fault")
    return part_loss(self, *arguments)


how, at = sys.argv[1], int(sys.argv[2])
if is_follower():
    Network.part_loss = faulty  # type: ignore[method-assign, assignment]
app(sys.argv[3:])
