"""Checks what the compose files promise.

usage: check_compose.py COMPOSE WORKER    the two files as `config` prints them
"""

import re
import sys
from pathlib import Path

import yaml

from check_rooms import group
from sources import ROOT, tracked

# Images of others, and the one-shot that prepares the broker.
OTHERS = {"kafka", "postgres", "topics"}
WITH_DATABASE = {"harvester", "alerter", "archiver"}
WITH_FRAMES = {"ingest", "calibrator", "photometer", "archiver"}
NOT_A_SERVICE = {"nightjar"}


def settings_of_the_code():
    """Names of environment variables that the code reads."""
    names = set()
    for path in tracked(".swift"):
        if path.relative_to(ROOT).parts[0] != "Tests":
            names |= set(re.findall(r'"(NIGHTJAR_[A-Z_]+)"', path.read_text("utf-8")))
    return names


def required_settings(name):
    """Names that the table of a service's Config.swift calls required."""
    text = (ROOT / f"Services/{name}/Config.swift").read_text("utf-8")
    return set(re.findall(r"^/// \| `(NIGHTJAR_[A-Z_]+)` \| required ", text, re.MULTILINE))


def targets(service):
    return {volume.split(":")[1] for volume in service.get("volumes", [])}


def compose_problems(services):
    wanted = (group("services") - NOT_A_SERVICE) | OTHERS
    if set(services) != wanted:
        yield f"services are {', '.join(sorted(services))}, expected {', '.join(sorted(wanted))}"
        return
    for name in sorted(wanted - OTHERS):
        yield from service_problems(name, services[name])
    for name in ("kafka", "postgres"):
        if "healthcheck" not in services[name]:
            yield f"{name} has no health check"
    if services["postgres"].get("ports"):
        yield "postgres is reachable from outside"
    for port in services["kafka"].get("ports", []):
        if not str(port).startswith("127.0.0.1:"):
            yield f"kafka listens to the world by default: {port}"
    if services["topics"]["command"] != ["nightjar", "topics", "create"]:
        yield "topics does not run `nightjar topics create`"


def service_problems(name, service):
    environment = service["environment"]
    if service["command"] != [name]:
        yield f"{name} runs {service['command']}"
    if ("NIGHTJAR_DATABASE" in environment) != (name in WITH_DATABASE):
        yield f"{name} {'has' if 'NIGHTJAR_DATABASE' in environment else 'lacks'} a database setting"
    if ("NIGHTJAR_FRAME_STORE" in environment) != (name in WITH_FRAMES):
        yield f"{name} {'has' if 'NIGHTJAR_FRAME_STORE' in environment else 'lacks'} a frame store"
    if (name in WITH_FRAMES) != ("/frames" in targets(service)):
        yield f"{name}: the volume of the frame store does not fit its settings"
    if service.get("restart") != "unless-stopped":
        yield f"{name} is not started again when it ends"
    if "container_name" in service or service.get("ports"):
        yield f"{name} cannot be scaled: it has a container name or a port of its own"
    for setting in sorted(required_settings(name) - set(environment)):
        yield f"{name} needs {setting}"
    known = settings_of_the_code()
    for setting in sorted(environment):
        if setting.startswith("NIGHTJAR_") and setting not in known:
            yield f"{name}: the code reads no {setting}"


def main(compose_file, worker_file):
    compose = yaml.safe_load(Path(compose_file).read_text("utf-8"))
    worker = yaml.safe_load(Path(worker_file).read_text("utf-8"))
    found = [f"compose/compose.yaml: {text}" for text in compose_problems(compose["services"])]
    if set(worker["services"]) != {"photometer"}:
        found.append("compose/worker.yaml: it has other services than the photometer")
    else:
        problems = service_problems("photometer", worker["services"]["photometer"])
        found += [f"compose/worker.yaml: {text}" for text in problems]
    for line in found:
        print(line)
    print(f"compose: {len(compose['services'])} services: {f'{len(found)} problems' if found else 'good'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
