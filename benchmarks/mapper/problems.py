"""Problems: which operation goes on which chip. Every tool's side reads this list.

Operations are written as picojoule's command line takes them. A product of matrices is written as a
fully-connected layer, so that all operations share the letters of the chips: N rows, M filters, C
channels, P x Q outputs, R x S taps.
"""

from dataclasses import dataclass
from pathlib import Path

CHIPS = Path(__file__).parent / "chips"

LETTERS = "NMCPQRS"


@dataclass(frozen=True, slots=True)
class Problem:
    """One operation on one chip.

    Args:
        name, chip: For people, and the chip's file.
        text: The operation.
        passes_by: Whether weights and inputs may pass by a memory that could hold them. Outputs may
            not: what an update costs depends on the memory that the sum comes from.
    """

    name: str
    chip: str
    text: str
    passes_by: bool = False

    @property
    def key(self) -> str:
        """What names the problem in files and on the command line."""
        return f"{self.name} on {self.chip}" + (", passing by" if self.passes_by else "")

    @property
    def fields(self) -> dict[str, int]:
        """Everything after the kind: sizes and the stride."""
        return {key: int(value) for key, value in (one.split("=") for one in self.text.split()[1:])}

    @property
    def stride(self) -> int:
        """Of both axes of the plane."""
        return self.fields.get("stride", 1)

    @property
    def sizes(self) -> dict[str, int]:
        """Size by letter, those of size 1 left out."""
        return {dim: self.fields[dim] for dim in LETTERS if self.fields.get(dim, 1) > 1}

    @property
    def indices(self) -> dict[str, tuple[tuple[tuple[str, int], ...], ...]]:
        """For each tensor its axes: (letter, coefficient) of each term."""
        axes = {
            "weights": ("M", "C", "R", "S"),
            "inputs": ("N", "C", "P+R", "Q+S"),
            "outputs": ("N", "M", "P", "Q"),
        }
        return {role: tuple(_terms(self, axis) for axis in named) for role, named in axes.items()}


def _terms(problem: Problem, axis: str) -> tuple[tuple[str, int], ...]:
    """The terms of an axis whose letters have more than one value.

    Under a single tap a stride only skips words that nobody needs. Counted as intervals, as
    AccelForge counts, tiles would have these gaps in them; so the words that are used stand close.
    """
    dims = [dim for dim in axis.split("+") if dim in problem.sizes]
    stride = problem.stride if len(dims) > 1 else 1
    return tuple((dim, stride if dim in "PQ" else 1) for dim in dims)


MATMULS = (
    ("matmul 1024^3", "fc N=1024 M=1024 C=1024"),
    ("BERT FFN 512x768x3072", "fc N=512 C=768 M=3072"),
    ("ResNet 1x1 784x128x512", "fc N=784 C=128 M=512"),
)
CONVOLUTIONS = (
    ("ResNet-18 3x3", "conv M=256 C=256 P=14 Q=14 R=3 S=3"),
    ("ResNet-18 1x1 stride 2", "conv M=256 C=128 P=14 Q=14 R=1 S=1 stride=2"),
    ("AlexNet conv2", "conv M=128 C=48 P=27 Q=27 R=5 S=5"),
    ("AlexNet conv3", "conv M=384 C=256 P=13 Q=13 R=3 S=3"),
)
ARRAYS = ("eyeriss-like", "tpu-like")

PROBLEMS = (
    *(Problem(name, chip, text) for chip in ("two-level", *ARRAYS) for name, text in MATMULS),
    Problem(*CONVOLUTIONS[0][:1], "two-level", CONVOLUTIONS[0][1]),
    *(Problem(name, chip, text) for chip in ARRAYS for name, text in CONVOLUTIONS),
    *(Problem(name, chip, text, passes_by=True) for chip in ARRAYS for name, text in MATMULS),
)


def problem_of(key: str) -> Problem:
    """The problem of a key."""
    return next(problem for problem in PROBLEMS if problem.key == key)
