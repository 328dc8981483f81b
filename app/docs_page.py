"""/docs: the OpenAPI document as one page that loads nothing from elsewhere."""

from collections.abc import Iterator
from html import escape
from typing import Any

from msgspec import json

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a2e}
h2{margin-top:2.5rem;border-top:1px solid #ddd;padding-top:1rem;font-size:1.1rem}
code,pre{font:13px/1.45 ui-monospace,monospace}pre{background:#f5f6fa;padding:.8rem;overflow-x:auto}
.method{background:#1a1a2e;color:#fff;border-radius:.25rem;padding:.1rem .5rem;margin-right:.5rem}
table{border-collapse:collapse}td,th{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}
"""


def docs_page(document: dict[str, Any]) -> str:
    """HTML of an OpenAPI document: its operations, then its schemas."""
    info = document["info"]
    return "".join(
        (
            "<!doctype html><html lang=en><meta charset=utf-8>",
            f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style>",
            f"<h1>{escape(info['title'])} API</h1><p>{escape(info['description'])}</p>",
            "<p>The same for machines: <a href=/openapi.json>/openapi.json</a></p>",
            *_operations(document["paths"]),
            "<h2>Schemas</h2>",
            *_schemas(document["components"]["schemas"]),
            "</html>",
        )
    )


def _operations(paths: dict[str, Any]) -> Iterator[str]:
    for path, methods in paths.items():
        for method, operation in methods.items():
            yield f"<h2><span class=method>{method.upper()}</span><code>{escape(path)}</code></h2>"
            yield f"<p>{escape(operation['summary'])}. {escape(operation.get('description', ''))}</p>"
            yield from _parameters(operation["parameters"])
            body = operation.get("requestBody")
            if body:
                yield f"<p>Body: {_schema_link(body)}</p>"
            yield "<table>"
            for status, response in operation["responses"].items():
                what = f"{escape(response['description'])} {_schema_link(response)}"
                yield f"<tr><td><code>{status}</code></td><td>{what}</td></tr>"
            yield "</table>"


def _parameters(parameters: list[dict[str, Any]]) -> Iterator[str]:
    for parameter in parameters:
        need = "required" if parameter["required"] else "optional"
        pattern = escape(parameter["schema"].get("pattern", ""))
        name, what = escape(parameter["name"]), escape(parameter.get("description", ""))
        yield f"<p><code>{name}</code> ({parameter['in']}, {need}) <code>{pattern}</code> {what}</p>"


def _schema_link(described: dict[str, Any]) -> str:
    for content in described.get("content", {}).values():
        schema = content.get("schema", {})
        first = schema.get("allOf", [schema])[0]
        name = first.get("$ref", "").rpartition("/")[2]
        if name:
            return f"<a href='#{escape(name)}'><code>{escape(name)}</code></a>"
    return ""


def _schemas(schemas: dict[str, Any]) -> Iterator[str]:
    for name, schema in schemas.items():
        text = json.format(json.encode(schema), indent=2).decode()
        yield f"<h3 id='{escape(name)}'><code>{escape(name)}</code></h3><pre>{escape(text)}</pre>"
