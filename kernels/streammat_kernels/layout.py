"""How the samples of a frame lie in memory and what colours they mean: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .errors import ShapeError


class Family(StrEnum):
    """How the colour planes are stored."""

    PLANAR = "planar"  # Y, U, V [, A], one plane each
    SEMIPLANAR = "semiplanar"  # Y and interleaved UV of shape (h, w, 2): NV12, P010, P016
    RGB = "rgb"  # R, G, B [, A], one plane each (in this order)
    GRAY = "gray"  # Y [, A]


class Matrix(StrEnum):
    """Luma coefficients (ITU-R BT.601-7, BT.709-6, BT.2020-2 non-constant luminance)."""

    BT601 = "bt601"
    BT709 = "bt709"
    BT2020 = "bt2020"


class Transfer(StrEnum):
    """How code values relate to light."""

    SDR = "sdr"  # BT.709, BT.601, BT.2020 video as a display shows it: BT.1886, a pure power of 2.4
    SRGB = "srgb"
    PQ = "pq"
    HLG = "hlg"
    LINEAR = "linear"


class Siting(StrEnum):
    """Where a subsampled chroma sample lies relative to its luma samples."""

    LEFT = "left"  # co-sited with the left luma column, centred vertically (MPEG-2, H.264 default)
    CENTER = "center"  # centred in both directions (JPEG, MPEG-1)
    TOPLEFT = "topleft"  # co-sited with the top left luma sample (BT.2020 UHD)


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """How samples lie in memory. Chroma planes have ceil(W/chroma_x) x ceil(H/chroma_y) samples.

    Attributes:
        family: planar, semi-planar, RGB or gray.
        chroma_x: horizontal chroma subsampling, 1 or 2.
        chroma_y: vertical chroma subsampling, 1 or 2.
        bits: significant bits a sample, 8..16; 8 is stored as uint8, more as native uint16.
        shift: left shift of the sample within its 16-bit word (P010: 6, else 0).
        alpha: a full-size alpha plane of the same depth comes last.
    """

    family: Family = Family.PLANAR
    chroma_x: int = 2
    chroma_y: int = 2
    bits: int = 8
    shift: int = 0
    alpha: bool = False

    def __post_init__(self) -> None:
        if self.chroma_x not in {1, 2} or self.chroma_y not in {1, 2}:
            asked = f"{self.chroma_x}x{self.chroma_y}"
            raise ShapeError(f"chroma subsampling {asked}: only 1 and 2 exist")
        if not 8 <= self.bits <= 16 or self.bits + self.shift > 16:
            raise ShapeError(f"{self.bits} bits shifted by {self.shift} do not fit 8..16 bits")

    def chroma_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of a chroma plane for a luma plane of ``height`` x ``width``."""
        return -(-height // self.chroma_y), -(-width // self.chroma_x)


@dataclass(frozen=True, slots=True)
class Colour:
    """What the code values mean.

    Attributes:
        matrix: luma coefficients (ignored for RGB).
        full_range: 0..2^n-1 instead of 16..235 / 16..240 scaled to n bits.
        siting: chroma sample position.
        transfer: opto-electronic family, for work in linear light.
    """

    matrix: Matrix = Matrix.BT709
    full_range: bool = False
    siting: Siting = Siting.LEFT
    transfer: Transfer = Transfer.SDR
