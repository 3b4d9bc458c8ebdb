"""Tests of the checks: each finds what it is there to find, and is silent about what is good."""

import copy
import json
import unittest
from pathlib import Path

from check_coverage import Checkout, commands, expected_rows, page_problems, row_problems
from check_events import Judge
from check_rooms import problems as room_problems
from check_style import swift_problems
from contract import SCHEMAS, Contract, closed, read_json
from sources import ROOT, blanked, functions
from wrap_comments import wrapped

RECEIVED = "nightjar.frame.received.v1"


def message(topic=RECEIVED, folder="frame.received", key="ridge-20cm"):
    headers = {
        "ce_specversion": "1.0", "ce_id": "2ed6657d-e927-568b-95e1-2665a8aea6a2", "ce_source": "nightjar/ingest",
        "ce_type": f"nightjar.{folder}", "ce_time": "2017-12-20T05:04:21Z", "ce_subject": "s",
        "ce_dataschema": f"schemas/{folder}/v1.schema.json", "content-type": "application/json",
    }
    value = read_json(SCHEMAS / folder / "v1.example.json")
    return {"topic": topic, "key": key, "headers": headers, "value": value}


class EventsTest(unittest.TestCase):
    def setUp(self):
        self.judge = Judge()

    def problems(self, *path, value=None, base=None):
        """Problems of the good message with one value changed, or taken away."""
        changed = copy.deepcopy(base or message())
        place = changed
        for name in path[:-1]:
            place = place[name]
        if value is None:
            del place[path[-1]]
        else:
            place[path[-1]] = value
        return " ".join(self.judge.problems(json.dumps(changed)))

    def test_good(self):
        self.assertEqual(self.judge.problems(json.dumps(message())), [])
        rule = message("nightjar.alerts.nova-watch.v1", "alert.raised", "nova-1")
        self.assertEqual(self.judge.problems(json.dumps(rule)), [])

    def test_bad_values(self):
        self.assertEqual(self.judge.problems(json.dumps(message())), [])
        self.assertIn("gainElectronPerADU", self.problems("value", "instrument", "gainElectronPerADU", value=2))
        self.assertIn("'frameID' is a required", self.problems("value", "frameID"))
        self.assertIn("$.raw.url", self.problems("value", "raw", "url", value="frames:a/../b"))
        self.assertIn("$.exposure.binningX", self.problems("value", "exposure", "binningX", value=0))
        self.assertIn("came before with another value", self.problems("value", "notes", value=["other"]))

    def test_bad_messages(self):
        self.assertIn("no such topic", self.problems("topic", value="nightjar.frame.received.v2"))
        self.assertIn("the key is 'x'", self.problems("key", value="x"))
        self.assertIn("ce_id", self.problems("headers", "ce_id"))
        self.assertIn("ce_type is", self.problems("headers", "ce_type", value="nightjar.frame.measured"))
        self.assertIn("has no key", self.problems("key"))
        for line in ("", "{", "[]", "7", '{"topic": NaN}', '{"topic":1,"key":2,"headers":3,"value":4}'):
            self.assertNotEqual(self.judge.problems(line), [], line)

    def test_a_ledger_adds_up(self):
        ledger = message("nightjar.ledger.reconciled.v1", "ledger.reconciled")
        self.assertIn("add up to 164", self.problems("value", "received", value=163, base=ledger))


class ContractTest(unittest.TestCase):
    def test_a_point_is_a_magnitude_a_limit_or_flagged(self):
        contract, schema = Contract(), SCHEMAS / "photometry.measured/v1.schema.json"
        point = read_json(SCHEMAS / "photometry.measured/v1.example.json")
        self.assertNotEqual(contract.problems(point | {"limitMagnitude": 15, "limitSigma": 3}, schema), [])
        self.assertNotEqual(contract.problems(point | {"withdrawn": True}, schema), [])
        del point["magnitude"], point["magnitudeError"]
        self.assertNotEqual(contract.problems(point, schema), [])
        self.assertEqual(contract.problems(point | {"flags": 2}, schema), [])

    def test_closed_form_closes_objects_and_not_conditions(self):
        schema = {"properties": {"a": {"properties": {}}}, "if": {"properties": {"a": True}}}
        form = closed(schema)
        self.assertIs(form["unevaluatedProperties"], False)
        self.assertIs(form["properties"]["a"]["unevaluatedProperties"], False)
        self.assertNotIn("unevaluatedProperties", form["if"])


