"""Which IAM actions an operation needs. Most are called as the operation is; others are here, and where it is told.

API: the API reference, whose text botocore's models hold. SAR: the Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/), which has no actions for batches.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.permissions.clients import Call

KEY = ("kms:Decrypt", "kms:GenerateDataKey")
"""With SSE-KMS: reading decrypts a data key, writing makes one, in parts it does both (API, CreateMultipartUpload)."""

_READ = ("s3:GetObject", "s3:ListBucket", "kms:Decrypt")
"""Who may not list is told 403 of what is not there, which readers of a lake have to know (API, GetObject)."""

_WRITE = ("s3:PutObject", *KEY)

_PARTS = "S3 User Guide, Multipart upload API and permissions"

ATHENA = (
    "s3:AbortMultipartUpload", "s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket",
    "s3:ListBucketMultipartUploads", "s3:ListMultipartUploadParts", "s3:PutObject", *KEY,
    "glue:GetDatabase", "glue:GetTable",
)  # fmt: skip
"""What Athena does in the name of whoever starts a query. S3: the managed policy AmazonAthenaFullAccess,
"BaseQueryResultsPermissions", without making buckets. Glue: Athena User Guide, "Configure access to databases and
tables in the AWS Glue Data Catalog"; of a projected table it asks for no partitions ("Use partition projection")."""

OTHERWISE: dict[Call, tuple[tuple[str, ...], str]] = {
    Call("athena", "StartQueryExecution"): (("athena:StartQueryExecution", *ATHENA), "see ATHENA"),
    Call("athena", "GetQueryResults"): (("athena:GetQueryResults", "s3:GetObject", "kms:Decrypt"), "API"),
    Call("lambda", "Invoke"): (("lambda:InvokeFunction",), "API"),
    Call("s3", "CompleteMultipartUpload"): (_WRITE, _PARTS),
    Call("s3", "CopyObject"): ((*_READ, *_WRITE), "API"),
    Call("s3", "CreateMultipartUpload"): (_WRITE, _PARTS),
    Call("s3", "DeleteObjects"): (("s3:DeleteObject",), "API"),
    Call("s3", "GetBucketEncryption"): (("s3:GetEncryptionConfiguration",), "API"),
    Call("s3", "GetObject"): (_READ, "API"),
    Call("s3", "GetPublicAccessBlock"): (("s3:GetBucketPublicAccessBlock",), "API"),
    Call("s3", "HeadBucket"): (("s3:ListBucket",), "API"),
    Call("s3", "HeadObject"): (("s3:GetObject", "s3:ListBucket"), "API"),
    Call("s3", "ListObjectsV2"): (("s3:ListBucket",), "API"),
    Call("s3", "PutObject"): ((*_WRITE, "s3:GetObject"), "API; for If-Match both (S3 User Guide, Conditional writes)"),
    Call("s3", "UploadPart"): (_WRITE, _PARTS),
    Call("s3", "UploadPartCopy"): ((*_READ, *_WRITE), "API"),
    Call("sns", "PublishBatch"): (("sns:Publish", *KEY), "SAR; SNS Developer Guide, Key management"),
    Call("sqs", "ChangeMessageVisibilityBatch"): (("sqs:ChangeMessageVisibility",), "SAR"),
    Call("sts", "GetCallerIdentity"): ((), "API: no permissions are required"),
}  # fmt: skip

VERSIONED = {"clickctl.aws.streams.opened": "s3:GetObjectVersion"}
"""Functions that read an object by version id, which is another action (API, GetObject)."""


def actions_of(calls: Iterable[Call]) -> set[str]:
    return {action for call in calls for action in needed_by(call)}


def needed_by(call: Call) -> tuple[str, ...]:
    return OTHERWISE[call][0] if call in OTHERWISE else (f"{call.service}:{call.operation}",)
