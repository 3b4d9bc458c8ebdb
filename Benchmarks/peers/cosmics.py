"""L.A.Cosmic by astroscrappy: cosmics.py separable|true FRAME OUT READNOISE; the frame [e-] has its sky in it."""

import sys

import astroscrappy
import numpy as np

from common import Times, plane


def main():
    kind, path, out, read_noise = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
    frame = plane(path)
    times = Times()
    mask, _ = times.step("cosmic rays", lambda: astroscrappy.detect_cosmics(
        frame, sigclip=4.5, sigfrac=0.3, objlim=5.0, gain=1.0, readnoise=read_noise, satlevel=1e6, niter=4,
        sepmed=kind == "separable", cleantype="meanmask", fsmode="median"))
    np.save(out, mask)
    times.say(flagged=int(mask.sum()))


if __name__ == "__main__":
    main()