class StyleTest(unittest.TestCase):
    def problems(self, code, path="Shared/Sky/X.swift"):
        return " ".join(text for _, text in swift_problems(ROOT / path, code, {"Sky"}))

    def test_finds(self):
        self.assertIn("hides an error", self.problems("let a = try? b()"))
        self.assertIn("empty catch", self.problems("do { try a() } catch { }"))
        self.assertIn("empty catch", self.problems("do { try a() } catch is B {\n    // nothing\n}"))
        self.assertIn("says nothing", self.problems("struct FrameManager {}"))
        self.assertIn("says nothing", self.problems("enum FITSInfo {}"))
        self.assertIn("reads a clock", self.problems("let now = Date()"))
        self.assertIn("touches the disk", self.problems("FileManager.default"))
        self.assertIn("ends the process", self.problems("fatalError()"))
        self.assertIn("proves it", self.problems("final class A: @unchecked Sendable {}"))
        self.assertIn("long has 43 lines", self.problems("func long() {" + "\n" * 42 + "}"))

    def test_passes(self):
        self.assertEqual(self.problems('let a = "try? b"  // FileManager\nstruct DataFolder { let base: Int }'), "")
        self.assertEqual(self.problems("let now = Date()", "Shared/KafkaBus/X.swift"), "")

    def test_functions(self):
        code = blanked(
            'protocol P {\n    func a() throws -> Int\n    init(x: Int)\n}\n'
            'struct S {\n    init(x: Int = f { 1 }) {\n    }\n'
            '    static func < (l: S, r: S) -> Bool {\n        "}".isEmpty\n    }\n}\nlet s = S.init(x: 1)\n'
        )
        self.assertEqual(list(functions(code)), [("init", 6, 7), ("<", 8, 10)])

    def test_wrapping(self):
        words = " ".join(["word"] * 30)
        lines = wrapped([f"    /// {words}", "    /// and on.", "    let a = 1"])
        self.assertTrue(all(len(line) <= 120 for line in lines))
        self.assertEqual(" ".join(line.strip(" /") for line in lines[:-1]), f"{words} and on.")


class RoomsTest(unittest.TestCase):
    def test_arrows(self):
        good = {"Sky": {"CERFA"}, "CERFA": set(), "KafkaBus": set(), "PostgresStore": {"CLibPQ"}, "CLibPQ": set()}
        self.assertEqual(list(room_problems(good)), [])
        for name, seen in {"Sky": "KafkaBus", "Events": "Sky", "photometer": "PostgresStore", "FITS": "CERFA"}.items():
            with self.subTest(name):
                sees = good | {name: good.get(name, set()) | {seen}}
                self.assertEqual(len(list(room_problems(sees))), 1, list(room_problems(sees)))


class CoverageTest(unittest.TestCase):
    def setUp(self):
        self.checkout = Checkout()

    def problems(self, text):
        return " ".join(filter(None, page_problems(text, self.checkout)))

    def test_finds_what_is_not_there(self):
        self.assertIn("has no test", self.problems('`SkyTests/AngleTests` "the sky is green"'))
        self.assertIn("there is no Tests/SkyTests/X.swift", self.problems('`SkyTests/X` "the sky is green"'))
        self.assertIn("command 'nightjar fly'", self.problems("`nightjar fly`"))
        self.assertIn("option --wings", self.problems("`nightjar night FRAMES --wings`"))
        self.assertIn("'make tea'", self.problems("`make tea`"))
        self.assertIn("there is no docs/nothing.md", self.problems("`docs/nothing.md`"))
        self.assertIn("there is no scripts/x.py", self.problems("as scripts/x.py shows"))

    def test_passes_what_is_there(self):
        text = "`nightjar night FRAMES --setup DIR`, `make check`, `docs/`, `nightjar.alert.raised.v1`, `accepted/`"
        self.assertEqual(self.problems(text + ', `SkyTests/AngleTests` "right ascension is read in..." and/or so'), "")

    def test_commands_of_the_sources(self):
        source = 'Command(\n    name: "fly", options: [Option("wings", "N", "x")])\ndocumentCommand(.bird, "")'
        self.assertEqual(commands(source), ({"fly", "bird"}, {"wings", "help", "version"}))

    def test_rows(self):
        rows = [(name, "x", "`nightjar demo`") for name in expected_rows()]
        self.assertEqual(list(row_problems(rows)), [])
        self.assertEqual(list(row_problems(rows[1:])), ["row T-01 is missing"])
        for cell, problem in {"": "neither", "D4": "neither", "**part**: T-99": "T-99, which is no row"}.items():
            changed = [("T-01", "x", cell), *rows[1:-1], ("D4", "x", "**not yet**: no")]
            self.assertIn(problem, " ".join(row_problems(changed)), cell)


if __name__ == "__main__":
    unittest.main(argv=[Path(__file__).name, "--quiet"])
