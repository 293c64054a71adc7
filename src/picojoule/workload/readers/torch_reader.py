"""Torch reader: any `nn.Module` becomes a network, through `torch.export`.

The module is traced with tensors that have a shape and no memory, and before decomposition, so
that a recurrent layer is one node and attention another. Its weights are never copied, and may be
on the meta device.
"""

import operator
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from picojoule.errors import PicojouleError, Unsupported, WorkloadError, nearest
from picojoule.workload.network import Network
from picojoule.workload.readers.graph import Edge, GraphBuilder, Shape, Site, check_shape
from picojoule.workload.readers.torch_calls import FACTORIES, SILENT, Call
from picojoule.workload.readers.torch_operators import find_rule

if TYPE_CHECKING:
    from torch import nn

Example = Any
"""A shape, or a tensor whose shape and type are taken (its numbers are not read)."""


def read_torch(
    module: "nn.Module",
    inputs: Sequence[Example] | Mapping[str, Example],
    *,
    batch: int | None = None,
    bits: int | None = None,
) -> Network:
    """Read a torch module.

    Args:
        module: Any module that `torch.export` can trace; read as in `eval()` mode.
        inputs: For each argument of `forward`, in order or by name, a shape (32-bit floating
            point) or an example tensor, which may be on the meta device (token numbers need one).
        batch: Replaces the leading size of every input.
        bits: Width of floating-point words; None keeps the module's.

    Returns:
        The network; parameters are named as in the module's `state_dict`.

    Raises:
        WorkloadError: The shapes do not fit the module, or torch is not installed.
        Unsupported: It holds an operator that may multiply and is not known; `got` names it.
    """
    torch = _torch()
    name = type(module).__name__
    if not isinstance(module, torch.nn.Module):
        raise WorkloadError(
            "model is not a torch module",
            where="model",
            got=name,
            expected="a torch.nn.Module",
            fix="give the module itself, not its state_dict or its output",
        )
    arguments, named = _examples(module, inputs, batch)
    with _evaluating(module):
        program = _written_out(_export(module, arguments, named))
    leaves = {path for path, part in module.named_modules() if path and not [*part.children()]}
    return _Walk(
        program,
        GraphBuilder(name, source=f"torch module {name}", bits=bits),
        _shared_names(module),
        leaves,
    ).run()


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise WorkloadError(
            "torch is not installed",
            where="reading a torch module",
            got=str(error),
            expected="torch 2.6 or later",
            fix="pip install picojoule[torch]",
        ) from error
    return torch


