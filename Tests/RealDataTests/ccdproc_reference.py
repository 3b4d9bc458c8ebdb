"""What ccdproc makes of the light of feder-kelt16: the truth of CCDProcTests.swift.

usage: ccdproc_reference.py FOLDER OUT      every pixel, 64-bit little-endian floats
       ccdproc_reference.py FOLDER          every 997th pixel, as lines of Swift

In double precision, gain 1.5 e-/ADU, the flat divided by its mean (ccdproc's default).
"""

import sys
import warnings
from pathlib import Path

import astropy.units as u
import ccdproc
from astropy.io import fits
from astropy.nddata import CCDData

warnings.simplefilter("ignore")


def read(folder, name):
    with fits.open(Path(folder) / name) as hdus:
        return CCDData(hdus[0].data.astype(float), unit="adu", header=hdus[0].header)


def calibrated(folder):
    frame = read(folder, "kelt-16-b-S001-R001-C084-r.fit.gz")
    frame = ccdproc.subtract_bias(frame, read(folder, "combined_bias.fit.gz"))
    dark = read(folder, "combined_dark_90.000.fit.gz")
    frame = ccdproc.subtract_dark(frame, dark, exposure_time="EXPTIME", exposure_unit=u.s, scale=True)
    frame = ccdproc.gain_correct(frame, 1.5 * u.electron / u.adu)
    return ccdproc.flat_correct(frame, read(folder, "combined_flat_filter_r.fit.gz")).data


pixels = calibrated(sys.argv[1]).ravel()
if len(sys.argv) > 2:
    pixels.astype("<f8").tofile(sys.argv[2])
else:
    for value in pixels[::997]:
        print(f"        {value!r},".replace("np.float64(", "").replace(")", ""))
