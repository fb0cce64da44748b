# SPDX-License-Identifier: Apache-2.0
"""As much of JSON Schema as links.schema.json uses."""

TYPES = {"array": list, "object": dict, "string": str, "boolean": bool, "integer": int,
         "null": type(None)}


def is_of(type_name, value):
    return isinstance(value, TYPES[type_name]) and (type_name == "boolean" or
                                                    not isinstance(value, bool))


def mistakes(schema, value, where="$"):
    """What of `value` is not as the schema says, a line each."""
    unknown = schema.keys() - {"$schema", "title", "description", "type", "enum", "items",
                               "required", "properties", "additionalProperties"}
    if unknown:
        raise ValueError(f"the schema has {unknown}, which nothing here checks")
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(is_of(each, value) for each in types):
        yield f"{where}: {value!r} is not of {types}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is not one of {schema['enum']}"
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from mistakes(schema.get("items", {}), item, f"{where}[{index}]")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        for key in schema.get("required", []):
            if key not in value:
                yield f"{where}: there is no {key}"
        for key, item in value.items():
            if key in properties:
                yield from mistakes(properties[key], item, f"{where}.{key}")
            elif schema.get("additionalProperties") is False:
                yield f"{where}: nothing says what {key} is"
