"""Readers: model files and torch modules become networks."""
