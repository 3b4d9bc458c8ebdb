"""Simulated fields: frames with their truth, made once per run by `nightjar simulate` and `nightjar calibrate`."""

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from astropy.io import fits

from program import nightjar
from together import each

# Of all fields of accuracy: e-/px, e-, e-/ADU, px.
SKY, READ_NOISE, GAIN, FWHM = 200.0, 5.0, 2.0, 3.2
SIGMA = FWHM / 2.354820045

SEEDS = {
    "speed4k": 21, "sparse": 41,
    "isolated": 11, "crowded": 12, "varying": 13, "pulls": 14, "cosmics": 15, "speed": 16, "few": 17, "many": 18,
    "nebula": 19, "pair": 20, "size1024": 31, "size2048": 32, "size4096": 33,
}


def table(path, *wanted):
    """Columns of a CSV file, all or those that are wanted, as arrays of numbers (NaN where empty) or of text."""
    with open(path, newline="") as stream:
        reader = csv.reader(stream)
        names = next(reader)
        columns = list(zip(*reader)) or [()] * len(names)

    def values(column):
        try:
            return np.array([float(text) if text else np.nan for text in column])
        except ValueError:
            return np.array(column)

    return {name: values(column) for name, column in zip(names, columns) if not wanted or name in wanted}


@dataclass
class Frame:
    """One light of a field: raw, calibrated, its planes on their own, its truth."""

    field: "Field"
    name: str
    truth: dict

    @property
    def raw(self):
        return self.field.folder / "frames" / self.name

    @cached_property
    def calibrated(self):
        place = self.field.folder / "calibrated" / self.name
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            nightjar("calibrate", self.raw, *self.field.masters, "--out", place)
        return place

    @cached_property
    def signal_file(self):
        """The signal alone, as other programs read it."""
        place = self.field.folder / "signal" / self.name
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            fits.PrimaryHDU(self.signal).writeto(place)
        return place

    @property
    def signal(self):
        return native(self.calibrated, "SIGNAL")

    @property
    def variance(self):
        return native(self.calibrated, "VARIANCE")

    def made(self):
        """Makes the files that all programs read."""
        return self.calibrated, self.signal_file

    def place(self, name):
        """A file of this frame in the field's folder."""
        folder = self.field.folder / "made"
        folder.mkdir(exist_ok=True)
        return folder / f"{Path(self.name).stem}-{name}"

    def positions(self):
        place = self.place("positions.csv")
        if not place.exists():
            lines = [f"{x},{y}" for x, y in zip(self.truth["x"], self.truth["y"])]
            place.write_text("x,y\n" + "\n".join(lines) + "\n")
        return place


def native(path, extension=0):
    with fits.open(path, memmap=False) as hdus:
        data = hdus[extension].data
        return np.ascontiguousarray(data, dtype=data.dtype.newbyteorder("="))


class Field:
    def __init__(self, folder, name, scenario, frames, *choices, size=2048):
        self.folder, self.size = Path(folder) / name, size
        if not (self.folder / "truth.csv").exists():
            noise = ["--sky", SKY, "--read-noise", READ_NOISE, "--gain", GAIN, "--fwhm", FWHM]
            nightjar(
                "simulate", "--scenario", scenario, "--frames", frames, "--size", size, "--seed", SEEDS[name], *noise,
                *choices, "--out", self.folder)
        masters = self.folder / "masters"
        self.masters = [word for kind in ("bias", "dark", "flat") for word in (f"--{kind}", masters / f"{kind}.fits")]
        truth = table(self.folder / "truth.csv")
        self.frames = [
            Frame(self, str(name), {key: column[truth["frame"] == name] for key, column in truth.items()})
            for name in np.unique(truth["frame"])
        ]

    def rays(self, frame):
        rays = table(self.folder / "cosmic_rays.csv")
        return {key: column[rays["frame"] == frame.name] for key, column in rays.items()}


class Fields:
    """The fields of a run, made when first asked for."""

    def __init__(self, folder, quick):
        self.folder, self.quick = Path(folder), quick
        self.made = {}

    def get(self, name):
        if name not in self.made:
            self.made[name] = getattr(self, name)()
        return self.made[name]

    def prepare(self, *names):
        """Makes fields and their frames on all processors; only for parts that time nothing."""
        each(lambda name: getattr(self, name)() and None, [name for name in names if name not in self.made])
        each(Frame.made, [frame for name in names for frame in self.get(name).frames])

    def count(self, full, quick):
        return quick if self.quick else full

    def isolated(self):
        return Field(
            self.folder, "isolated", "isolated", self.count(20, 3), "--density", 0.5, "--snr", "4:1000", "--flux-slope",
            0.6)

    def sparse(self):
        """As many stars on a frame as `isolated` has, at random places; more frames, for not all stars are lonely."""
        return Field(
            self.folder, "sparse", "dense", self.count(27, 3), "--stars", 2070, "--snr", "4:1000", "--flux-slope", 0.6)

    def crowded(self):
        return Field(
            self.folder, "crowded", "dense", self.count(4, 2), "--stars", 20000, "--snr", "2:1000", "--flux-slope", 0.8)

    def varying(self):
        return Field(
            self.folder, "varying", "isolated", self.count(8, 2), "--stars", 3000, "--snr", "4:1000", "--flux-slope",
            0.3, "--psf", "moffat", "--fwhm-growth", 0.25, "--ellipticity", 0.05, "--ellipticity-growth", 0.15)

    def pulls(self):
        return Field(self.folder, "pulls", "isolated", self.count(22, 3), "--stars", 1600, "--snr", "5:1000")

    def cosmics(self):
        return Field(
            self.folder, "cosmics", "isolated", 1, "--stars", 1000, "--snr", "10:1000", "--cosmic-rays", 120)

    def speed(self):
        return Field(
            self.folder, "speed", "dense", 1, "--stars", 3000, "--snr", "5:1000", "--flux-slope", 0.5,
            "--cosmic-rays", 120)

    def few(self):
        return self.sky("few", 3000, -0.2)

    def many(self):
        return self.sky("many", 20000, 0.0)

    def sky(self, name, stars, slope):
        """Stars with wings, which is what misleads a mesh: a mode among Gaussian stars is hardly off."""
        return Field(
            self.folder, name, "dense", self.count(2, 1), "--stars", stars, "--snr", "3:1000", "--flux-slope", slope,
            "--psf", "moffat", "--even-detector")

    def nebula(self):
        return Field(
            self.folder, "nebula", "isolated", 1, "--stars", 1000, "--snr", "3:300", "--nebula", 100,
            "--nebula-sigma", 60, "--even-detector")

    def pair(self):
        return Field(
            self.folder, "pair", "dense", 2, "--stars", 3000, "--snr", "5:1000", "--flux-slope", 0.5, "--same-stars",
            "--shift", "11.3,-7.6", "--rotate", 0.8)
