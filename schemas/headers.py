"""Record headers: CloudEvents 1.0, Kafka protocol binding, binary mode (contract section 6).

On the wire a header's value is bytes; here it is their UTF-8 text. Rejected records keep their own headers, with these
after them.
"""

from typing import Annotated, Literal, NotRequired

from pydantic import Field, StringConstraints, TypeAdapter
from typing_extensions import TypedDict

from schemas.changes import Moment

Text = Annotated[str, StringConstraints(min_length=1)]
Number = Annotated[str, StringConstraints(pattern=r"^[0-9]+$")]
Code = Literal[
    "too_large",
    "not_json",
    "invalid",
    "misrouted",
    "from_the_future",
    "revision_conflict",
    "too_late",
    "internal",
]

# Written as calls, since names with hyphens cannot be written as fields.
EventHeaders = TypedDict(
    "EventHeaders",
    {
        "ce_specversion": Literal["1.0"],
        "ce_id": Annotated[Text, Field(description="Identifies repeats.")],
        "ce_type": Annotated[Text, Field(description="The full name of the topic.")],
        "ce_source": Annotated[Text, Field(description="The full name of the topic of reports.")],
        "ce_subject": Annotated[Text, Field(description="The episode.")],
        "ce_time": NotRequired[Annotated[Moment, Field(description="When the cause was published.")]],
        "content-type": Literal["application/json"],
        "traceparent": NotRequired[
            Annotated[Text, Field(description="The report's own, where it came with one (W3C Trace Context).")]
        ],
        "tracestate": NotRequired[Annotated[Text, Field(description="As traceparent.")]],
    },
)
RejectedHeaders = TypedDict(
    "RejectedHeaders",
    {
        "ce_specversion": Literal["1.0"],
        "ce_id": Annotated[Text, Field(description="`<topic>/<partition>/<offset>` of the record.")],
        "ce_type": Annotated[Text, Field(description="The full name of the topic of refused records.")],
        "ce_source": Annotated[Text, Field(description="The full name of the topic of reports.")],
        "ce_subject": Annotated[Code, Field(description="The code.")],
        "ce_time": NotRequired[Annotated[Moment, Field(description="The record's own timestamp.")]],
        "content-type": Literal["application/octet-stream"],
        "code": Annotated[Code, Field(description="Why it was refused (contract section 2).")],
        "message": Annotated[str, Field(description="The same for people: the field and the rule.")],
        "topic": Annotated[Text, Field(description="Its topic.")],
        "partition": Number,
        "offset": Number,
        "time": NotRequired[Annotated[Moment, Field(description="The record's own timestamp.")]],
        "truncated_from": NotRequired[
            Annotated[Number, Field(description="Its length in bytes, where it is too long to be kept whole.")]
        ],
    },
)

EVENT_HEADERS = TypeAdapter(EventHeaders)
REJECTED_HEADERS = TypeAdapter(RejectedHeaders)
