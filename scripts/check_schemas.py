"""Checks the published contract: schemas, examples, documents and topics agree with each other and with the code."""

import re
import sys

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from contract import ROOT, SCHEMAS, Contract, Topics, describe, read_json, relative

DOCUMENT_FOLDERS = {"instruments": "instrument", "targets": "target", "rules": "rule", "sequences": "sequence"}


class Report:
    def __init__(self):
        self.lines = []
        self.checked = 0

    def add(self, path, problems):
        self.checked += 1
        self.lines += [f"{relative(path)}: {problem}" for problem in problems]


def check_schemas(contract, report):
    """Each schema is JSON Schema 2020-12, says so, and refers only to what exists."""
    for path, schema in contract.schemas.items():
        problems = []
        if schema.get("$schema") != "https://json-schema.org/draft/2020-12/schema":
            problems.append("$schema is not JSON Schema 2020-12")
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            problems.append(describe(error))
        resolver = contract.open.resolver(path.as_uri())
        for reference in references(schema):
            try:
                resolver.lookup(reference)
            except Exception as error:  # whatever the resolver says, the reference leads nowhere
                problems.append(f"$ref '{reference}' leads nowhere: {error}")
        if "documents" not in path.parts:
            problems += [f"{place} has no description" for place in undescribed(schema)]
        report.add(path, problems)


def references(schema):
    if isinstance(schema, dict):
        for keyword, value in schema.items():
            if keyword == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from references(item)


def undescribed(schema, place="$"):
    """Properties that are neither described nor references to something that is; numbers without a unit."""
    for name, property_schema in schema.get("properties", {}).items():
        here = f"{place}.{name}"
        if "$ref" in property_schema:
            continue
        text = property_schema.get("description", "")
        if not text:
            yield here
        is_measure = property_schema.get("type") == "number"
        if is_measure and not re.search(r"\[[^\]]+\]", text):
            yield f"{here} (a number) has no unit in brackets and so"
        yield from undescribed(property_schema, here)
    for name, definition in schema.get("$defs", {}).items():
        yield from undescribed(definition, f"{place}.$defs.{name}")


def event_folders():
    """Folders of event types: their names have a dot."""
    return sorted(path for path in SCHEMAS.iterdir() if path.is_dir() and "." in path.name)


def check_events(contract, report):
    """Each event type has schema and examples; examples hold in the open and in the closed form."""
    for folder in event_folders():
        for schema in sorted(folder.glob("v*.schema.json")):
            version = schema.name.split(".")[0]
            main = folder / f"{version}.example.json"
            if not main.exists():
                report.add(schema, [f"{main.name} is missing"])
            for example in sorted(folder.glob(f"{version}.example*.json")):
                check_value(contract, report, example, schema)


def check_value(contract, report, path, schema):
    try:
        value = read_json(path)
    except ValueError as error:
        report.lines.append(str(error))
        return
    problems = contract.problems(value, schema)
    report.add(path, problems or [f"{line} (closed form)" for line in contract.problems(value, schema, is_closed=True)])


def check_documents(contract, report):
    """Examples of documents, and every document of examples/, hold."""
    folder = SCHEMAS / "documents"
    for schema in sorted(folder.glob("*.schema.json")):
        name = schema.name.removesuffix(".schema.json")
        examples = sorted(folder.glob(f"{name}.example*.json"))
        if not examples:
            report.add(schema, [f"{name}.example.json is missing"])
        for example in examples:
            check_value(contract, report, example, schema)
    for document in sorted(ROOT.glob("examples/catalogs/*.json")):
        check_value(contract, report, document, folder / "catalogue.schema.json")
    for kind, name in DOCUMENT_FOLDERS.items():
        schema = folder / f"{name}.schema.json"
        for document in sorted(ROOT.glob(f"examples/*/{kind}/*.json")):
            if schema.exists():
                check_value(contract, report, document, schema)
            else:
                report.add(document, [f"there is no {relative(schema)} to judge it by"])


def check_released(contract, report):
    """What was released reads today, and what is written today is read by released readers: same major, both ways."""
    for release in sorted(SCHEMAS.glob("released/*")):
        for old_schema in sorted(release.glob("*.*/v*.schema.json")):
            kind, version = old_schema.parent.name, old_schema.name.split(".")[0]
            new_schema = SCHEMAS / kind / old_schema.name
            if not new_schema.exists():
                report.add(old_schema, ["was released and is gone: a released version stays"])
                continue
            for example in sorted(old_schema.parent.glob(f"{version}.example*.json")):
                problems = contract.problems(read_json(example), new_schema)
                report.add(example, [f"{problem} (by today's schema)" for problem in problems])
            for example in sorted(new_schema.parent.glob(f"{version}.example*.json")):
                problems = contract.problems(read_json(example), old_schema)
                report.add(example, [f"{problem} (by release {release.name})" for problem in problems])


def declared_topics():
    """Topics as the Events room declares them: topic to (partitions, retention [ms])."""
    text = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "Shared/Events").rglob("*.swift")))
    assigned = re.findall(r"(major|partitions|retentionHours): Int = ([\d *]+)", text)
    defaults = {name: arithmetic(value) for name, value in assigned}
    result = {}
    for name, options in re.findall(r"static let type = EventType\(\s*\"([\w.]+)\"([^)]*)\)", text):
        given = {key: arithmetic(value) for key, value in re.findall(r"(\w+): ([\d *]+)", options)}
        values = defaults | given
        topic = f"nightjar.{name}.v{values['major']}"
        result[topic] = (values["partitions"], values["retentionHours"] * 3_600_000)
    return result


def arithmetic(text):
    product = 1
    for factor in text.split("*"):
        product *= int(factor)
    return product


def check_topics(contract, report):
    """asyncapi.yaml lists exactly the declared topics, laid out as in the code, with the schemas there are."""
    published, declared = Topics().topics, declared_topics()
    plain = {topic for topic in published if "{" not in topic}
    problems = [f"{topic} is in Shared/Events and not listed" for topic in sorted(declared.keys() - plain)]
    problems += [f"{topic} is listed and not in Shared/Events" for topic in sorted(plain - declared.keys())]
    for topic, entry in published.items():
        if entry["schema"] not in contract.schemas:
            problems.append(f"{topic}: there is no schema {relative(entry['schema'])}")
        if topic in declared and (entry["partitions"], entry["retention"]) != declared[topic]:
            problems.append(f"{topic}: partitions and retention.ms are {declared[topic]} in Shared/Events")
    schemas = [schema for folder in event_folders() for schema in folder.glob("v*.schema.json")]
    topics = {f"nightjar.{schema.parent.name}.{schema.name.split('.')[0]}" for schema in schemas}
    problems += [f"{topic} has a schema and is not listed" for topic in sorted(topics - published.keys())]
    report.add(SCHEMAS / "asyncapi.yaml", problems)


def main():
    report = Report()
    contract = Contract()
    for check in (check_schemas, check_events, check_documents, check_released, check_topics):
        check(contract, report)
    for line in report.lines:
        print(line)
    kinds = len(event_folders())
    verdict = f"{len(report.lines)} problems" if report.lines else "good"
    print(f"schemas: {len(contract.files)} schemas, {kinds} event types, {report.checked} checks: {verdict}")
    return 1 if report.lines else 0


if __name__ == "__main__":
    sys.exit(main())
