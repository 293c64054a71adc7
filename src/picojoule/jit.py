"""jit: compiled kernels, each bound to the plain-Python definition that it must equal."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

PAIRS: list[tuple[Callable[..., Any], Callable[..., Any]]] = []
"""(reference, kernel) of every kernel that has a stand-alone definition; the tests run them all."""

_NJIT: Any = numba.njit
"""The same without the types of its options, which leave `_nrt` out."""


def kernel(*, reference: Callable[..., Any]) -> Callable[[Function], Function]:
    """Compile a function with numba and bind it to the plain-Python reference it must equal."""

    def compile_(function: Function) -> Function:
        compiled = helper(function)
        PAIRS.append((reference, compiled))
        return compiled

    return compile_


def helper(function: Function) -> Function:
    """Compile a function that only kernels call; their references cover it."""
    return cast(Function, numba.njit(cache=True, nogil=True)(function))


def inlined_helper(function: Function) -> Function:
    """Compile a small helper into each of its callers: passing many arrays costs more than it."""
    return cast(Function, numba.njit(cache=True, nogil=True, forceinline=True)(function))


def leaf(function: Function) -> Function:
    """Compile a helper that allocates nothing and calls only such helpers.

    It counts no references, which takes longer than the work where many arrays are passed.
    """
    return cast(Function, _NJIT(cache=True, nogil=True, _nrt=False)(function))


def inlined(function: Function) -> Function:
    """Compile a small leaf into each of its callers."""
    return cast(Function, _NJIT(cache=True, nogil=True, forceinline=True, _nrt=False)(function))
