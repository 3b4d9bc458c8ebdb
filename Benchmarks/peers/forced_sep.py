"""Sums in circles at given places by sep: forced_sep.py FRAME POSITIONS OUT RADIUS...; errors count the photons."""

import sys

import numpy as np
import sep

from common import plane


def main():
    path, positions, out, radii = sys.argv[1], sys.argv[2], sys.argv[3], [float(word) for word in sys.argv[4:]]
    frame = plane(path)
    x, y = np.loadtxt(positions, delimiter=",", skiprows=1, unpack=True)
    background = sep.Background(frame, bw=64, bh=64, fw=3, fh=3)
    data, rms = frame - background.back(), background.rms()
    sums = [sep.sum_circle(data, x, y, radius, err=rms, gain=1.0, subpix=0)[:2] for radius in radii]
    np.save(out, np.array(sums))
    print("{}")


if __name__ == "__main__":
    main()
