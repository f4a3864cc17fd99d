"""Events in the shapes AWS delivers them in, as small as they can be, each saying that one object was written.

What was written after: recordings and AWS's own samples, which the project does not hold.
Values are ours: no account, bucket or key here is anyone's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

BUCKET = "click-lake"
KEY = "2026/01/05/13/part a+b%20c.json"
VERSION = "mJ0zVq8sX2uPZ1nT.Ra4yKc7dWb5fEhL"
AGENT = "[aws-cli/2.22.0 md/Botocore#1.35.0 ua/2.0 os/linux command/s3.cp]"

Json = Any


def called(key: str = KEY, version: str = "", name: str = "PutObject", **fields: Json) -> Json:
    """The record of a call, as CloudTrail writes it: the key as it is, the version among the response's headers.

    Without a version, and without encryption to tell of, `responseElements` is null. The client's name is in brackets.
    """
    answered = {"x-amz-server-side-encryption": "AES256", "x-amz-version-id": version} if version else None
    record = {
        "eventVersion": "1.11", "eventTime": "2026-01-05T13:02:11Z", "awsRegion": "eu-west-1",
        "eventSource": "s3.amazonaws.com", "eventName": name, "sourceIPAddress": "192.0.2.7", "userAgent": AGENT,
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/ingest/worker"},
        "requestParameters": {"bucketName": BUCKET, "Host": f"{BUCKET}.s3.eu-west-1.amazonaws.com", "key": key},
        "responseElements": answered,
        "additionalEventData": {"SignatureVersion": "SigV4", "bytesTransferredIn": 2143.0, "bytesTransferredOut": 0.0},
        "resources": [
            {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{BUCKET}/{key}"},
            {"accountId": "111122223333", "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{BUCKET}"},
        ],
        "readOnly": False, "managementEvent": False, "eventType": "AwsApiCall", "eventCategory": "Data",
        "recipientAccountId": "111122223333",
    }  # fmt: skip
    return {**record, **fields}


def copied(key: str = KEY, version: str = "") -> Json:
    """CopyObject: derived from PutObject, as no recorded one was found.

    AWS's docs: CloudTrail logs it under this name; `requestParameters` holds what was sent with the request, and
    `responseElements` what was answered, both as the API reference has them. There, bucket and key name the target,
    the header x-amz-copy-source names the source, and the answer has x-amz-version-id for the copy and
    x-amz-copy-source-version-id for the source. A shortened sample in the docs of Stratus Red Team agrees.
    """
    record = called(key, version, "CopyObject")
    record["requestParameters"] |= {"x-amz-copy-source": "elsewhere/other/source.json", "x-id": "CopyObject"}
    if version:
        record["responseElements"]["x-amz-copy-source-version-id"] = "of-the-source"
    return record


def completed(key: str = KEY, version: str = "") -> Json:
    """CompleteMultipartUpload: derived from PutObject, as no recorded one was found, nor any sample.

    AWS's docs: CloudTrail logs it under this name, `requestParameters` and `responseElements` as for CopyObject.
    The API reference: bucket, key and uploadId are sent, and the answer has the header x-amz-version-id. The bodies,
    a list of parts and Location, Bucket, Key and ETag, are left out: nothing found tells whether CloudTrail has them.
    """
    record = called(key, version, "CompleteMultipartUpload")
    record["requestParameters"] |= {"uploadId": "2~Zk1hT0", "x-id": "CompleteMultipartUpload"}
    return record


def bridged(detail: Json, kind: str = "AWS API Call via CloudTrail", source: str = "aws.s3") -> Json:
    """EventBridge, around anything."""
    return {
        "version": "0", "id": "5627b6e8-8bea-8ac7-3424-0ceb86ace103", "detail-type": kind, "source": source,
        "account": "111122223333", "time": "2026-01-05T13:02:11Z", "region": "eu-west-1", "resources": [],
        "detail": detail,
    }  # fmt: skip


def created(key: str = KEY, version: str = "", kind: str = "Object Created") -> Json:
    """What S3 itself tells EventBridge: the key as it is, no version where the bucket has none."""
    told = {"key": key, "size": 5, "etag": "b1946ac92492d2347c6235b4d2611184", "sequencer": "617f08299329d189"}
    about = {"version": "0", "bucket": {"name": BUCKET}, "request-id": "N4N7GDK58NMKJ12R", "reason": "PutObject"}
    return bridged({**about, "object": {**told, "version-id": version} if version else told}, kind)


def encoded(key: str) -> str:
    """A key as notifications have it."""
    return quote_plus(key, safe="/-_.*")


def notified(key: str = KEY, version: str = "", name: str = "ObjectCreated:Put") -> Json:
    """A record of an S3 notification: the key URL-encoded, with + for a space."""
    told = {"key": encoded(key), "size": 5, "eTag": "b1946ac92492d2347c6235b4d2611184", "sequencer": "0C0F6F405D6ED2"}
    return {
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-west-1", "eventName": name,
        "eventTime": "2026-01-05T13:02:11.192Z", "userIdentity": {"principalId": "AWS:AIDA"},
        "requestParameters": {"sourceIPAddress": "192.0.2.7"},
        "responseElements": {"x-amz-request-id": "D82B88E5F771F645"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "raw",
            "bucket": {"name": BUCKET, "ownerIdentity": {"principalId": "A3I5"}, "arn": f"arn:aws:s3:::{BUCKET}"},
            "object": {**told, "versionId": version} if version else told,
        },
    }  # fmt: skip


def records(*found: Json) -> Json:
    """How S3, SQS and SNS invoke a Lambda, and how a log file of CloudTrail begins."""
    return {"Records": list(found)}


TESTED = {
    "Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-01-05T13:02:11.192Z", "Bucket": BUCKET,
    "RequestId": "5582815E1AEA5ADF", "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR",
}  # fmt: skip
"""What S3 sends when a notification is set up."""


def queued(inner: Json) -> Json:
    """A record of SQS, around anything."""
    return {
        "messageId": "97c19a82-4b96-49f0-bad5-fd5946c3603f", "receiptHandle": "AQEBz",
        "body": inner if isinstance(inner, str) else json.dumps(inner), "attributes": {"ApproximateReceiveCount": "2"},
        "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "eu-west-1",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:raw",
    }  # fmt: skip


def received(inner: Json) -> Json:
    """A message as SQS's API gives it, around anything."""
    return {"MessageId": "97c19a82", "ReceiptHandle": "AQEBz", "MD5OfBody": "7c24", "Body": json.dumps(inner)}


