"""The published contract as Python sees it: schemas, their closed form, examples and topics."""

import json
import re
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "schemas"

# Keywords whose value is one schema, a list of schemas, or schemas by name, each judging a value of its own: the places
# where an object can be closed by itself.
OWN_VALUE = {"items", "additionalProperties", "contains"}
OWN_VALUES = {"prefixItems"}
OWN_NAMED = {"properties", "patternProperties", "$defs"}


def read_json(path):
    """Reads JSON strictly: no NaN, no name twice in one object. Errors name the file."""

    def constant(text):
        raise ValueError(f"{text} is not JSON")

    def unique(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"'{twice[0]}' stands twice in one object")
        return dict(pairs)

    try:
        return json.loads(Path(path).read_text("utf-8"), parse_constant=constant, object_pairs_hook=unique)
    except ValueError as error:
        raise ValueError(f"{relative(path)}: {error}") from error


def relative(path):
    path = Path(path).resolve()
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def closed(schema):
    """The closed form: the same schema, with no room for fields it does not name."""
    if not isinstance(schema, dict):
        return schema
    result = {}
    for keyword, value in schema.items():
        if keyword in OWN_VALUE:
            result[keyword] = closed(value)
        elif keyword in OWN_VALUES:
            result[keyword] = [closed(item) for item in value]
        elif keyword in OWN_NAMED:
            result[keyword] = {name: closed(item) for name, item in value.items()}
        else:
            result[keyword] = value
    if "properties" in schema and "additionalProperties" not in schema:
        result["unevaluatedProperties"] = False
    return result


class Contract:
    """Every schema below `schemas/`, open and closed, by its file."""

    def __init__(self, root=SCHEMAS):
        self.files = sorted(root.rglob("*.schema.json"))
        self.schemas = {path: read_json(path) for path in self.files}
        self.open = self._registry(lambda schema: schema)
        self.closed = self._registry(closed)

    def _registry(self, form):
        resources = []
        for path, schema in self.schemas.items():
            resource = Resource.from_contents(form(schema), default_specification=DRAFT202012)
            resources.append((path.as_uri(), resource))
            if isinstance(schema, dict) and re.match("[a-z]+:", schema.get("$id", "")):
                resources.append((schema["$id"], resource))
        return Registry().with_resources(resources)

    def problems(self, value, schema_file, is_closed=False, fragment=""):
        """What is wrong with a value, one line each; empty when nothing is."""
        registry = self.closed if is_closed else self.open
        reference = {"$ref": Path(schema_file).as_uri() + fragment}
        errors = Draft202012Validator(reference, registry=registry).iter_errors(value)
        return sorted(describe(error) for error in errors)


def describe(error):
    """One line: where, and what."""
    place = error.json_path
    text = error.message
    return f"{place}: {text if len(text) <= 300 else text[:300] + '...'}"


class Topics:
    """The topics that asyncapi.yaml publishes."""

    def __init__(self, path=SCHEMAS / "asyncapi.yaml"):
        self.document = yaml.safe_load(path.read_text("utf-8"))
        messages = self.document["components"]["messages"]
        self.topics = {}
        for channel in self.document["channels"].values():
            (reference,) = channel["messages"].values()
            message = messages[reference["$ref"].removeprefix("#/components/messages/")]
            kafka = channel["bindings"]["kafka"]
            self.topics[channel["address"]] = {
                "type": message["name"].removeprefix("nightjar."),
                "schema": (path.parent / message["payload"]["schema"]["$ref"]).resolve(),
                "headers": message["headers"]["$ref"],
                "key": message["x-nightjar-key"],
                "partitions": kafka["partitions"],
                "retention": kafka["topicConfiguration"]["retention.ms"],
            }

    def find(self, topic):
        """The entry of a topic; `{rule}` in an address stands for any one name. None when it is not published."""
        for address, entry in self.topics.items():
            pattern = re.sub(r"\\\{\w+\\\}", "[A-Za-z0-9_-]+", re.escape(address))
            if re.fullmatch(pattern, topic):
                return entry
        return None


def at_pointer(value, pointer):
    """The value at an RFC 6901 pointer; raises KeyError when there is none."""
    for name in pointer.split("/")[1:]:
        value = value[name.replace("~1", "/").replace("~0", "~")]
    return value
