"""What do zeros and short words save on the machines that were published?"""

from picojoule.sparse import published
from picojoule.sparse.bits import ideal_speedup, scalable_gain, serial_cycles, serial_speedup
from picojoule.sparse.gating import eyeriss_saved, minerva_gain
from picojoule.sparse.headlines import Headline, describe_headlines, headlines
from picojoule.sparse.published import Conv

__all__ = [
    "Conv",
    "Headline",
    "describe_headlines",
    "eyeriss_saved",
    "headlines",
    "ideal_speedup",
    "minerva_gain",
    "published",
    "scalable_gain",
    "serial_cycles",
    "serial_speedup",
]