def announced(inner: Json) -> Json:
    """What SNS carries to SQS, around anything."""
    topic = "arn:aws:sns:eu-west-1:111122223333:raw"
    return {"Type": "Notification", "MessageId": "d88d", "TopicArn": topic, "Message": json.dumps(inner)}


def published(inner: Json) -> Json:
    """A record of SNS invoking a Lambda, around anything."""
    return {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "arn", "Sns": announced(inner)}


def failed(inner: Json) -> Json:
    """What Lambda sends to an on-failure destination, around what it was invoked with."""
    context = {"requestId": "cd7a", "functionArn": "arn", "condition": "RetriesExhausted", "approximateInvokeCount": 3}
    return {
        "version": "1.0", "timestamp": "2026-01-05T13:09:11.192Z", "requestContext": context, "requestPayload": inner,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "1 parts of the event could not be done", "errorType": "AlertFailed"},
    }  # fmt: skip


def replayed(key: str = KEY, version: str = "", again: str = "no") -> Json:
    """Our own request."""
    return {"clickctl_replay": 1, "again": again, "objects": [{"bucket": BUCKET, "key": key, "version": version}]}


def edited(key: str = KEY, version: str = "") -> Json:
    """A PutObject that went through someone's script: booleans and nulls are texts, and `resources` is another's."""
    other = [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::elsewhere/README.md"}]
    record = called(key, version, readOnly="False", managementEvent="False", errorCode="None", resources=other)
    return bridged({**record, "responseElements": record["responseElements"] or "None"})


SHAPES: dict[str, Callable[[str, str], Json]] = {
    "a PutObject in EventBridge": lambda key, version: bridged(called(key, version)),
    "a CopyObject in EventBridge": lambda key, version: bridged(copied(key, version)),
    "a CompleteMultipartUpload in EventBridge": lambda key, version: bridged(completed(key, version)),
    "one edited by hand": edited,
    "one without its parameters": lambda key, version: bridged(called(key, version, requestParameters=None)),
    "a bare record of CloudTrail": called,
    "a log file of CloudTrail": lambda key, version: records(called(key, version)),
    "S3's own in EventBridge": created,
    "a notification": lambda key, version: records(notified(key, version)),
    "a notification with s3: in its name": lambda key, version: records(
        notified(key, version, "s3:ObjectCreated:Post")
    ),
    "a bare record of a notification": notified,
    "ours": replayed,
}
"""By shape: an event that says of one object that it was written."""

ENVELOPES: dict[str, Callable[[Json], Json]] = {
    "a list": lambda inner: [inner],
    "a text": json.dumps,
    "a text in a text": lambda inner: json.dumps(json.dumps(inner)),
    "SQS": lambda inner: records(queued(inner)),
    "SNS": lambda inner: records(published(inner)),
    "SNS to SQS": lambda inner: records(queued(announced(inner))),
    "SQS's API": received,
    "on-failure": failed,
    "on-failure, received": lambda inner: [received(failed(inner))],
    "on-failure of what was on-failure": lambda inner: failed(records(queued(failed(inner)))),
}

UNKNOWN = [
    {}, None, True, 7, 1.5, "", "hello", "7", "null", "{", "[1", [None], {"Records": {}}, {"Records": [None]},
    records({}), records(queued("hello")), records({"kinesis": {"data": "e30="}}), records({"Sns": {}}),
    bridged({}, "EC2 Instance State-change Notification", "aws.ec2"), bridged(None), bridged("None"), bridged([]),
    bridged({}, "Object Created"), bridged(None, "Object Created"), {"detail-type": "Object Created"},
    bridged(called(requestParameters=None, resources=None)), bridged(called(requestParameters="None", resources=[])),
    bridged(called(requestParameters={"bucketName": BUCKET}, resources=[{"type": "AWS::S3::Bucket", "ARN": "a:::b"}])),
    created(""), records(notified("")), records({**notified(), "s3": None}), failed({}), failed(None), failed("hello"),
    received({"raise_error": 1}), {"Body": {"raise_error": 1}}, {"Type": "Notification", "Message": "hello"},
    {"Type": "SubscriptionConfirmation", "Message": "You have chosen"}, {"clickctl_replay": 1}, replayed(again="yes"),
    {**replayed(), "again": None}, {**replayed(), "objects": "all"}, {**replayed(), "objects": [None]}, replayed(""),
]  # fmt: skip
"""What asks for nothing that we know of."""

_SAYS = {
    "object": """awsdocs/s3_eb_Object_Created_PutObject lambda-go/s3-event lambda-go/s3-event-with-decoded
        localstack/s3_Object_Created_PutObject_2 localstack/s3_Object_Created_PutObject_6
        localstack/s3_Object_Created_PutObject_9 localstack/s3_Object_Created_PutObject_10
        localstack/s3_Object_Created_PutObject_11 localstack/s3_Object_Created_PutObject_13
        powertools/s3Event powertools/s3EventBridgeNotificationObjectCreatedEvent powertools/s3EventDecodedKey
        powertools/s3SqsEvent recorded/cloudtrail_record_PutObject_cdk
        recorded/eventbridge_cloudtrail_PutObject_handedited_stringbools
        recorded/eventbridge_cloudtrail_PutObject_kms recorded/eventbridge_cloudtrail_PutObject_presigned
        recorded/sqs_wrapped_eventbridge_cloudtrail_PutObject""",
    "known": """awsdocs/cloudtrail_s3_log_file awsdocs/s3_eb_Object_Deleted_DeleteObject
        awsdocs/s3_eb_Object_Deleted_LifecycleExpiration awsdocs/s3_eb_Object_Restore_Completed_x
        lambda-go/s3-lifecycle-event localstack/s3_Object_ACL_Updated_x_3 localstack/s3_Object_ACL_Updated_x_4
        localstack/s3_Object_ACL_Updated_x_5 localstack/s3_Object_Deleted_DeleteObject_1
        localstack/s3_Object_Deleted_DeleteObject_12 localstack/s3_Object_Deleted_DeleteObject_14
        localstack/s3_Object_Restore_Initiated_x_7 localstack/s3_Object_Restore_Completed_x_8
        powertools/s3EventBridgeNotificationObjectDeletedEvent powertools/s3EventBridgeNotificationObjectExpiredEvent
        powertools/s3EventBridgeNotificationObjectRestoreCompletedEvent powertools/s3EventDeleteObject
        recorded/cloudtrail_record_PutObject_AccessDenied_PARTIAL""",
    "unknown": """lambda-go/sqs-event localstack/dlq_receive_result localstack/async_EventAgeExceeded_5
        localstack/async_EventAgeExceeded_6 localstack/async_RetriesExhausted_3 localstack/async_RetriesExhausted_4
        localstack/async_RetriesExhausted_7 localstack/async_RetriesExhausted_9 localstack/async_Success_1
        localstack/async_Success_2 localstack/async_Success_8 powertools/eventBridgeEvent powertools/snsSqsEvent
        powertools/sqsDlqTriggerEvent powertools/sqsEvent""",
}
RECORDED = {f"{name}.json": says for says, names in _SAYS.items() for name in names.split()}
"""By recorded file, which the project does not hold: whether it names an object, or nothing, and that as we know it."""
