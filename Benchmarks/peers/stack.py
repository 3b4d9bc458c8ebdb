"""Median of frames: stack.py bottleneck|ccdproc OUT FRAME...; the frames have been read before the clock starts."""

import sys
import warnings

import bottleneck
import ccdproc
import numpy as np
from astropy.io import fits
from astropy.nddata import CCDData

from common import Times, plane


def main():
    warnings.simplefilter("ignore")
    kind, out, paths = sys.argv[1], sys.argv[2], sys.argv[3:]
    frames = [plane(path) for path in paths]
    times = Times()
    if kind == "bottleneck":
        cube = np.stack(frames)
        result = times.step("median", lambda: bottleneck.nanmedian(cube, axis=0))
    else:
        frames = [CCDData(frame, unit="adu") for frame in frames]
        result = times.step("median", lambda: ccdproc.combine(frames, method="median", dtype=np.float32).data)
    np.save(out, np.asarray(result, dtype=np.float32))
    times.say()


if __name__ == "__main__":
    main()
