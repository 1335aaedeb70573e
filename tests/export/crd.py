"""Does an object obey its CustomResourceDefinition? Structure, defaults, and the CEL rules of creation, as the API server has them."""

import copy
import re
from pathlib import Path

import cel
import jsonschema
import yaml

CRDS = Path(__file__).parent / "crds"
CARRIED_OVER = (
    "type format enum pattern minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum minItems maxItems"
    " minProperties maxProperties required uniqueItems multipleOf"
).split()


def load():
    """Schema and scope by (apiVersion, kind)."""
    found = {}
    for path in sorted(CRDS.glob("*.yaml")):
        for crd in yaml.safe_load_all(path.read_text()):
            spec = crd["spec"]
            for version in spec["versions"]:
                if version["served"]:
                    key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                    found[key] = (version["schema"]["openAPIV3Schema"], spec["scope"])
    return found


def strict(schema):
    """A structural schema as JSON Schema in which unknown fields are errors."""
    result = {word: schema[word] for word in CARRIED_OVER if word in schema}
    int_or_string = schema.get("x-kubernetes-int-or-string")
    if int_or_string:
        result["type"] = ["integer", "string"]
    elif schema.get("nullable") and isinstance(result.get("type"), str):
        result["type"] = [result["type"], "null"]
    if result.get("format") not in ("date-time", "duration"):
        result.pop("format", None)
    if "properties" in schema:
        result["properties"] = {name: strict(inner) for name, inner in schema["properties"].items()}
        is_open = schema.get("x-kubernetes-preserve-unknown-fields") or schema.get("x-kubernetes-embedded-resource")
        if not is_open and "additionalProperties" not in schema:
            result["additionalProperties"] = False
    if isinstance(schema.get("additionalProperties"), dict):
        result["additionalProperties"] = strict(schema["additionalProperties"])
    if "items" in schema:
        result["items"] = strict(schema["items"])
    for word in ("allOf", "anyOf", "oneOf"):
        if word in schema and not int_or_string:
            branches = [strict(branch) for branch in schema[word]]
            result[word] = [{k: v for k, v in branch.items() if k != "additionalProperties"} for branch in branches]
    if "not" in schema:
        result["not"] = strict(schema["not"])
    return result


def fill_in(schema, value):
    """Defaults, as the API server puts them in before it asks the rules."""
    if isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            if name not in value and "default" in inner:
                value[name] = copy.deepcopy(inner["default"])
            if name in value:
                fill_in(inner, value[name])
        others = schema.get("additionalProperties")
        if isinstance(others, dict):
            for inner in value.values():
                fill_in(others, inner)
    elif isinstance(value, list):
        for inner in value:
            fill_in(schema.get("items", {}), inner)


def find(text, pattern):
    found = re.search(pattern, text)
    return found.group(0) if found else ""


def broken_rules(schema, value, path=""):
    for one in schema.get("x-kubernetes-validations", []):
        if "oldSelf" in one["rule"]:
            continue  # a rule of changes
        context = cel.Context({"self": value})
        context.add_function("find", find)
        context.add_function("split", lambda text, separator: text.split(separator))
        context.add_function("isSorted", lambda items: items == sorted(items))
        if cel.evaluate(one["rule"], context) is not True:
            yield f"{path or 'object'}: {one.get('message') or one['rule']}"
    if isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                yield from broken_rules(inner, value[name], f"{path}.{name}")
        others = schema.get("additionalProperties")
        if isinstance(others, dict):
            for name, inner in value.items():
                yield from broken_rules(others, inner, f"{path}.{name}")
    elif isinstance(value, list) and "items" in schema:
        for place, inner in enumerate(value):
            yield from broken_rules(schema["items"], inner, f"{path}[{place}]")


def mistakes(document, crds):
    """What is wrong with an object; none where there is no CRD of its kind."""
    found = crds.get((document.get("apiVersion"), document.get("kind")))
    if found is None:
        return None
    schema, scope = found
    checked = strict(schema)
    checked.get("properties", {})["metadata"] = {"type": "object"}
    wrong = [
        f"{'.'.join(str(part) for part in error.absolute_path)}: {error.message[:200]}"
        for error in jsonschema.Draft4Validator(checked).iter_errors(document)
    ]
    if not wrong:
        complete = copy.deepcopy(document)
        fill_in(schema, complete)
        wrong = list(broken_rules(schema, complete))
    has_namespace = bool(document["metadata"].get("namespace"))
    if has_namespace != (scope == "Namespaced"):
        wrong.append("metadata.namespace: " + ("a kind of the whole cluster has none" if has_namespace else "is missing"))
    return wrong
