"""SCALE-Sim's topology files: sizes as that program takes them; a strange file never crashes."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from picojoule.errors import PicojouleError, Unsupported, WorkloadError
from picojoule.workload import as_product, load, profile
from picojoule.workload.readers import read_topology
from picojoule.workload.readers.topology import LARGEST_FILE_BYTES, LARGEST_LAYERS

HEADING = "Layer name, IFMAP H, IFMAP W, Filter H, Filter W, Channels, Filters, Stride,\n"


def write(folder: Path, text: str, heading: str = HEADING) -> Path:
    path = folder / "net.csv"
    path.write_text(heading + text)
    return path


def test_windows_that_hang_over_the_edge_count(tmp_path: Path) -> None:
    network = read_topology(write(tmp_path, "a,224,224,11,11,3,96,4,\nb,56,56,1,1,64,128,2,\n"))
    first, second = (layer.operation.sizes for layer in network.layers)
    assert (first["P"], first["Q"], first["M"], first["C"]) == (55, 55, 96, 3)
    assert (second["P"], second["Q"]) == (29, 29)


def test_depthwise_layers_are_a_product_for_each_channel(tmp_path: Path) -> None:
    (layer,) = read_topology(write(tmp_path, "DP1,10,8,3,3,6,2,1,\n")).layers
    product = as_product(layer.operation)
    assert (product.count, product.pixels, product.window, product.filters) == (6, 48, 9, 2)


def test_matrix_products(tmp_path: Path) -> None:
    path = write(tmp_path, "one, 5, 7, 11,\ntwo, 1, 2, 3,\n", "Layer, M, N, K,\n")
    product = as_product(read_topology(path).layers[0].operation)
    assert (product.pixels, product.window, product.filters) == (5, 11, 7)
    assert load(path).batch == 1
    with pytest.raises(Unsupported):
        load(path, batch=2)


def test_a_first_line_of_numbers_is_a_layer(tmp_path: Path) -> None:
    line = "a,9,9,3,3,1,4,1,\n"
    assert len(read_topology(write(tmp_path, line, heading="")).layers) == 1
    assert len(read_topology(write(tmp_path, line)).layers) == 1


def test_what_else_a_line_says_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "a,9,9,3,3,1,4,1,1:1,NPU\na,9,9,3,3,1,4,1,1:1,GPU\na,9,9,3,3,1,4,1,,\n")
    network = read_topology(path)
    assert [(one.name, one.operator) for one in network.ignored] == [("column 10", "NPU")]
    assert [layer.name for layer in network.layers] == ["a", "a (2)", "a (3)"]


def test_the_profile_counts_weights_and_edges(tmp_path: Path) -> None:
    totals = profile(load(write(tmp_path, "a,9,8,3,3,5,4,2,\n"), batch=3)).totals
    assert (totals.weights, totals.macs) == (180, 3 * 4 * 4 * 4 * 45)
    assert totals.input_bytes == 3 * 5 * 9 * 8 * 2


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("a,9,9,3,3,1,4,\n", "a,9,9,3,3,1,4,1,\n"),
        ("a,9,9,3,3,1,4,0,\n", "a,9,9,3,3,1,4,1,\n"),
        ("a,9,9,3,3,1,-4,1,\n", "a,9,9,3,3,1,4,1,\n"),
        ("a,9,9,3,3,1,4e9,1,\n", "a,9,9,3,3,1,4,1,\n"),
        ("a,2,9,3,3,1,4,1,\n", "a,3,9,3,3,1,4,1,\n"),
        ("a,9,9,3,3,1,4,1,2:4,\n", "a,9,9,3,3,1,4,1,1:1,\n"),
        ("", "a,9,9,3,3,1,4,1,\n"),
    ],
)
def test_mistakes_name_their_line(tmp_path: Path, text: str, mended: str) -> None:
    with pytest.raises((WorkloadError, Unsupported)) as caught:
        read_topology(write(tmp_path, text))
    assert "net.csv" in caught.value.where and caught.value.fix
    if text:
        assert caught.value.where.endswith("net.csv:2")
    read_topology(write(tmp_path, mended))


def test_files_that_are_no_topology(tmp_path: Path) -> None:
    long = write(tmp_path, "a,9,9,3,3,1,4,1,\n" * (LARGEST_LAYERS + 1))
    with pytest.raises(WorkloadError):
        read_topology(long)
    with long.open("wb") as stream:
        stream.truncate(LARGEST_FILE_BYTES + 1)
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00,\x00")
    for path in (long, binary, tmp_path, tmp_path / "none.csv"):
        with pytest.raises(WorkloadError) as caught:
            read_topology(path)
        assert caught.value.where == str(path)


FIELDS = st.sampled_from(
    ["", " ", "1", "3", "9", "0", "-1", "2:4", "1:1", "x", '"', "1e3", "9" * 12]
)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(FIELDS | st.text(max_size=6), max_size=11), max_size=4))
def test_a_strange_file_is_read_or_refused(tmp_path: Path, rows: list[list[str]]) -> None:
    path = tmp_path / "net.csv"
    path.write_text("\n".join(",".join(row) for row in rows), encoding="utf-8", errors="replace")
    try:
        network = read_topology(path)
    except PicojouleError as error:
        assert (error.fix and "net.csv" in error.where) or "operation" in error.where
    else:
        assert network.layers and all(layer.macs for layer in network.layers)
