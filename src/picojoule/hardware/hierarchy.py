"""Hierarchy: a chip of the equal-area study, generated from its sizes.

DRAM, a buffer, an array of PEs with a register file each, and the study's prices, which are the
same for every dataflow. Nothing limits bandwidth: every transfer is hidden behind computation.

Source: chen2016isca, Sec. VI and Table IV.
"""

import json
import math
from collections.abc import Sequence

from picojoule.errors import HardwareError
from picojoule.hardware.accelerator import Accelerator
from picojoule.workload import ROLES, Role

STUDY_WORD_BYTES = 2
"""The study's words have 16 bits."""
STUDY_PRICES = {"dram": 200, "buffer": 6, "array": 2, "rf": 1}
"""Of one access of a word, in multiples of a MAC: chen2016isca, Table IV."""
MOST_PES = 1 << 20

_HEAD = """\
name: {name}
description: {description}
clock_hz: 200e6
technology_nm: 65
voltage_v: 1.0
source: "chen2016isca, Sec. VI"
sources:
  clock_hz: {{assumed: the study counts energy and active PEs only; the fabricated chip's clock}}
  voltage_v: {{assumed: the nominal voltage of the fabricated chip}}
parts:
  - memory: dram
    capacity: unbounded
    read_pj: {{macs: {price}}}
    update_pj: {{macs: {price}}}
    source: "chen2016isca, Table IV"
"""
_MEMORY = """\
  - memory: {name}
    holds: [{holds}]
    capacity_bytes: {size}
    read_pj: {{macs: {price}}}
    fill_pj: 0
    update_pj: {{macs: {price}}}
    source: "chen2016isca, Table IV"
    sources: {{capacity_bytes: {{stated: an argument of the generated chip}}}}
"""
_WINDOW = """\
  - memory: window
    holds: [inputs]
    capacity_bytes: {size}
    read_pj: 0
    fill_pj: 0
    source: {{assumed: "a delivery is charged the array's price, as a neighbour's word is"}}
    sources: {{capacity_bytes: {{stated: an argument of the generated chip}}}}
"""
_ARRAY = """\
  - array: pes
    x: {x}
    y: {y}
    delivery_pj: {{macs: {price}}}
    reduction_pj: 0
    link_pj: {{macs: {price}}}
    source: "chen2016isca, Table IV"
    sources:
      x: {{assumed: the arrangement of the PEs that is nearest to a square}}
      y: {{assumed: the arrangement of the PEs that is nearest to a square}}
"""
_COMPUTE = """\
  - compute: mac
    bits: 16
    component: {class: mac}
    source: "chen2016isca, Sec. VI"
"""


def hierarchy_chip(
    name: str,
    *,
    pes: int,
    buffer_bytes: int,
    rf_bytes: int,
    rf_holds: Sequence[Role] = ROLES,
    window_bytes: int = 0,
    sums_bytes: int = 0,
    description: str = "generated for the equal-area study of dataflows",
) -> Accelerator:
    """A chip of the equal-area study.

    A transfer between two levels costs as the dearer one, so filling the cheaper one adds nothing.

    Args:
        name: Of the chip.
        pes: Processing elements, arranged as nearly square as their number allows.
        buffer_bytes: The global buffer, all of it.
        rf_bytes: The register file of one PE; 0 leaves it out.
        rf_holds: What the register files may hold.
        window_bytes: Input registers of all PEs together that pass inputs on to neighbours. As a
            nest sees it, this is one memory above the array that holds the window of inputs under
            all PEs: each input enters it once, and going from PE to PE costs the array's price.
        sums_bytes: Banks of the buffer that belong to partial sums; 0 divides the buffer freely,
            but then all of it holds tiles of one loop nest.

    Raises:
        HardwareError: A size is not possible.

    >>> chip = hierarchy_chip("ws", pes=256, buffer_bytes=342_323, rf_bytes=2, rf_holds=["weights"])
    >>> [part.name for part in chip.parts], chip.arrays[0].x, chip.arrays[0].y
    (['dram', 'buffer', 'pes', 'rf', 'mac'], 16, 16)
    """
    from picojoule.hardware.build import build_accelerator
    from picojoule.hardware.document import parse_document

    _check("pes", pes, least=2, most=MOST_PES)
    _check("buffer_bytes", buffer_bytes, least=STUDY_WORD_BYTES)
    for key, size in (("rf_bytes", rf_bytes), ("window_bytes", window_bytes)):
        if size:
            _check(key, size, least=STUDY_WORD_BYTES)
    if sums_bytes:
        _check(
            "sums_bytes", sums_bytes, least=STUDY_WORD_BYTES, most=buffer_bytes - STUDY_WORD_BYTES
        )
    x = next(n for n in range(math.isqrt(pes), 0, -1) if pes % n == 0)
    # What JSON quotes, YAML reads as the same text.
    head = {"name": json.dumps(name), "description": json.dumps(description)}
    text = [_HEAD.format(**head, price=STUDY_PRICES["dram"])]
    price = STUDY_PRICES["buffer"]
    shared = list(ROLES)
    if sums_bytes:
        shared.remove("outputs")
        text.append(_MEMORY.format(name="sums", holds="outputs", size=sums_bytes, price=price))
    size = buffer_bytes - sums_bytes
    text.append(_MEMORY.format(name="buffer", holds=", ".join(shared), size=size, price=price))
    if window_bytes:
        text.append(_WINDOW.format(size=window_bytes))
    text.append(_ARRAY.format(x=pes // x, y=x, price=STUDY_PRICES["array"]))
    if rf_bytes:
        text.append(
            _MEMORY.format(
                name="rf", holds=", ".join(rf_holds), size=rf_bytes, price=STUDY_PRICES["rf"]
            )
        )
    return build_accelerator(parse_document("".join([*text, _COMPUTE]), name=f"chip {name}"))


def _check(key: str, size: int, *, least: int, most: int = 1 << 40) -> None:
    if isinstance(size, bool) or not isinstance(size, int) or not least <= size <= most:
        raise HardwareError(
            "size of a generated chip is out of range",
            where=key,
            got=repr(size),
            expected=f"a whole number from {least} to {most}",
            fix=f"correct {key}",
        )
