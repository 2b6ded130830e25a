"""Pydantic AI's parameters of a request, as its spans keep them, in the chat API's shape.

Source: pydantic/pydantic-ai, `pydantic_ai_slim/pydantic_ai/models/__init__.py` (`ModelRequestParameters`), read
2026-11-30.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.ingest.values import obj, objects


def tools_of(sent: Mapping[str, Any]) -> dict[str, Any]:
    """The tools, whether one must be called, and the schema of the answer; nothing where there are none.

    An output of a type of the program's is a tool to the model, and then it must call one.
    """
    output = objects(sent.get("output_tools"))
    tools = [
        {"type": "function", "function": {
            "name": tool.get("name"), "description": tool.get("description"),
            "parameters": tool.get("parameters_json_schema"),
        }}
        for tool in (*objects(sent.get("function_tools")), *output)
    ]  # fmt: skip
    made: dict[str, Any] = {"tools": tools} if tools else {}
    if output and sent.get("allow_text_output") is False:
        made["tool_choice"] = "required"
    shape = obj(sent.get("output_object"))
    if sent.get("output_mode") == "native" and shape:
        schema = {"name": shape.get("name") or "response", "schema": shape.get("json_schema")}
        made["response_format"] = {"type": "json_schema", "json_schema": schema}
    return made
