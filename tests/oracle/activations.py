"""Activations: what trained networks of the project's reference data put out after each ReLU.

The benchmarks of the codes use them, too. Values are 16-bit fixed point, as on the Eyeriss chip:
each layer's largest value decides where its binary point stands.
"""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

DATA = Path(__file__).parents[3] / "shared" / "data"
SQUEEZENET = DATA / "models" / "squeezenet" / "SqueezeNet_v1.1_fp16.onnx"
PHOTOS = DATA / "datasets" / "labelled_photos"
LENET = DATA / "models" / "lenet" / "lenet5_webmnist.onnx"
DIGITS = DATA / "datasets" / "mnist" / "t10k-images-idx3-ubyte.gz"

Images = NDArray[np.float32]


def digits(count: int) -> Images:
    """Test digits of MNIST, normalised as LeNet-5 was trained."""
    with gzip.open(DIGITS) as file:
        raw = np.frombuffer(file.read(16 + count * 784)[16:], dtype=np.uint8)
    images = raw.reshape(count, 1, 28, 28).astype(np.float32)
    return (images / 255 - np.float32(0.1307)) / np.float32(0.3081)


def photos(count: int) -> Images:
    """Labelled photos, the means that SqueezeNet was trained with taken off."""
    from PIL import Image

    names = (PHOTOS / "labels.csv").read_text().splitlines()[1:]
    images = np.empty((count, 3, 224, 224), dtype=np.float32)
    # Every so many, since photos of a kind follow each other.
    for n, line in enumerate(names[:: len(names) // count][:count]):
        picture = Image.open(PHOTOS / line.split(",")[0]).convert("RGB").resize((256, 256))
        pixels = np.asarray(picture, dtype=np.float32)[16:240, 16:240, ::-1]
        images[n] = (pixels - np.array([104, 117, 123], np.float32)).transpose(2, 0, 1)
    return images


def activations(model: Path, images: Images) -> Iterator[tuple[str, NDArray[np.int16]]]:
    """The name of each ReLU and its outputs (N, ...) for some images, in the model's order."""
    loaded = onnx.load(model)
    graph = loaded.graph
    for tensor in graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT16:
            wide = numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(wide, tensor.name))
    names = [node.output[0] for node in graph.node if node.op_type == "Relu"]
    del graph.output[:]
    graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    known = {tensor.name for tensor in graph.initializer}
    (entry,) = [value.name for value in graph.input if value.name not in known]
    evaluator = ReferenceEvaluator(loaded)
    runs = [evaluator.run(None, {entry: image[None]}) for image in images]
    for name, *outputs in zip(names, *runs, strict=True):
        yield re.sub(r"_\d+$", "", name), fixed_point(np.concatenate(outputs))


def fixed_point(values: NDArray[np.floating]) -> NDArray[np.int16]:
    """Values as 16-bit integers, with as many fractional bits as the largest one leaves."""
    largest = float(np.max(np.abs(values)))
    fraction = 15 - int(np.ceil(np.log2(largest + 1e-30)))
    return np.clip(np.rint(np.ldexp(values, fraction)), -32768, 32767).astype(np.int16)
