"""Work on all processors, for what measures accuracy alone. What is timed runs by itself and never in here."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

# What the workers do, set before they are forked: so neither the work nor its items need to be sent to them.
_task = None


def processors():
    return len(os.sched_getaffinity(0))


def each(work, items):
    """[work(item) for item in items], as many at once as there are processors, behind whatever else runs there.

    The results come in the order of the items, and so do not depend on the number of processors. What the work keeps in
    memory is lost, what it writes stays; two items must not write the same file.
    """
    global _task
    items = list(items)
    if processors() == 1 or len(items) < 2:
        return [work(item) for item in items]
    outer, _task = _task, (work, items)
    fork = multiprocessing.get_context("fork")
    try:
        with ProcessPoolExecutor(min(processors(), len(items)), fork, initializer=os.nice, initargs=(5,)) as pool:
            return list(pool.map(_one, range(len(items))))
    finally:
        _task = outer


def _one(index):
    work, items = _task
    return work(items[index])
