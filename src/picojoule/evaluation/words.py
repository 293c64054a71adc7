"""Words: at which widths a network or an operation runs on a chip.

A model file has widths of its own and keeps them. A network of the zoo is shapes only, and so is an
operation without `bits`: they run at the widths that the chip is made for, where the chip names
them, else at 16 bits.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from picojoule.hardware import Accelerator
from picojoule.workload import (
    Network,
    Operation,
    Role,
    checked_batch,
    load,
    parse_operation,
    with_widths,
    zoo,
)


def load_for(
    model: str | Path | Any,
    chip: Accelerator,
    *,
    batch: int | None = None,
    inputs: Any = None,
    bits: Mapping[Role, int] | None = None,
) -> Network:
    """Load a network at the widths that it runs at on a chip.

    Args:
        model, batch, inputs: As `load` takes them.
        chip: Names the widths of a zoo network that has none.
        bits: Role -> width, instead.

    Raises:
        WorkloadError, Unsupported: As `load` raises them.

    >>> from picojoule.hardware import accelerator
    >>> network = load_for("alexnet", accelerator("yodann"))
    >>> [tensor.bits for tensor in network.layers[0].operation.tensors]
    [1, 12, 12]
    """
    network = load(model, batch=batch, inputs=inputs)
    is_zoo = isinstance(model, str) and model in zoo.names()
    widths = bits or (dict(chip.word_bits) if is_zoo else {})
    return with_widths(network, widths) if widths else network


def network_for(model: Network | str | Path | Any, chip: Accelerator, batch: int | None) -> Network:
    """A network that is built already, or what `load_for` makes of it.

    Raises:
        WorkloadError, Unsupported: As `load` raises them; or it was built with another batch.
    """
    if isinstance(model, Network):
        return checked_batch(model, batch)
    return load_for(model, chip, batch=batch)


def operation_for(text: str, chip: Accelerator) -> Operation:
    """Read one operation at the widths that it runs at on a chip.

    Args:
        text: As `parse_operation` takes it.
        chip: Names the widths where the text names none.

    Raises:
        WorkloadError: As `parse_operation` raises it.

    >>> from picojoule.hardware import accelerator
    >>> tpu = accelerator("tpu-v1")
    >>> [tensor.bits for tensor in operation_for("fc M=8 C=4", tpu).tensors]
    [8, 8, 8]
    >>> [tensor.bits for tensor in operation_for("fc M=8 C=4 bits=4", tpu).tensors]
    [4, 4, 4]
    """
    operation = parse_operation(text)
    widths = {} if "bits=" in text else dict(chip.word_bits)
    tensors = tuple(replace(t, bits=widths.get(t.role, t.bits)) for t in operation.tensors)
    return replace(operation, tensors=tensors)