def _examples(
    module: "nn.Module", inputs: Sequence[Example] | Mapping[str, Example], batch: int | None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Tensors without memory for the arguments of `forward`."""
    import inspect

    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    known = tuple(inspect.signature(module.forward).parameters)
    pairs = list(inputs.items()) if isinstance(inputs, Mapping) else [("", x) for x in inputs]
    for name, _ in pairs:
        if name and name not in known:
            raise WorkloadError(
                "network has no such input",
                where=f"forward of {type(module).__name__}",
                got=name,
                expected=nearest(name, known),
                fix="name the arguments of forward",
            )
    stored = next(iter([*module.parameters(), *module.buffers()]), None)
    device = stored.device if stored is not None else torch.device("cpu")
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    made: list[tuple[str, Any]] = []
    for position, (name, example) in enumerate(pairs):
        where = f"{type(module).__name__}: input {name or position!r}"
        is_tensor = isinstance(example, torch.Tensor)
        shape = tuple(example.shape) if is_tensor else _shape(example, where)
        kind = example.dtype if is_tensor else None
        if kind is None:
            kind = stored.dtype if stored is not None and stored.is_floating_point() else None
        if batch is not None and shape:
            shape = (batch, *shape[1:])
        check_shape(shape, where, lowest=1)
        if device.type == "meta":
            tensor = torch.empty(shape, dtype=kind, device="meta")
        else:
            with mode:
                tensor = torch.empty(shape, dtype=kind, device=device)
        made.append((name, tensor))
    return (
        tuple(tensor for name, tensor in made if not name),
        {name: tensor for name, tensor in made if name},
    )


def _shape(example: Example, where: str) -> Shape:
    whole = isinstance(example, (tuple, list)) and all(type(size) is int for size in example)
    if not whole:
        raise WorkloadError(
            "example is neither a shape nor a tensor",
            where=where,
            got=repr(example)[:80],
            expected="whole numbers such as (1, 3, 224, 224), or a tensor",
            fix="give one shape for each argument of forward, in a list",
        )
    return tuple(example)


@contextmanager
def _evaluating(module: "nn.Module") -> Generator[None]:
    """The module in evaluation mode; every part gets its own mode back."""
    training = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in training:
            part.training = mode


def _export(module: "nn.Module", arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    import torch

    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            return torch.export.export(module, arguments, named, strict=False)
    except Exception as error:
        shapes = [tuple(tensor.shape) for tensor in (*arguments, *named.values())]
        raise WorkloadError(
            "module cannot be traced",
            where=f"{type(module).__name__} on {', '.join(map(str, shapes)) or 'no inputs'}",
            got=f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200]}"
            if str(error).strip()
            else type(error).__name__,
            expected="a module that torch.export.export traces with these inputs",
            fix="correct the shapes; for integer inputs give a tensor, such as "
            "torch.zeros(1, 128, dtype=torch.long)",
        ) from error


def _written_out(program: Any) -> Any:
    """The program with the calls that no rule knows in terms of simpler ones, if torch has these.

    Only those: a recurrent layer written out would be thousands of nodes.
    """
    import torch

    unknown = {
        node.target
        for node in program.graph.nodes
        if isinstance(node.target, torch._ops.OpOverload)
        and call_name(node.target) not in SILENT
        and find_rule(call_name(node.target), node.target) is None
    }
    table = torch.export.default_decompositions() if unknown else {}
    simpler = {target: table[target] for target in unknown if target in table}
    if not simpler:
        return program
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return program.run_decompositions(simpler)


def _shared_names(module: "nn.Module") -> dict[str, str]:
    """For each name of a stored tensor the first name that the same tensor has."""
    first: dict[int, str] = {}
    pairs = [
        *module.named_parameters(remove_duplicate=False),
        *module.named_buffers(remove_duplicate=False),
    ]
    return {name: first.setdefault(id(tensor), name) for name, tensor in pairs}


class _Walk:
    """One pass over the nodes of an exported program."""

    def __init__(
        self, program: Any, build: GraphBuilder, shared: Mapping[str, str], leaves: set[str]
    ) -> None:
        self.program = program
        self.build = build
        self.shared = shared
        self.leaves = leaves
        self.edges: dict[Any, Any] = {}

    def run(self) -> Network:
        """The network."""
        signature = self.program.graph_signature
        stored = {
            **signature.inputs_to_parameters,
            **signature.inputs_to_buffers,
            **signature.inputs_to_lifted_tensor_constants,
        }
        outputs: list[Edge] = []
        for node in self.program.graph.nodes:
            if node.op == "placeholder":
                self._enter(node, stored.get(node.name))
            elif node.op == "call_function":
                self._step(node)
            elif node.op == "output":
                user = set(signature.user_outputs)
                outputs = [
                    self.edges[item]
                    for item in _flat(node.args[0])
                    if item.name in user and isinstance(self.edges.get(item), Edge)
                ]
        return self.build.finish(outputs)

    def _enter(self, node: Any, stored: str | None) -> None:
        value = node.meta.get("val")
        if not hasattr(value, "shape"):
            return
        shape, bits = tuple(value.shape), self._bits(value.dtype)
        if stored is None:
            self.edges[node] = self.build.add_input(node.name, shape, bits=bits)
            return
        name = self.shared.get(stored, stored)
        self.build.declare(name, shape)
        self.edges[node] = Edge(name, shape, bits, bits, stored=True)

    def _bits(self, kind: Any) -> int:
        return self.build.width(kind.itemsize * 8, is_float=kind.is_floating_point)

    def _step(self, node: Any) -> None:
        """Read one call."""
        if node.target is operator.getitem:
            self.edges[node] = self._resolved(node.args[0])[node.args[1]]
            return
        name = call_name(node.target)
        if name in SILENT:
            return
        call = self._call(node, name)
        rule = find_rule(name, node.target)
        if rule is None:
            raise Unsupported(
                "operator is not supported",
                where=call.site.where,
                got=str(node.target),
                expected="an operator of torch.nn.functional without custom kernels",
                fix="write it with standard torch functions",
            )
        try:
            self.edges[node] = self._result(call, rule)
        except PicojouleError:
            raise
        except (ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
            raise Unsupported(
                "operator is used in a way that is not supported",
                where=call.site.where,
                got=f"{node.target}: {error}",
                expected="plain tensors as arguments",
                fix="write it with standard torch functions",
            ) from error

    def _call(self, node: Any, name: str) -> Call:
        value = node.meta.get("val")
        values = list(value) if isinstance(value, (tuple, list)) else [value]
        shapes = tuple(tuple(item.shape) for item in values if hasattr(item, "shape"))
        natives = tuple(self._bits(item.dtype) for item in values if hasattr(item, "shape"))
        source = _source_line(node)
        where = f"{self.build.source}: {node.name} ({node.target})" + source
        outputs = (
            (node.name,)
            if len(shapes) == 1
            else tuple(f"{node.name}.{place}" for place in range(len(shapes)))
        )
        schema = getattr(node.target, "_schema", None)
        names = [argument.name for argument in schema.arguments] if schema else []
        defaults = {
            argument.name: argument.default_value
            for argument in (schema.arguments if schema else ())
            if argument.has_default_value()
        }
        given = dict(zip(names, map(self._resolved, node.args), strict=False))
        given |= {key: self._resolved(item) for key, item in node.kwargs.items()}
        path = _module_path(node)
        layer = path if path in self.leaves else f"{path}.{node.name}" if path else node.name
        return Call(
            Site(layer, name, where, outputs), {**defaults, **given}, shapes, natives,
            is_single=not isinstance(value, (tuple, list)),
        )  # fmt: skip

    def _resolved(self, item: Any) -> Any:
        """An argument with edges in place of nodes."""
        if isinstance(item, (list, tuple)):
            return tuple(self._resolved(part) for part in item)
        if type(item).__name__ == "Node" and hasattr(item, "meta"):
            return self.edges.get(item)
        return item

    def _result(self, call: Call, rule: Any) -> Any:
        edges = call.edges()
        if call.site.operator in FACTORIES or not edges or any(not e.stored for e in edges):
            results = rule(call, self.build)
        else:
            scratch = self.build.scratch()
            results = tuple(replace(edge, stored=True) for edge in rule(call, scratch))
            self.build.adopt_shapes(scratch)
            if scratch.macs:
                reason = f"computed once from constants, {scratch.macs} multiply-accumulates"
                self.build.ignore(call.site.name, call.site.operator, reason)
        for edge, shape in zip(results, call.shapes, strict=False):
            assert edge.shape == shape, (call.site, edge.shape, shape)
        return results[0] if call.is_single else results


def call_name(target: Any) -> str:
    """`conv2d` of `aten.conv2d.default`: the name that rules know it by."""
    packet = getattr(target, "overloadpacket", None)
    return packet.__name__ if packet is not None else getattr(target, "__name__", str(target))


def _module_path(node: Any) -> str:
    """The dotted path of the module that made the call, as in `named_modules`."""
    stack = node.meta.get("nn_module_stack") or {}
    paths = [path for path, _ in stack.values() if path]
    return paths[-1] if paths else ""


def _source_line(node: Any) -> str:
    trace = (node.meta.get("stack_trace") or "").strip().splitlines()
    return f", {trace[-1].strip()}" if trace else ""


def _flat(item: Any) -> Iterator[Any]:
    if isinstance(item, (list, tuple)):
        for part in item:
            yield from _flat(part)
    elif isinstance(item, dict):
        for part in item.values():
            yield from _flat(part)
    elif hasattr(item, "meta"):
        yield item
