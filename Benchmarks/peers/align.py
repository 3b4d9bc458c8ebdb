"""Triangle matching by astroalign: align.py POSITIONS REFERENCE; prints how the first lies on the second."""

import sys

import astroalign
import numpy as np

from common import Times


def main():
    source, target = (np.loadtxt(path, delimiter=",", skiprows=1) for path in sys.argv[1:3])
    times = Times()
    transform, (matched, _) = times.step("match", lambda: astroalign.find_transform(
        source, target, max_control_points=50))
    times.say(
        scale=float(transform.scale), rotationDegrees=float(np.degrees(transform.rotation)),
        translation=[float(value) for value in transform.translation], matched=len(matched))


if __name__ == "__main__":
    main()
