"""Cosmic rays: nightjar beside astroscrappy, on the same simulated frames in the same run, in turn.

usage: cosmic_rays.py PROGRAM [--runs N] [--fwhm F...] [--seeds N]

PROGRAM is built from cosmic_rays.swift beside this file. A frame of 2048 x 2048 px has 3,000 stars and 120 tracks of
100 to 20,000 electrons: points, straight tracks and worms, as in Shared/Simulation/CosmicRayTracks.swift.
An object is found when the mask holds half of its charge; a star's core is hit when the mask holds a pixel within 1 px
of the centre of a star above 10 sigma that no track has touched.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import astroscrappy
import numpy as np
from scipy.special import erf

SIZE, STARS, TRACKS = 2048, 3000, 120
SKY, READ_NOISE, FULL_WELL = 100.0, 5.0, 100_000.0
BETA = 3.5


def share(pixels, centre, sigma):
    scale = 1 / (sigma * np.sqrt(2))
    return (erf((pixels + 0.5 - centre) * scale) - erf((pixels - 0.5 - centre) * scale)) / 2


def star(fwhm, x, y, reach):
    """Light of a Moffat star in the pixels around (x, y), by 5 x 5 points a pixel, and their first column and row."""
    alpha = fwhm / (2 * np.sqrt(2 ** (1 / BETA) - 1))
    left, low = int(round(x)) - reach, int(round(y)) - reach
    points = (np.arange(5) - 2) / 5
    fine = (np.arange(2 * reach + 1)[:, None] + points).ravel()
    square = ((fine + left - x) ** 2)[None, :] + ((fine + low - y) ** 2)[:, None]
    light = (1 + square / alpha**2) ** -BETA
    light = light.reshape(2 * reach + 1, 5, 2 * reach + 1, 5).mean(axis=(1, 3))
    return light * (BETA - 1) / (np.pi * alpha**2), left, low


def add(image, patch, left, low):
    x0, y0 = max(left, 0), max(low, 0)
    x1, y1 = min(left + patch.shape[1], SIZE), min(low + patch.shape[0], SIZE)
    if x0 < x1 and y0 < y1:
        image[y0:y1, x0:x1] += patch[y0 - low:y1 - low, x0 - left:x1 - left]


def track(random):
    """Pixels and electrons of one cosmic ray."""
    energy = np.exp(random.uniform(np.log(100), np.log(20_000)))
    density = np.exp(random.uniform(np.log(100), np.log(1000)))
    x, y = random.uniform(-0.5, SIZE - 0.5, 2)
    kind = random.uniform()
    angle = random.uniform(0, 2 * np.pi)
    diffusion = 0.25
    if kind < 0.2:
        xs, ys, diffusion = np.array([round(x)]), np.array([round(y)]), 0.125
    else:
        if kind < 0.7:
            cosine = max(random.uniform() ** (1 / 3), 0.02)
            length, path = 8 * np.sqrt(1 - cosine**2) / cosine, 8 / cosine
            angles = np.full(int(min(length, 200) / 0.1), angle)
        else:
            path = random.uniform(5, 40)
            angles = angle + np.cumsum(0.12 * random.normal(size=int(path / 0.1)))
        energy = min(max(density * path, 100), 20_000)
        xs = x + np.concatenate([[0], np.cumsum(0.1 * np.cos(angles))])
        ys = y + np.concatenate([[0], np.cumsum(0.1 * np.sin(angles))])
    weights = np.maximum(0.1, 1 + 0.33 * random.normal(size=len(xs)))
    charges = {}
    near = np.arange(-2, 3)
    for px, py, charge in zip(xs, ys, energy * weights / weights.sum()):
        columns, rows = int(round(px)) + near, int(round(py)) + near
        shares = charge * np.outer(share(rows, py, diffusion), share(columns, px, diffusion))
        for j, row in enumerate(rows):
            for i, column in enumerate(columns):
                if 0 <= row < SIZE and 0 <= column < SIZE and shares[j, i] > 1e-6 * charge:
                    charges[row, column] = charges.get((row, column), 0) + shares[j, i]
    return charges


def field(seed, fwhm):
    """Signal [e-, sky subtracted], variance, saturated pixels, tracks, stars (x, y, flux)."""
    random = np.random.default_rng(seed)
    light = np.full((SIZE, SIZE), SKY)
    count = STARS
    magnitudes = np.log10(random.uniform(10 ** (0.3 * 13), 10 ** (0.3 * 20), count)) / 0.3
    fluxes = 10 ** (-0.4 * (magnitudes - 20)) * 600
    xs, ys = random.uniform(-0.5, SIZE - 0.5, (2, count))
    for x, y, flux in zip(xs, ys, fluxes):
        reach = int(min(np.ceil(fwhm * max(3, (flux / 20) ** 0.2)), 80))
        patch, left, low = star(fwhm, x, y, reach)
        add(light, flux * patch, left, low)
    tracks = [track(random) for _ in range(TRACKS)]
    electrons = random.poisson(light).astype(float)
    hit = np.zeros((SIZE, SIZE), bool)
    for charges in tracks:
        for (row, column), charge in charges.items():
            electrons[row, column] += random.poisson(charge)
            hit[row, column] |= charge > 1
    saturated = electrons >= FULL_WELL
    signal = np.minimum(electrons, FULL_WELL) + READ_NOISE * random.normal(size=light.shape) - SKY
    variance = np.full((SIZE, SIZE), SKY + READ_NOISE**2)
    return signal.astype("f4"), variance.astype("f4"), saturated, tracks, hit, np.column_stack([xs, ys, fluxes])


# Judging


def touched(mask, times):
    """Pixels of a mask and those beside them, so many times over."""
    for _ in range(times):
        padded = np.pad(mask, 1)
        mask = sum(padded[1 + y:1 + y + SIZE, 1 + x:1 + x + SIZE] for y in (-1, 0, 1) for x in (-1, 0, 1)) > 0
    return mask


def judge(mask, made, fwhm):
    """Tracks found, star cores looked at, cores hit, pixels hit far from any track."""
    _, _, _, tracks, hit, stars = made
    found = sum(
        sum(charge for place, charge in track.items() if mask[place]) >= 0.5 * sum(track.values()) for track in tracks)
    near = touched(hit, 1)
    noise = 2 * np.pi * (0.7 * fwhm) ** 2 * (SKY + READ_NOISE**2)
    cores = hits = 0
    for x, y, flux in stars:
        column, row = int(round(x)), int(round(y))
        core = np.s_[row - 1:row + 2, column - 1:column + 2]
        inside = 2 <= column < SIZE - 2 and 2 <= row < SIZE - 2
        if not inside or flux < 10 * np.sqrt(flux + noise) or near[core].any():
            continue
        cores += 1
        hits += bool(mask[core].any())
    return {"tracks": len(tracks), "found": int(found), "cores": cores, "coresHit": hits,
            "falsePixels": int((mask & ~touched(hit, 2)).sum())}


def peer(made):
    start = time.process_time()
    mask, _ = astroscrappy.detect_cosmics(
        made[0] + np.float32(SKY), sepmed=True, niter=4, gain=1.0, readnoise=READ_NOISE, satlevel=0.99 * FULL_WELL,
        sigclip=4.5, sigfrac=0.3, objlim=5.0)
    return time.process_time() - start, mask


def ours(program, folder, made, fwhm):
    signal, variance, saturated = made[:3]
    signal.tofile(folder / "signal.f32")
    variance.tofile(folder / "variance.f32")
    (saturated * 2).astype("u2").tofile(folder / "mask.u16")
    done = subprocess.run(
        [program, str(folder), str(SIZE), str(SIZE), str(fwhm)], capture_output=True, text=True, check=True)
    mask = np.fromfile(folder / "hits.u16", "u2").reshape(SIZE, SIZE)
    return json.loads(done.stdout)["cpuSeconds"], (mask & 32) > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="built from cosmic_rays.swift: reads and writes raw planes in a folder")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--fwhm", type=float, nargs="+", default=[3.2, 1.8])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for fwhm in options.fwhm:
            for seed in range(1, options.seeds + 1):
                made = field(seed, fwhm)
                times = {"nightjar": [], "nightjar, seeing unknown": [], "astroscrappy": []}
                masks = {}
                for _ in range(options.runs):
                    for name, run in (
                        ("nightjar", lambda: ours(options.program, Path(scratch), made, fwhm)),
                        ("nightjar, seeing unknown", lambda: ours(options.program, Path(scratch), made, 0)),
                        ("astroscrappy", lambda: peer(made)),
                    ):
                        seconds, masks[name] = run()
                        times[name].append(seconds)
                for name, mask in masks.items():
                    seconds = round(float(np.median(times[name])), 4)
                    row = {"fwhm": fwhm, "seed": seed, "who": name, "cpuSeconds": seconds}
                    print(json.dumps({**row, **judge(mask, made, fwhm)}), flush=True)


if __name__ == "__main__":
    main()
