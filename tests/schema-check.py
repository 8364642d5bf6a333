#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do reports keep to their schema, and does the schema know the words of the tables?

With arguments: files to check.  Without (make check): hand-made reports of tests/samples, and where
the tools are built, recorded cases and live processes.  No module beyond the standard library is
needed; where jsonschema is there, it is asked too.
"""
import json
import os
import re
import subprocess
import sys

SOURCE = os.environ.get("srcdir", os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
SCHEMA = json.load(open(os.path.join(SOURCE, "src", "wedge-report.schema.json"), encoding="utf-8"))
KNOWN = {"$schema", "$defs", "title", "description", "$ref", "anyOf", "type", "enum", "const", "pattern", "minimum",
         "properties", "required", "additionalProperties", "items", "minItems", "maxItems", "uniqueItems"}
failures = 0


def fail(text):
    global failures
    failures += 1
    print("FAIL", text)


def type_is(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, {"object": dict, "array": list, "string": str, "boolean": bool,
                              "null": type(None)}[name])


def problems(value, schema, where):
    """What is wrong with value, as texts; only the keywords in KNOWN."""
    unknown = set(schema) - KNOWN
    if unknown:
        yield f"{where}: the checker does not know {unknown}"
    if "$ref" in schema:
        yield from problems(value, SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]], where)
    if "anyOf" in schema:
        tries = [list(problems(value, one, where)) for one in schema["anyOf"]]
        if all(tries):
            yield min(tries, key=len)[0]
    if "const" in schema and value != schema["const"]:
        yield f"{where}: {value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    if "type" in schema:
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(type_is(value, name) for name in types):
            yield f"{where}: {value!r} is no {types}"
            return
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{where}: {value!r} does not match {schema['pattern']}"
    if isinstance(value, int) and value < schema.get("minimum", value):
        yield f"{where}: {value} is below {schema['minimum']}"
    if isinstance(value, dict):
        members = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                yield f"{where}: {name} is missing"
        for name, inner in value.items():
            if name in members:
                yield from problems(inner, members[name], f"{where}.{name}")
            elif schema.get("additionalProperties", True) is False:
                yield f"{where}: {name} should not be there"
            elif isinstance(schema.get("additionalProperties"), dict):
                yield from problems(inner, schema["additionalProperties"], f"{where}.{name}")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{where}: {len(value)} items"
        if schema.get("uniqueItems") and len({json.dumps(item) for item in value}) != len(value):
            yield f"{where}: an item twice"
        for at, inner in enumerate(value):
            yield from problems(inner, schema.get("items", {}), f"{where}[{at}]")


def strict_object(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a member twice: " + ", ".join(name for name, _ in pairs))
    return dict(pairs)


def check(name, text):
    try:
        report = json.loads(text, object_pairs_hook=strict_object)
    except ValueError as error:
        return fail(f"{name}: no JSON: {error}")
    found = list(problems(report, SCHEMA, "report"))
    for text in found[:10]:
        fail(f"{name}: {text}")
    if jsonschema and bool(found) == jsonschema.Draft202012Validator(SCHEMA).is_valid(report):
        fail(f"{name}: jsonschema is of another opinion")
    if not found:
        print("ok  ", name)
    return report


def check_refuses(name, report):
    """A schema that lets everything pass proves nothing: each of these must be refused."""
    for what, spoil in {
            "a member too many": lambda r: r.update(more=1),
            "a member missing": lambda r: r.pop("gaps"),
            "a process without pid": lambda r: r["processes"][0].pop("pid"),
            "an unknown class": lambda r: r["verdict"].update({"class": "hung"}),
            "a word as a number": lambda r: r["viewer"].update(capabilities=7),
            "a made-up pid": lambda r: r["targets"].append(-1),
            "a thread's surplus": lambda r: r["processes"][0]["threads"][0].update(frame=[]),
    }.items():
        spoilt = json.loads(json.dumps(report))
        spoil(spoilt)
        if not list(problems(spoilt, SCHEMA, "report")):
            fail(f"{name}: accepted with {what}")


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)


def check_words():
    def words(table):
        return run("tests/samples", "words", table).stdout.decode().splitlines()

    defs = SCHEMA["$defs"]
    for table, listed in {
            "classes": defs["class"]["enum"],
            "channels": defs["wait"]["properties"]["channel"]["enum"],
            "probes": defs["gap"]["properties"]["probe"]["enum"],
            "certainties": defs["finding"]["properties"]["certainty"]["enum"],
            "doubts": defs["doubts"]["items"]["enum"],
    }.items():
        if not words(table) or set(words(table)) != set(listed):
            fail(f"{table}: the program says {words(table)}, the schema {listed}")
    units = set(defs["finding"]["properties"]["evidence"]["items"]["properties"]["unit"]["enum"])
    for line in words("facts"):
        if line.split()[1] not in units | {"-"}:
            fail(f"a unit that the schema does not know: {line}")


def check_live():
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        for tool in "wedgecheck", "wedgetree", "wedgestack", "wedgestate", "wedgesock":
            if not os.access("./" + tool, os.X_OK):
                print("skip", tool, "is not built")
                continue
            done = run("./" + tool, "--json", "--window", "0.1", str(sleeper.pid), str(os.getpid()))
            if done.returncode == 2:
                fail(f"{tool}: {done.stderr.decode()}")
                continue
            report = check(f"live {tool}", done.stdout)
            if report and (report["verdict"] is None) != (tool != "wedgecheck"):
                fail(f"{tool}: verdict is {report['verdict']}")
    finally:
        sleeper.kill()
        sleeper.wait()


def check_cases():
    folder = os.path.join(SOURCE, "tests", "cases")
    for name in sorted(os.listdir(folder)) if os.access("./wedgecheck", os.X_OK) else []:
        if name.endswith(".wedge"):
            check(name, run("./wedgecheck", "--json", "--replay", os.path.join(folder, name)).stdout)


try:
    import jsonschema
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
except (ImportError, AttributeError):
    jsonschema = None

if len(sys.argv) > 1:
    for path in sys.argv[1:]:
        with open(path, "rb") as file:
            check(path, file.read())
else:
    check_words()
    for kind in "plain", "hostile", "shown", "empty":
        sample = check(f"sample {kind}", run("tests/samples", kind, "json").stdout)
        if kind == "plain" and sample:
            check_refuses(f"sample {kind}", sample)
    check_cases()
    check_live()
sys.exit(1 if failures else 0)
