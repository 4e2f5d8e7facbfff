"""Memory that ran out, in words: what takes it, and what would need less."""

import re

from nndl.errors import TrainingError
from nndl.net.network import Network
from nndl.net.summary import layer_rows, totals


def out_of_memory(network: Network, images: int, option: str, error: MemoryError) -> TrainingError:
    """Return the error to raise in place of NumPy's; `images` is the size of a batch, the config's `option`."""
    asked = re.match(r"Unable to allocate ([\d.]+ \w+)", str(error))
    words = "memory ran out" + (f" ({asked[1]} more were asked for)" if asked else "")
    batch = images * totals(layer_rows(network.placed, network.dtype.itemsize))["bytes"]
    takes = f": what the layers give for a batch of {images:,} comes to {batch / 2**20:,.0f} MiB" if images else ""
    less = f"{option}: {max(1, images // 2)}" if images > 1 else "fewer images (data.train_size)"
    cures = f"{less}, fewer threads (threads: 1), or a smaller network; nndl summary CONFIG shows what each layer takes"
    return TrainingError(f"{words}{takes}\n  what needs less: {cures}")
