"""Mappings: cuts into passes that a user gives in a YAML file.

```yaml
passes:
  CONV4: {m: 64, n: 4, e: 13, p: 16, q: 3, r: 2, t: 2}
```

`f`, the columns of a tile, is the plane's whole width unless given.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from picojoule.errors import MappingError
from picojoule.hardware import Document, Subject, parse_document, read_document, read_spec
from picojoule.silicon.schedule import PassMapping
from picojoule.silicon.shapes import LayerShape

SUBJECT = Subject("passes", "passes", "check the path, or write `chip` or `search`", MappingError)

Count = Annotated[int, Field(strict=True, ge=1, le=2**20)]


class _PassSpec(BaseModel):
    """One layer as the file writes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    m: Count
    n: Count
    e: Count
    f: Count | None = None
    p: Count
    q: Count
    r: Count
    t: Count


class _FileSpec(BaseModel):
    """The file; its layers are still to be read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    passes: dict[str, dict[str, object]]


def read_passes(path: str | Path) -> dict[str, dict[str, int]]:
    """Parameters by layer from a YAML file.

    Raises:
        MappingError: What is wrong with the file, with its line.
    """
    return _passes(read_document(Path(path), SUBJECT))


def parse_passes(text: str, *, name: str = "passes.yaml") -> dict[str, dict[str, int]]:
    """Parameters by layer from YAML text.

    >>> parse_passes("passes: {a: {m: 8, n: 1, e: 4, p: 2, q: 1, r: 1, t: 1}}")["a"]["m"]
    8
    """
    return _passes(parse_document(text, name=name, subject=SUBJECT))


def mapping_of(parameters: Mapping[str, int], shape: LayerShape) -> PassMapping:
    """A mapping from named parameters."""
    return PassMapping(**{"f": shape.f, **parameters})


def _passes(document: Document) -> dict[str, dict[str, int]]:
    spec = read_spec(_FileSpec, document.root, document, ())
    return {
        name: read_spec(_PassSpec, value, document, ("passes", name)).model_dump(exclude_none=True)
        for name, value in spec.passes.items()
    }
