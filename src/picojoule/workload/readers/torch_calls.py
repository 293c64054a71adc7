"""Torch calls: one call of an exported program, and the calls that compute nothing."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from picojoule.errors import Unsupported
from picojoule.workload.readers.graph import Edge, GraphBuilder, Shape, Site


def words(text: str) -> tuple[str, ...]:
    """Words of a list that is easier to read as text."""
    return tuple(text.split())


MOVES = words(
    "view reshape _unsafe_view permute transpose t numpy_T mT swapaxes flatten unflatten "
    "squeeze unsqueeze expand expand_as select slice narrow contiguous clone detach detach_ "
    "alias to _to_copy type_as float half dropout dropout_ feature_dropout alpha_dropout pad "
    "constant_pad_nd reflection_pad1d reflection_pad2d replication_pad1d replication_pad2d "
    "chunk split split_with_sizes unsafe_split tensor_split hsplit unbind index_select roll "
    "flip repeat repeat_interleave view_as reshape_as movedim pixel_shuffle pixel_unshuffle "
    "channel_shuffle tril triu index gather take_along_dim lift_fresh_copy lift_fresh unfold "
    "im2col as_strided diagonal copy copy_ slice_scatter select_scatter index_put index_put_ "
    "scatter rot90 identity resolve_conj resolve_neg squeeze_ unsqueeze_ atleast_1d "
    "atleast_2d view_as_real view_as_complex broadcast_to moveaxis meshgrid"
)
"""Calls that only move data."""

FACTORIES = words(
    "zeros ones full empty arange zeros_like ones_like full_like empty_like new_zeros "
    "new_ones new_full new_empty scalar_tensor eye linspace tensor rand randn rand_like "
    "randn_like"
)
"""Calls that make constants."""

SILENT = words(
    "_assert_tensor_metadata _assert_async _assert_scalar sym_constrain_range "
    "sym_constrain_range_for_size"
)
"""Calls without a result."""

NOT_COUNTED = words(
    "topk sort argsort cumsum one_hot bincount unique multinomial max_unpool2d grid_sampler "
    "nonzero searchsorted bucketize fft_fft"
)
"""Calls that are listed in `network.ignored`."""

REDUCTIONS = {
    **dict.fromkeys(words("sum mean count_nonzero nansum"), "add"),
    **dict.fromkeys(words("amax amin max min argmax argmin any all"), "max"),
    **dict.fromkeys(words("prod var std var_mean norm linalg_vector_norm"), "multiply"),
    "logsumexp": "exponential",
}
"""Reductions -> their inner action."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its arguments by name, with edges for tensors, and the shapes that it makes."""

    site: Site
    arguments: Mapping[str, Any]
    shapes: tuple[Shape, ...]
    natives: tuple[int, ...]
    is_single: bool

    def edge(self, name: str) -> Edge:
        """A tensor argument."""
        edge = self.arguments.get(name)
        if not isinstance(edge, Edge):
            raise Unsupported(
                "operator is used in a way that is not supported",
                where=self.site.where,
                got=f"argument {name!r} is {type(edge).__name__}",
                expected="a tensor",
                fix="write it with standard torch functions",
            )
        return edge

    def optional(self, name: str) -> Edge | None:
        """A tensor argument that may be left out."""
        edge = self.arguments.get(name)
        return edge if isinstance(edge, Edge) else None

    def sizes(self, name: str, rank: int) -> tuple[int, ...]:
        """A list of numbers, one per spatial axis; one number stands for all."""
        value = self.arguments.get(name)
        numbers = (value,) if isinstance(value, int) else tuple(value or ())
        return numbers * rank if len(numbers) == 1 else numbers

    def edges(self) -> list[Edge]:
        """All tensors among the arguments."""
        return [edge for value in self.arguments.values() for edge in edges_in(value)]


Rule = Callable[[Call, GraphBuilder], tuple[Edge, ...]]


def edges_in(value: Any) -> Iterator[Edge]:
    """The tensors in an argument, lists included."""
    if isinstance(value, Edge):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from edges_in(part)
