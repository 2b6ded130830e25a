"""What a request can lose on its way from one protocol to another, as values."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Loss(StrEnum):
    """One kind of loss. The value is what tables and files hold."""

    CACHE_POINT = "cache_point"
    THINKING = "thinking"
    TOOL_ERROR_MARK = "tool_error_mark"
    DEVELOPER_ROLE = "developer_role"
    REFUSAL_AS_TEXT = "refusal_as_text"
    PART_ORDER = "part_order"
    SCHEMA_NAME = "schema_name"
    STRICT = "strict"
    FILE_NAME = "file_name"
    IMAGE_DETAIL = "image_detail"
    SEED = "seed"
    REASONING = "reasoning"
    SERVICE_TIER = "service_tier"
    FILTER_SETTINGS = "filter_settings"
    VENDOR_FIELD = "vendor_field"
    BROKEN_ARGUMENTS = "broken_arguments"
    PARTICIPANT_NAME = "participant_name"
    SYSTEM_POSITION = "system_position"
    SERVER_STATE = "server_state"
    SERVER_TOOL = "server_tool"
    PARAMETER = "parameter"
    RESPONSE_FORMAT = "response_format"
    TOOL_CHOICE = "tool_choice"
    PARALLEL_TOOL_CALLS = "parallel_tool_calls"
    IMAGE = "image"
    AUDIO = "audio"
    FILE = "file"
    TOOL_RESULT_MEDIA = "tool_result_media"

    @property
    def sentence(self) -> str:
        """What is lost."""
        return _FACTS[self][0]

    @property
    def tolerable(self) -> bool:
        """Whether the request still asks the same: the loss changes the bill, or a mark that no answer rests on.

        A request with any other loss is not asked unless the user accepts it.
        """
        return _FACTS[self][1]


_FACTS: dict[Loss, tuple[str, bool]] = {
    Loss.CACHE_POINT: ("the marks of the prompt cache are not carried: the bill may differ, the answer does not", True),
    Loss.THINKING: ("reasoning of earlier turns stays with the vendor whose models wrote it", True),
    Loss.TOOL_ERROR_MARK: ("a failed tool's result is carried without the mark that it failed", True),
    Loss.DEVELOPER_ROLE: ("a message of the role `developer` is sent as `system`", True),
    Loss.REFUSAL_AS_TEXT: ("an earlier refusal is sent as plain text", True),
    Loss.PART_ORDER: ("text that followed a tool call is sent before it", True),
    Loss.SCHEMA_NAME: ("the name and the description of a response schema are not carried", True),
    Loss.STRICT: ("the wish for strict schemas is not carried; the schema is", True),
    Loss.FILE_NAME: ("a file's name is changed or not carried", True),
    Loss.IMAGE_DETAIL: ("the wanted level of detail of an image is not carried", True),
    Loss.SEED: ("the seed is not carried; a seed of one model means nothing to another", True),
    Loss.REASONING: ("the wanted amount of reasoning is not carried; the tier's own setting holds", True),
    Loss.SERVICE_TIER: ("the service tier is not carried; the tier's own setting holds", True),
    Loss.FILTER_SETTINGS: ("settings of the logged vendor's own filter are not carried", True),
    Loss.VENDOR_FIELD: ("a field that only the logged vendor knows is not carried", False),
    Loss.BROKEN_ARGUMENTS: ("arguments of an earlier tool call are no JSON object and are sent wrapped in one", True),
    Loss.PARTICIPANT_NAME: ("the name of a participant is not carried", False),
    Loss.SYSTEM_POSITION: ("a system message in the middle of the conversation is moved to its start", False),
    Loss.SERVER_STATE: ("part of the conversation is kept at the vendor and is not in the request", False),
    Loss.SERVER_TOOL: ("a tool that runs at the vendor, or its result, is not carried", False),
    Loss.PARAMETER: ("a parameter is not carried", False),
    Loss.RESPONSE_FORMAT: ("the wanted form of the answer is not carried", False),
    Loss.TOOL_CHOICE: ("the choice of tools is not carried", False),
    Loss.PARALLEL_TOOL_CALLS: ("the ban on parallel tool calls is not carried", False),
    Loss.IMAGE: ("an image is not carried", False),
    Loss.AUDIO: ("a sound is not carried", False),
    Loss.FILE: ("a file is not carried", False),
    Loss.TOOL_RESULT_MEDIA: ("an image or file in a tool's result is not carried", False),
}


class Lost(NamedTuple):
    """One loss of one request. `what` names a parameter or field, and never content."""

    loss: Loss
    what: str = ""


Losses = tuple[Lost, ...]
"""Each once, in the order in which they were met."""
