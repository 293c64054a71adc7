"""Sources: which publication a number comes from.

A number names its source as a text: a key of `SOURCES`, optionally followed by a comma and the
place in it ("chen2017jssc, Sec. V"), or one of three other origins with the reason behind a colon:
`assumed: ...` (nobody published it), `calibrated: ...` (fitted here, to what), `stated: ...`
(the author of the description vouches for it, e.g. a data sheet of their own).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from picojoule.errors import HardwareError, nearest
from picojoule.publications import ACCELERATORS

ORIGINS = ("assumed", "calibrated", "stated")


@dataclass(frozen=True, slots=True)
class Source:
    """A publication.

    Args:
        key: How numbers name it: first author, year, and what tells two of a year apart.
        authors, title, venue, year: As printed.
        locator: DOI or address.
    """

    key: str
    authors: str
    title: str
    venue: str
    year: int
    locator: str

    def __str__(self) -> str:
        return f"{self.authors}. {self.title}. {self.venue}, {self.year}. {self.locator}"


_EYERISS = "Y.-H. Chen, T. Krishna, J. Emer, V. Sze"
_RECORDS = (
    # The survey and the chip it measures everything against.
    Source(
        "sze2017",
        "V. Sze, Y.-H. Chen, T.-J. Yang, J. Emer",
        "Efficient Processing of Deep Neural Networks: A Tutorial and Survey",
        "Proceedings of the IEEE 105(12), 2295-2329",
        2017,
        "doi:10.1109/JPROC.2017.2761740",
    ),
    Source(
        "chen2016isca",
        "Y.-H. Chen, J. Emer, V. Sze",
        "Eyeriss: A Spatial Architecture for Energy-Efficient Dataflow for Convolutional "
        "Neural Networks",
        "International Symposium on Computer Architecture (ISCA)",
        2016,
        "doi:10.1109/ISCA.2016.40",
    ),
    Source(
        "chen2016isscc",
        _EYERISS,
        "Eyeriss: An Energy-Efficient Reconfigurable Accelerator for Deep Convolutional Neural "
        "Networks",
        "International Solid-State Circuits Conference (ISSCC), digest 14.5",
        2016,
        "doi:10.1109/ISSCC.2016.7418007",
    ),
    Source(
        "chen2017jssc",
        _EYERISS,
        "Eyeriss: An Energy-Efficient Reconfigurable Accelerator for Deep Convolutional Neural "
        "Networks",
        "IEEE Journal of Solid-State Circuits 52(1), 127-138",
        2017,
        "doi:10.1109/JSSC.2016.2616357",
    ),
    Source(
        "chen2017micro",
        "Y.-H. Chen, J. Emer, V. Sze",
        "Using Dataflow to Optimize Energy Efficiency of Deep Neural Network Accelerators",
        "IEEE Micro 37(3), 12-21",
        2017,
        "doi:10.1109/MM.2017.54",
    ),
    Source(
        "yang2017asilomar",
        "T.-J. Yang, Y.-H. Chen, J. Emer, V. Sze",
        "A Method to Estimate the Energy Consumption of Deep Neural Networks",
        "Asilomar Conference on Signals, Systems and Computers",
        2017,
        "doi:10.1109/ACSSC.2017.8335698",
    ),
    # What one action costs.
    Source(
        "horowitz2014",
        "M. Horowitz",
        "Computing's Energy Problem (and what we can do about it)",
        "International Solid-State Circuits Conference (ISSCC), digest 1.1",
        2014,
        "doi:10.1109/ISSCC.2014.6757323",
    ),
    Source(
        "keckler2011",
        "S. W. Keckler, W. J. Dally, B. Khailany, M. Garland, D. Glasco",
        "GPUs and the Future of Parallel Computing",
        "IEEE Micro 31(5), 7-17",
        2011,
        "doi:10.1109/MM.2011.89",
    ),
    Source(
        "dennard1974",
        "R. H. Dennard, F. H. Gaensslen, H.-N. Yu, V. L. Rideout, E. Bassous, A. R. LeBlanc",
        "Design of Ion-Implanted MOSFET's with Very Small Physical Dimensions",
        "IEEE Journal of Solid-State Circuits 9(5), 256-268",
        1974,
        "doi:10.1109/JSSC.1974.1050511",
    ),
    Source(
        "malladi2012",
        "K. T. Malladi, B. C. Lee, F. A. Nothaft, C. Kozyrakis, K. Periyathambi, M. Horowitz",
        "Towards Energy-Proportional Datacenter Memory with Mobile DRAM",
        "International Symposium on Computer Architecture (ISCA)",
        2012,
        "doi:10.1109/ISCA.2012.6237004",
    ),
    Source(
        "oconnor2017",
        "M. O'Connor, N. Chatterjee, D. Lee, J. Wilson, A. Agrawal, S. W. Keckler, W. J. Dally",
        "Fine-Grained DRAM: Energy-Efficient DRAM for Extreme Bandwidth Systems",
        "International Symposium on Microarchitecture (MICRO)",
        2017,
        "doi:10.1145/3123939.3124545",
    ),
    Source(
        "jeddeloh2012",
        "J. Jeddeloh, B. Keeth",
        "Hybrid Memory Cube: New DRAM Architecture Increases Density and Performance",
        "Symposium on VLSI Technology",
        2012,
        "doi:10.1109/VLSIT.2012.6242474",
    ),
    Source(
        "hwcomponents",
        "Accelergy Project",
        "hwcomponents: component energy and area models (DRAM table)",
        "software",
        2025,
        "https://github.com/Accelergy-Project/hwcomponents",
    ),
    Source(
        "chen2014dadiannao",
        "Y. Chen, T. Luo, S. Liu, S. Zhang, L. He, J. Wang, L. Li, T. Chen, Z. Xu, N. Sun, "
        "O. Temam",
        "DaDianNao: A Machine-Learning Supercomputer",
        "International Symposium on Microarchitecture (MICRO)",
        2014,
        "doi:10.1109/MICRO.2014.58",
    ),
    Source(
        "shafiee2016isaac",
        "A. Shafiee, A. Nag, N. Muralimanohar, R. Balasubramonian, J. P. Strachan, M. Hu, "
        "R. S. Williams, V. Srikumar",
        "ISAAC: A Convolutional Neural Network Accelerator with In-Situ Analog Arithmetic in "
        "Crossbars",
        "International Symposium on Computer Architecture (ISCA)",
        2016,
        "doi:10.1109/ISCA.2016.12",
    ),
    # Other chips and tools.
    Source(
        "jouppi2017",
        "N. P. Jouppi et al.",
        "In-Datacenter Performance Analysis of a Tensor Processing Unit",
        "International Symposium on Computer Architecture (ISCA)",
        2017,
        "doi:10.1145/3079856.3080246",
    ),
    Source(
        "nvdla2018",
        "NVIDIA",
        "NVIDIA Deep Learning Accelerator: hardware architectural specification, and the "
        "configuration spec/defs/nv_full.spec of its open source hardware",
        "software",
        2018,
        "https://nvdla.org/hw/v1/hwarch.html",
    ),
    Source(
        "gao2017tetris",
        "M. Gao, J. Pu, X. Yang, M. Horowitz, C. Kozyrakis",
        "TETRIS: Scalable and Efficient Neural Network Acceleration with 3D Memory",
        "Architectural Support for Programming Languages and Operating Systems (ASPLOS)",
        2017,
        "doi:10.1145/3037697.3037702",
    ),
    Source(
        "parashar2019timeloop",
        "A. Parashar et al.",
        "Timeloop: A Systematic Approach to DNN Accelerator Evaluation",
        "International Symposium on Performance Analysis of Systems and Software (ISPASS)",
        2019,
        "doi:10.1109/ISPASS.2019.00042",
    ),
    Source(
        "wu2019accelergy",
        "Y. N. Wu, J. S. Emer, V. Sze",
        "Accelergy: An Architecture-Level Energy Estimation Methodology for Accelerator Designs",
        "International Conference on Computer-Aided Design (ICCAD)",
        2019,
        "doi:10.1109/ICCAD45719.2019.8942149",
    ),
    # Networks.
    Source(
        "lecun1998",
        "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner",
        "Gradient-Based Learning Applied to Document Recognition",
        "Proceedings of the IEEE 86(11), 2278-2324",
        1998,
        "doi:10.1109/5.726791",
    ),
    Source(
        "krizhevsky2012",
        "A. Krizhevsky, I. Sutskever, G. E. Hinton",
        "ImageNet Classification with Deep Convolutional Neural Networks",
        "Advances in Neural Information Processing Systems (NIPS)",
        2012,
        "doi:10.1145/3065386",
    ),
    Source(
        "sermanet2013",
        "P. Sermanet, D. Eigen, X. Zhang, M. Mathieu, R. Fergus, Y. LeCun",
        "OverFeat: Integrated Recognition, Localization and Detection using Convolutional Networks",
        "arXiv; ICLR 2014",
        2013,
        "arXiv:1312.6229",
    ),
    Source(
        "simonyan2014",
        "K. Simonyan, A. Zisserman",
        "Very Deep Convolutional Networks for Large-Scale Image Recognition",
        "arXiv; ICLR 2015",
        2014,
        "arXiv:1409.1556",
    ),
    Source(
        "szegedy2015",
        "C. Szegedy et al.",
        "Going Deeper with Convolutions",
        "Computer Vision and Pattern Recognition (CVPR)",
        2015,
        "doi:10.1109/CVPR.2015.7298594",
    ),
    Source(
        "he2016",
        "K. He, X. Zhang, S. Ren, J. Sun",
        "Deep Residual Learning for Image Recognition",
        "Computer Vision and Pattern Recognition (CVPR)",
        2016,
        "doi:10.1109/CVPR.2016.90",
    ),
    Source(
        "iandola2016",
        "F. N. Iandola, S. Han, M. W. Moskewicz, K. Ashraf, W. J. Dally, K. Keutzer",
        "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size",
        "arXiv",
        2016,
        "arXiv:1602.07360",
    ),
    Source(
        "howard2017",
        "A. G. Howard et al.",
        "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
        "arXiv",
        2017,
        "arXiv:1704.04861",
    ),
    Source(
        "sandler2018",
        "M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L.-C. Chen",
        "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
        "Computer Vision and Pattern Recognition (CVPR)",
        2018,
        "doi:10.1109/CVPR.2018.00474",
    ),
    Source(
        "hochreiter1997",
        "S. Hochreiter, J. Schmidhuber",
        "Long Short-Term Memory",
        "Neural Computation 9(8), 1735-1780",
        1997,
        "doi:10.1162/neco.1997.9.8.1735",
    ),
    Source(
        "vaswani2017",
        "A. Vaswani et al.",
        "Attention Is All You Need",
        "Advances in Neural Information Processing Systems (NIPS)",
        2017,
        "arXiv:1706.03762",
    ),
    Source(
        "devlin2019",
        "J. Devlin, M.-W. Chang, K. Lee, K. Toutanova",
        "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
        "NAACL-HLT",
        2019,
        "doi:10.18653/v1/N19-1423",
    ),
)

SOURCES: dict[str, Source] = {
    record.key: record for record in (*_RECORDS, *(Source(*row) for row in ACCELERATORS))
}


def source_key(text: str) -> str:
    """The part of a source text before the place or reason: a key, or an origin.

    >>> source_key("chen2017jssc, Sec. V"), source_key("assumed: a round number")
    ('chen2017jssc', 'assumed')
    """
    origin, colon, _ = text.partition(":")
    if colon and origin.strip() in ORIGINS:
        return origin.strip()
    return text.partition(",")[0].strip()


def check_source(text: str, *, where: str) -> str:
    """Return a source text in its one spelling, or say what is wrong with it.

    Args:
        text: A key of `SOURCES` with an optional place, or an origin with its reason.
        where: Which number it is for.

    Raises:
        HardwareError: The key is unknown, or an origin has no reason.

    >>> check_source("sze2017,  Table V", where="clock")
    'sze2017, Table V'
    """
    key = source_key(text)
    if key in ORIGINS:
        reason = text.partition(":")[2].strip()
        if not reason:
            raise HardwareError(
                "a source gives no reason",
                where=where,
                got=text,
                expected=f"`{key}: ` and why",
                fix=f"write {{{key}: the reason}}",
            )
        return f"{key}: {reason}"
    if key not in SOURCES:
        raise HardwareError(
            "a number names an unknown source",
            where=where,
            got=text or "an empty text",
            expected=f"{nearest(key, SOURCES)}; or `assumed: reason`, `stated: where`",
            fix="name a known publication, or write {stated: where the number is printed}",
        )
    place = text.partition(",")[2].strip()
    return f"{key}, {place}" if place else key


def citations(texts: Iterable[str]) -> tuple[Source, ...]:
    """The publications that some source texts name, each once, sorted by key.

    >>> [source.year for source in citations(["sze2017, Fig. 22", "assumed: x", "sze2017"])]
    [2017]
    """
    keys = {source_key(text) for text in texts}
    return tuple(SOURCES[key] for key in sorted(keys & SOURCES.keys()))
