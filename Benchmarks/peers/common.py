"""What the Python peers share: reading, timing, the seeing's kernel."""

import json
import time

import numpy as np
from astropy.io import fits


def plane(path, extension=0):
    with fits.open(path, memmap=False) as hdus:
        return np.ascontiguousarray(hdus[extension].data, dtype=np.float32)


class Times:
    """CPU seconds of this process, step by step."""

    def __init__(self):
        self.steps = {}

    def step(self, name, work):
        start = time.process_time()
        result = work()
        self.steps[name] = time.process_time() - start
        return result

    def say(self, **more):
        print(json.dumps({"steps": self.steps, **more}))


def kernel(fwhm):
    """A Gaussian of the seeing's width, out to one FWHM."""
    reach = int(np.ceil(fwhm))
    line = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (fwhm / 2.3548)) ** 2)
    return np.outer(line, line).astype(np.float32)
