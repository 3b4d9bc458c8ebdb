"""Judges captured events by the closed form of their schemas.

usage: check_events.py FILE.jsonl...    one message a line: {"topic": ..., "key": ..., "headers": {...}, "value": {...}}

Exit status 0 when there is at least one message and all hold: topic published, headers those of CloudEvents and of the
topic, key the field it should be, value as its schema says, and one id never with two different values.
"""

import json
import sys
from collections import Counter

from contract import SCHEMAS, Contract, Topics, at_pointer

HEADERS = SCHEMAS / "common/v1.schema.json"
MESSAGE_FIELDS = {"topic", "key", "headers", "value"}


class Judge:
    def __init__(self):
        self.contract = Contract()
        self.topics = Topics()
        self.values = {}
        self.counts = Counter()

    def problems(self, line):
        """What is wrong with one line of a capture."""
        try:
            message = json.loads(line, parse_constant=self.refuse)
        except ValueError as error:
            return [f"not JSON: {error}"]
        missing = MESSAGE_FIELDS - message.keys() if isinstance(message, dict) else MESSAGE_FIELDS
        if missing:
            return [f"not a captured message: it has no {', '.join(sorted(missing))}"]
        entry = self.topics.find(str(message["topic"]))
        if entry is None:
            return [f"{message['topic']}: schemas/asyncapi.yaml has no such topic"]
        self.counts[message["topic"]] += 1
        found = self.contract.problems(message["value"], entry["schema"], is_closed=True)
        found += self.header_problems(message["headers"], entry) + self.key_problems(message, entry)
        found += self.arithmetic_problems(message["value"], entry)
        found = found or self.identity_problems(message)
        return [f"{message['topic']}: {problem}" for problem in found]

    @staticmethod
    def refuse(text):
        raise ValueError(f"{text} is not JSON")

    def header_problems(self, headers, entry):
        found = self.contract.problems(headers, HEADERS, is_closed=True, fragment="#/$defs/MessageHeaders")
        if found:
            return [f"headers: {problem}" for problem in found]
        wanted = {
            "ce_type": f"nightjar.{entry['type']}",
            "ce_dataschema": str(entry["schema"].relative_to(SCHEMAS.parent)),
        }
        return [
            f"headers: {name} is '{headers[name]}', expected '{value}'"
            for name, value in wanted.items() if headers[name] != value
        ]

    def key_problems(self, message, entry):
        try:
            wanted = at_pointer(message["value"], entry["key"])
        except (KeyError, TypeError):
            return [f"the value has no {entry['key']}, which is the key"]
        return [] if message["key"] == wanted else [f"the key is '{message['key']}', {entry['key']} is '{wanted}'"]

    def arithmetic_problems(self, value, entry):
        """What a schema cannot say: a ledger adds up."""
        if entry["type"] != "ledger.reconciled" or not isinstance(value, dict):
            return []
        parts = [value.get(name) for name in ("measured", "calibration", "rejected", "deadLettered")]
        if None in parts or value.get("received") == sum(parts):
            return []
        return [f"received is {value.get('received')}, its parts add up to {sum(parts)}"]

    def identity_problems(self, message):
        """The same fact has the same id and the same bytes, however often it is said."""
        event = message["headers"]["ce_id"]
        value = json.dumps(message["value"], sort_keys=True)
        first = self.values.setdefault((message["topic"], event), value)
        return [] if first == value else [f"ce_id {event} came before with another value"]


def main(files):
    if not files:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    judge = Judge()
    bad = 0
    for name in files:
        with open(name, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                problems = judge.problems(line) if line.strip() else []
                bad += bool(problems)
                for problem in problems:
                    print(f"{name}:{number}: {problem}")
    for topic, count in sorted(judge.counts.items()):
        print(f"{count:7d}  {topic}")
    total = sum(judge.counts.values())
    print(f"events: {total} messages on {len(judge.counts)} topics, {bad} lines bad")
    if total == 0:
        print(f"{', '.join(files)}: no message to judge")
    return 1 if bad or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
