"""Passes: `pj evaluate --dataflow rs --zeros ...` where the chip has a pass model."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from picojoule.cli.output import Output, UsageError
from picojoule.cli.runs import Places, Request

if TYPE_CHECKING:
    from picojoule.workload import Network, Role


@dataclass(frozen=True, slots=True)
class PassRequest:
    """A run in processing passes.

    Args:
        chip: A chip of the library that has a pass model.
        zeros, passes: As `run_passes` takes them.
        minimize: What a search minimises.
    """

    chip: str
    zeros: str
    passes: str
    minimize: str

    @classmethod
    def of(
        cls,
        chip: str,
        *,
        dataflow: str | None,
        zeros: str | None,
        passes: str | None,
        bits: "dict[Role, int] | None",
        nests: bool,
        request: Request,
    ) -> Self | None:
        """What the options ask for: passes where zeros or passes are named, else None.

        Raises:
            UsageError: Options that do not go together.
        """
        if zeros is None and passes is None:
            return None
        from picojoule.silicon import pass_chip, pass_chips

        given = "--passes" if zeros is None else "--zeros"
        if dataflow != "rs" or chip not in pass_chips():
            raise UsageError(
                "this runs in processing passes only",
                where=given,
                got=f"--dataflow {dataflow or 'left out'} --on {chip}",
                expected=f"--dataflow rs --on {' or '.join(pass_chips())}",
                fix=f"ask for both, or leave {given} out",
            )
        cls._refuse(request, nests=nests)
        width = 8 * pass_chip(chip).word_bytes
        if bits and set(bits.values()) != {width}:
            raise UsageError(
                "this chip's words have one width",
                where="--bits",
                got=",".join(map(str, bits.values())),
                expected=f"{width}: its passes, codes and multipliers are for such words",
                fix=f"leave --bits out, or {given}: the mapper knows other widths",
            )
        return cls(chip, zeros or "none", passes or "chip", request.minimize)

    @staticmethod
    def _refuse(request: Request, *, nests: bool) -> None:
        """Options of the mapper's search mean nothing to the search of passes."""
        asked = {
            "--front": request.front,
            "--within-latency": request.within_latency_s is not None,
            "--within-energy": request.within_energy_j is not None,
            "--constraints": request.constraints is not None,
            "--factors": request.factors != "auto",
            "--budget": request.budget is not None,
            "--time-limit": request.time_limit_s is not None,
            "--density": request.density is not None,
            "--nests": nests,
        }
        given = next((name for name, is_given in asked.items() if is_given), None)
        if given:
            raise UsageError(
                "these options do not go together",
                where=given,
                got=f"{given} and a run in processing passes",
                expected="one of them: passes are searched as a whole, always to the end",
                fix=f"leave {given} out, or --zeros and --passes",
            )

    def show(self, network: "Network", output: Output, places: Places) -> None:
        """Run, and write the result and what the user wants beside it."""
        from picojoule.silicon import describe_run, run_passes

        run = run_passes(
            network,
            self.chip,
            zeros=self.zeros,
            passes_from=self.passes,
            minimize=self.minimize,
        )
        output.emit(
            text=lambda: describe_run(run, width=output.width, color=output.color),
            data=run.to_dict(),
            records=run.records(),
        )
        if places.save:
            run.save(places.save)
            output.note(f"wrote {places.save}")
        if places.plot:
            run.plot(places.plot)
            output.note(f"wrote {places.plot}")
