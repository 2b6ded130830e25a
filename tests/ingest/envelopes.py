"""What shippers, queues and tables put around a record, each as one small entry: how a log of lines becomes a file."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

Record = dict[str, Any]
AT = "2026-11-02T10:00:00Z"
SECOND = 1_793_613_600


def lines(records: Sequence[Any]) -> str:
    """One record a line."""
    return "".join(json.dumps(record) + "\n" for record in records)


def each(wrap: Callable[[str, Record], Any]) -> Callable[[Sequence[str]], str]:
    """A line for each record, from its text and its value."""
    return lambda texts: lines([wrap(text, json.loads(text)) for text in texts])


def whole(wrap: Callable[[Sequence[str]], Any]) -> Callable[[Sequence[str]], str]:
    """One document, over many lines."""
    return lambda texts: json.dumps(wrap(texts), indent=2)


def table(*columns: str) -> Callable[[Sequence[str]], str]:
    """CSV; the last column holds the record."""

    def write(texts: Sequence[str]) -> str:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows([*("x" for _ in columns[1:]), text] for text in texts)
        return out.getvalue()

    return write


def in_base64(text: str) -> str:
    """As queues carry it."""
    return base64.b64encode(text.encode()).decode()


def in_parts(text: str, size: int = 60) -> list[str]:
    """A line as a runtime cuts it."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def cri(texts: Sequence[str]) -> str:
    """Kubernetes: parts of two writers, one after the other."""
    out = []
    for text in texts:
        *parts, last = in_parts(text)
        out += [f"{AT} stdout P {part}\n{AT} stderr F GET /health\n" for part in parts]
        out.append(f"{AT} stdout F {last}\n")
    return "".join(out)


def docker(texts: Sequence[str]) -> str:
    """Docker's files: compact, a part without its line feed."""
    parts = [part for text in texts for part in in_parts(text + "\n")]
    records = [{"log": part, "stream": "stdout", "time": AT} for part in parts]
    return "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records)


def marked(text_field: str, part: Record, last: Record) -> Callable[[Sequence[str]], str]:
    """Parts that a field tells."""

    def write(texts: Sequence[str]) -> str:
        out = []
        for text in texts:
            *parts, end = in_parts(text)
            out += [{text_field: one, **part} for one in parts] + [{text_field: end, **last}]
        return lines(out)

    return write


ENVELOPES: dict[str, Callable[[Sequence[str]], str]] = {
    "elasticdump": each(lambda _, value: {"_index": "llm", "_id": "x", "_score": 1, "_source": value}),
    "elasticsearch": whole(
        lambda texts: {"took": 3, "hits": {"total": {"value": 4}, "hits": [
            {"_index": "llm", "_id": "x", "_source": json.loads(text)} for text in texts
        ]}}
    ),
    "filebeat into elasticsearch": each(
        lambda text, _: {"_index": "f", "_source": {"@timestamp": AT, "message": text, "agent": {"type": "filebeat"}}}
    ),
    "logcli": each(lambda text, _: {"labels": {"app": "gateway"}, "line": text, "timestamp": AT}),
    "loki": whole(
        lambda texts: {"status": "success", "data": {"resultType": "streams", "result": [
            {"stream": {"app": "a"}, "values": [[f"{SECOND}000000000", text] for text in texts[:3]]},
            {"stream": {"app": "b"}, "values": [[f"{SECOND}000000000", text] for text in texts[3:]]},
        ]}}
    ),
    "cloudwatch subscription": lambda texts: lines([
        {"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": [
            {"id": "1", "timestamp": SECOND * 1000, "message": text} for text in texts
        ]}
    ]),
    "cloudwatch insights": whole(
        lambda texts: {"results": [
            [{"field": "@timestamp", "value": AT}, {"field": "@message", "value": text}] for text in texts
        ], "status": "Complete"}
    ),
    "cloudwatch insights csv": table("@timestamp", "@message"),
    "cloudwatch export": lambda texts: "".join(f"{AT} {text}\n" for text in texts),
    "google cloud json": each(
        lambda _, value: {"insertId": "x", "logName": "p", "timestamp": AT, "severity": "INFO", "jsonPayload": value}
    ),
    "google cloud text": whole(
        lambda texts: [{"insertId": "x", "timestamp": AT, "textPayload": text} for text in texts]
    ),
    "docker": docker,
    "kubernetes": cri,
    "fluent bit": each(lambda text, _: {"date": SECOND + 0.5, "log": text, "kubernetes": {"pod_name": "p"}}),
    "fluent bit parts": marked("log", {"logtag": "P", "stream": "stdout"}, {"logtag": "F", "stream": "stdout"}),
    "fluentd parts": marked(
        "log",
        {"partial_message": "true", "partial_id": "1", "partial_last": "false"},
        {"partial_message": "true", "partial_id": "1", "partial_last": "true"},
    ),
    "journald": each(lambda text, _: {"__CURSOR": "s", "PRIORITY": "6", "MESSAGE": text}),
    "journald bytes": each(lambda text, _: {"__CURSOR": "s", "PRIORITY": "6", "MESSAGE": list(text.encode())}),
    "journald parts": marked("MESSAGE", {"CONTAINER_PARTIAL_MESSAGE": "true", "_PID": "1"}, {"_PID": "1"}),
    "a logger behind its words": each(lambda text, _: {"log": f"10:00:00 INFO gateway {text}\n", "stream": "stdout"}),
    "kafka connect": each(lambda _, value: {"schema": {"type": "string"}, "payload": value}),
    "kafka in base64": each(lambda text, _: {"topic": "t", "offset": 1, "key": None, "value": in_base64(text)}),
    "splunk search": each(lambda text, _: {"preview": False, "result": {"_raw": text, "_time": AT}}),
    "splunk collector": each(lambda _, value: {"time": SECOND + 0.5, "sourcetype": "_json", "event": value}),
    "azure monitor": each(lambda text, _: {"TimeGenerated": AT, "properties_s": text, "Type": "AzureDiagnostics"}),
    "azure monitor api": whole(
        lambda texts: {"tables": [{"name": "PrimaryResult", "columns": [{"name": "Time"}, {"name": "Entry"}],
                                   "rows": [[AT, text] for text in texts]}]}
    ),
    "event hub": lambda texts: lines([
        {"records": [{"time": AT, "category": "c", "properties": json.loads(text)} for text in texts]}
    ]),
    "snowflake": each(lambda _, value: {"RECORD_CONTENT": value, "RECORD_METADATA": {"offset": 1}}),
    "a table of one column": table("data"),
    "pub/sub": each(lambda text, _: {"message": {"data": in_base64(text), "messageId": "1", "publishTime": AT}}),
    "kinesis": whole(lambda texts: {"Records": [{"kinesis": {"data": in_base64(text)}} for text in texts]}),
    "cloudevents": each(lambda _, value: {"specversion": "1.0", "id": "1", "time": AT, "data": value}),
    "compressed in base64": each(
        lambda text, _: {"body": base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode(), "at": AT}
    ),
    "change capture": each(lambda text, _: {"payload": {"before": None, "after": {"id": 1, "body": text}, "op": "c"}}),
    "dynamodb": each(lambda text, _: {"Item": {"pk": {"S": "1"}, "body": {"S": text}}}),
    "opentelemetry": lambda texts: lines([
        {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": text}} for text in texts]}]}]}
    ]),
}  # fmt: skip
"""By the shipper: a file of the log's lines as it writes them."""
