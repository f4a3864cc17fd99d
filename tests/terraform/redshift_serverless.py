"""Redshift Serverless as Terraform sees it, which moto lacks: what is made is there at once."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.aws.harness.replies import AwsError
from tests.aws.harness.requests import Request

ACCOUNT = "123456789012"  # moto's
_HANDED_IN_ONLY = ("adminUserPassword", "manageAdminPassword", "tags")
_NAMES = {"Namespace": "namespaceName", "Workgroup": "workgroupName", "UsageLimit": "usageLimitId"}


class RedshiftServerless:
    """What was made, by kind and name."""

    def __init__(self) -> None:
        self._made: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in _NAMES}
        self._tags: dict[str, list[dict[str, str]]] = {}

    @property
    def handlers(self) -> dict[str, Any]:
        verbs = {"Create": self._create, "Get": self._get, "Update": self._update, "Delete": self._delete}
        by_name = {
            f"redshift-serverless.{verb}{kind}": lambda asked, do=do, kind=kind: do(kind, asked.json, asked.region)
            for verb, do in verbs.items()
            for kind in _NAMES
        }
        return {**by_name, "redshift-serverless.ListTagsForResource": self._list_tags}

    def _create(self, kind: str, given: dict[str, Any], region: str) -> dict[str, Any]:
        key, identity = _NAMES[kind], str(uuid4())
        small = kind[0].lower() + kind[1:]
        made = {key: identity, **{name: value for name, value in given.items() if name not in _HANDED_IN_ONLY}}
        made |= {
            f"{small}Id": identity, "status": "AVAILABLE",
            f"{small}Arn": f"arn:aws:redshift-serverless:{region}:{ACCOUNT}:{small.lower()}/{identity}",
        }  # fmt: skip
        if kind == "Workgroup":
            made["endpoint"] = {"address": f"{made[key]}.{ACCOUNT}.{region}.example", "port": 5439, "vpcEndpoints": []}
        if "iamRoles" in made:  # told as the service tells them
            made["iamRoles"] = [f"IamRole(applyStatus=in-sync, iamRoleArn={arn})" for arn in made["iamRoles"]]
        self._made[kind][made[key]] = made
        self._tags[made[f"{small}Arn"]] = given.get("tags", [])
        return {small: made}

    def _get(self, kind: str, given: dict[str, Any], region: str) -> dict[str, Any]:
        found = self._made[kind].get(given[_NAMES[kind]])
        if found is None:
            raise AwsError("ResourceNotFoundException", f"The {kind} {given[_NAMES[kind]]} is not there.")
        return {kind[0].lower() + kind[1:]: found}

    def _update(self, kind: str, given: dict[str, Any], region: str) -> dict[str, Any]:
        answer = self._get(kind, given, region)
        for found in answer.values():
            found |= {name: value for name, value in given.items() if name not in ("iamRoles", *_HANDED_IN_ONLY)}
        return answer

    def _delete(self, kind: str, given: dict[str, Any], region: str) -> dict[str, Any]:
        answer = self._get(kind, given, region)
        del self._made[kind][given[_NAMES[kind]]]
        return answer

    def _list_tags(self, request: Request) -> dict[str, Any]:
        return {"tags": self._tags.get(request.json["resourceArn"], [])}
