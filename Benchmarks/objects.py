"""How fast the archiver finds the objects of frames among a million, with all it writes to PostgreSQL."""

import tempfile
import time
from pathlib import Path

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord
from scipy.spatial import cKDTree

from program import NIGHTJAR, NotThere, Wrong, run

OBJECTS = NIGHTJAR.parent / "objects"
TOTAL, FRAMES = 1_000_000, 10
STEPS = ("read objects", "associate", "write")
# Sigma of each detection and of each object [arcsec], and chi^2 of the farthest pair, as the program has them.
FARTHEST = np.sqrt(18.42 * (0.2**2 + 0.1**2))


def vectors(places):
    ra, dec = np.radians(places).T
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)


def by_astropy(detections, objects):
    seen, known = (SkyCoord(*places.T, unit="deg") for places in (detections, objects))
    number, separation, _ = seen.match_to_catalog_sky(known)
    return np.where(separation <= FARTHEST * units.arcsec, number, -1)


def by_tree(detections, objects):
    limit = 2 * np.sin(np.radians(FARTHEST / 3600) / 2)
    distance, number = cKDTree(vectors(objects)).query(vectors(detections), distance_upper_bound=limit)
    return np.where(np.isfinite(distance), number, -1)


def timed(matcher, lists):
    """CPU seconds for all frames, and the share of detections with the same answer as nightjar's."""
    start = time.process_time()
    found = [matcher(detections, objects) for detections, objects, _ in lists]
    seconds = time.process_time() - start
    same = np.concatenate([own == theirs for own, (_, _, theirs) in zip(found, lists)])
    return seconds, float(np.mean(same))


def frames(folder):
    def numbers(number, name, kind):
        return np.fromfile(folder / f"{number}.{name}", dtype=kind)

    lists = []
    for number in range(FRAMES):
        detections, objects = (
            numbers(number, name, "<f8").reshape(-1, 2) for name in ("detections", "objects"))
        lists.append((detections, objects, numbers(number, "matches", "<i8")))
    return lists


def objects(bench):
    if not OBJECTS.exists():
        raise NotThere("objects: make build makes it")
    total = TOTAL // 20 if bench.quick else TOTAL
    runs, peers = [], {"astropy match_to_catalog_sky": [], "scipy cKDTree": []}
    for _ in range(bench.runs):
        with tempfile.TemporaryDirectory() as scratch:
            runs.append(run(OBJECTS, total, scratch).json)
            lists = frames(Path(scratch))
        for name, matcher in zip(peers, (by_astropy, by_tree)):
            seconds, same = timed(matcher, lists)
            # Nearest on the sky is not always nearest in chi^2 and one to one; nearly always it is.
            if same < 0.98:
                raise Wrong(f"{name} takes {1 - same:.1%} of detections for other objects")
            peers[name].append(seconds)
    told(bench, runs, {name: float(np.median(seconds)) for name, seconds in peers.items()})


def told(bench, runs, peers):
    columns = {}
    for turn, one in enumerate(runs[0]):
        own = [result[turn] for result in runs]
        count = one["detections"]

        def spent(*steps, sides=("clientSeconds", "serverSeconds")):
            return float(np.median([sum(r[side].get(step, 0) for side in sides for step in steps) for r in own]))

        column = {f"{step}, µs": 1e6 * spent(step) / count for step in (*STEPS, "statistics")}
        column["detections/s, all but statistics"] = count / spent(*STEPS)
        column["detections/s, with statistics"] = count / spent(*STEPS, "statistics")
        column["detections/s, association alone"] = count / spent("associate", sides=("clientSeconds",))
        columns[one["name"]] = column
    bench.columns(
        "Objects of frames among very many",
        f"{FRAMES} frames of a square degree in each round, a hundredth of the objects on each, two in a hundred "
        "detections new. CPU time of the archiver's thread and of the server's process for it, per detection: what "
        "the archiver reads, associates and writes for each frame; statistics once for all frames, as when a night is "
        "closed.", columns)
    slowest = min(columns.values(), key=lambda column: column["detections/s, all but statistics"])
    bench.measured("detections found among 1,000,000 objects and written", slowest["detections/s, all but statistics"])
    last = list(columns.values())[-1]
    own = runs[0][-1]["detections"] / last["detections/s, association alone"]
    bench.columns(
        "Association beside astropy and scipy",
        "The detections and the objects around them of the same frames, in memory: CPU seconds. The peers take the "
        "nearest on the sky within the farthest a pair may be apart; nightjar chi^2 with both covariances, one to one, "
        "and says which are in doubt.", {"CPU s": {"nightjar": own, **peers}})
    bench.measured("association of detections with the objects around them", own, peers["astropy match_to_catalog_sky"])
