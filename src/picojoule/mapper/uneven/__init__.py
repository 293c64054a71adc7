"""Uneven: exact costs of chains whose outermost loop over some dimension does not divide."""

from picojoule.mapper.uneven.chain import try_held

__all__ = ["try_held"]
