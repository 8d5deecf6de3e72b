"""Tissues and sequences of the sample, and the signal of one under the other."""

from __future__ import annotations

from functools import cache

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict

from casepack.sample.canvas import SignalTable
from casepack.shipped import shipped_folder


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tissue(_Part):
    """Proton density, T1 and T2 (ms) of the water part; fat part; gadolinium uptake (mmol/l)."""

    water: tuple[float, float, float]
    fat: float = 0.0
    uptake: float = 0.0


class Relaxation(_Part):
    """T1 and T2, ms."""

    t1: float
    t2: float


class Sequence(_Part):
    """A pulse sequence with the geometry of its slices; times in ms, lengths in mm."""

    number: int
    """Series Number (0020,0011)."""
    kind: str
    tr: float
    te: float
    flip: float
    etl: int
    bandwidth: int
    """Pixel Bandwidth (0018,0095), Hz."""
    averages: int
    thickness: float
    gap: float
    """Between slices, as a part of the thickness."""
    field_of_view: float
    phase_resolution: float
    noise: float
    """Standard deviation of the noise in each of the two receiver channels."""
    fat_left: float = 1.0
    contrast: bool = False
    description: str
    protocol: str
    sequence_name: str
    seconds: int
    """Duration of the acquisition."""

    @property
    def spacing(self) -> float:
        """Spacing Between Slices (0018,0088), mm."""
        return round(self.thickness * (1 + self.gap), 3)


class Parameters(_Part):
    """The file ``samples/parameters.yaml``."""

    fat: Relaxation
    relaxivity: float
    tissues: dict[str, Tissue]
    sequences: dict[str, Sequence]


@cache
def read_parameters() -> Parameters:
    """Read the shipped parameters of the generator."""
    path = shipped_folder("samples") / "parameters.yaml"
    return Parameters.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def signal_table(names: tuple[str, ...]) -> SignalTable:
    """Return the signals of every tissue; channels: water and fat of each named sequence."""
    parameters = read_parameters()
    return {
        tissue: np.array(
            [value for name in names for value in _signals(tissue, parameters.sequences[name])],
            dtype=np.float32,
        )
        for tissue in parameters.tissues
    }


def _signals(name: str, sequence: Sequence) -> tuple[float, float]:
    parameters = read_parameters()
    tissue = parameters.tissues[name]
    density, t1, t2 = tissue.water
    if sequence.contrast:
        t1 = 1 / (1 / t1 + parameters.relaxivity * tissue.uptake / 1000)
    water = density * _weight(sequence, t1, t2)
    fat = tissue.fat * _weight(sequence, parameters.fat.t1, parameters.fat.t2)
    return water, fat * sequence.fat_left


def _weight(sequence: Sequence, t1: float, t2: float) -> float:
    recovery, decay = np.exp(-sequence.tr / t1), np.exp(-sequence.te / t2)
    if sequence.kind == "spin":
        return float((1 - recovery) * decay)
    angle = np.radians(sequence.flip)
    steady = np.sin(angle) * (1 - recovery) / (1 - np.cos(angle) * recovery)
    return float(steady * np.exp(-sequence.te / min(t2, 40.0)) * 4)
