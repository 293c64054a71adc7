"""Front: what a whole network can trade between energy and latency, one mapping per layer.

Layers run one after another, so a choice of one mapping per layer has the sum of their energies
and the sum of their latencies. Only mappings on a layer's own front can be part of a choice that no
other choice beats, and `sums` adds these fronts without losing any.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from picojoule.errors import MappingError
from picojoule.evaluation.result import Evaluation, LayerResult
from picojoule.evaluation.sums import Sums
from picojoule.report import save_curve, to_json, write_whole

if TYPE_CHECKING:
    from picojoule.mapper import Certificate


@dataclass(frozen=True, slots=True, repr=False)
class NetworkFront:
    """All choices of one mapping per layer that no other choice beats in energy and latency.

    Args:
        fastest: The evaluation of the first point.
        options: Per layer of `fastest`, the mappings of its own front, the fastest first.
        sums: The points, the fastest first, and what each takes of `options`.
        is_complete: Whether every layer's front is; else points may be missing.
        clock_hz: Of the chip.
    """

    fastest: Evaluation
    options: tuple[tuple[LayerResult, ...], ...]
    sums: Sums
    is_complete: bool
    clock_hz: float

    def __len__(self) -> int:
        return len(self.sums.latency)

    @property
    def latencies_s(self) -> tuple[float, ...]:
        """Seconds of each point, ascending."""
        return tuple(cycles / self.clock_hz for cycles in self.sums.latency.tolist())

    @property
    def energies_j(self) -> tuple[float, ...]:
        """Joules of each point, descending."""
        return tuple(energy_pj * 1e-12 for energy_pj in self.sums.energy.tolist())

    @property
    def is_exact(self) -> bool:
        """Whether no point is missing."""
        return self.is_complete and self.sums.excess == 0.0

    @property
    def least_edp(self) -> int:
        """The index of the point whose product of energy and latency is least."""
        return int(np.argmin(self.sums.latency * self.sums.energy))

    def evaluation(self, index: int) -> Evaluation:
        """What the network costs at a point, layer by layer; negative indices count from the end.

        Raises:
            MappingError: There is no such point.
        """
        if not -len(self) <= index < len(self):
            raise MappingError(
                "the front has no such point",
                where="index",
                got=index,
                expected=f"0 to {len(self) - 1}",
                fix="count from 0, the fastest point, or from -1, the one of least energy",
            )
        return self._evaluation(index, f"energy within {self.latencies_s[index]:g} s")

    def least_energy(self, within_latency_s: float) -> Evaluation:
        """The mappings of least energy that together take no longer.

        Raises:
            MappingError: Not even the fastest ones are so fast.
        """
        most_cycles = within_latency_s * self.clock_hz * (1 + 1e-12)
        index = int(np.searchsorted(self.sums.latency, most_cycles, side="right")) - 1
        if index < 0:
            fastest_s = self.latencies_s[0]
            raise _out_of_reach("latency", within_latency_s, f"{fastest_s:.6g} s", "fastest")
        return self._evaluation(index, f"energy within {within_latency_s:g} s")

    def least_latency(self, within_energy_j: float) -> Evaluation:
        """The fastest mappings that together take no more energy.

        Raises:
            MappingError: Not even the leanest ones take so little.
        """
        fits = np.flatnonzero(self.sums.energy * 1e-12 <= within_energy_j * (1 + 1e-12))
        if not len(fits):
            least_j = self.energies_j[-1]
            raise _out_of_reach("energy", within_energy_j, f"{least_j:.6g} J", "leanest")
        return self._evaluation(int(fits[0]), f"latency within {within_energy_j:g} J")

    def _evaluation(self, index: int, objective: str) -> Evaluation:
        layers: list[LayerResult] = []
        for options, choice in zip(self.options, self.sums.choices[index].tolist(), strict=True):
            layer = options[choice]
            if self.sums.excess and layer.certificate is not None:
                layer = dataclasses.replace(layer, certificate=self._loosened(layer.certificate))
            layers.append(layer)
        return dataclasses.replace(self.fastest, objective=objective, layers=tuple(layers))

    def _loosened(self, certificate: "Certificate") -> "Certificate":
        """What is still proved of a layer where points of the front were left out."""
        bound = certificate.lower_bound / (1 + self.sums.excess)
        return dataclasses.replace(certificate, optimal=False, lower_bound=bound)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data; `choice` counts in the layers' `points`, from 0."""
        return {
            "network": self.fastest.network,
            "chip": self.fastest.chip,
            "batch": self.fastest.batch,
            "constraints": self.fastest.to_dict()["constraints"],
            "factors": self.fastest.factors,
            "dataflow": self.fastest.dataflow,
            "complete": self.is_complete,
            "energy_excess": self.sums.excess,
            "points": self.records(),
            "layers": [
                {
                    "name": options[0].name,
                    "repeats": options[0].repeats,
                    "points": [
                        {
                            "latency_cycles": one.latency_cycles,
                            "latency_s": one.latency_s,
                            "energy_pj": one.energy_pj,
                            "mapping": str(one.mapping),
                        }
                        for one in options
                    ],
                }
                for options in self.options
            ],
        }

    def records(self) -> list[dict[str, Any]]:
        """Every point: its latency, its energy, and which mapping each layer has, in order."""
        columns = (self.sums.latency, self.sums.energy, self.sums.choices)
        return [
            {
                "latency_cycles": cycles,
                "latency_s": cycles / self.clock_hz,
                "energy_pj": energy_pj,
                "choice": " ".join(map(str, choice)),
            }
            for cycles, energy_pj, choice in zip(*(one.tolist() for one in columns), strict=True)
        ]

    def save(self, path: str | Path) -> None:
        """Write `to_dict()` as JSON; the file appears whole or not at all.

        Raises:
            OutputError: The file cannot be written.
        """
        write_whole(path, to_json(self.to_dict()))

    def plot(self, path: str | Path) -> None:
        """Draw energy over latency (.png, .svg or .pdf).

        Raises:
            PicojouleError: matplotlib is missing, the ending is unknown, or the file cannot be
                written.
        """
        from picojoule.evaluation.front_tables import front_curve

        save_curve(front_curve(self), path)

    def __str__(self) -> str:
        from picojoule.evaluation.front_tables import describe_front

        return describe_front(self)

    __repr__ = __str__


def _out_of_reach(quantity: str, limit: float, best: str, which: str) -> MappingError:
    return MappingError(
        f"no choice of mappings keeps this {quantity}",
        where=f"limit of {quantity}",
        got=f"{limit:g}",
        expected=f"at least {best}, which the {which} mappings take",
        fix=f"raise the limit of {quantity}",
    )
