"""An account in which everything the configuration names is as it should be, and what doctor says of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from datetime import date
from typing import Any

import clickctl
from clickctl.commands.doctor import examined
from clickctl.config import load_config
from clickctl.domain.hours import Day
from clickctl.plan.checks import Check, Report
from clickctl.wiring import doctor_for
from tests.aws.harness.account import ROLE, Aws
from tests.aws.harness.replies import Reply, xml_reply
from tests.aws.harness.requests import Request
from tests.aws.registry import Registry

TODAY = Day(date(2026, 1, 5))
WORKGROUP = "oncall"
SESSION = "arn:aws:sts::123456789012:assumed-role/oncall/jo"


class Sound:
    """Such an account, to be spoilt by tests."""

    def __init__(self, aws: Aws) -> None:
        self.aws, self.registry = aws, Registry(aws)
        self.sections: dict[str, Any] = {"athena": {"workgroup": WORKGROUP}}
        self.buckets = [root.split("/")[2] for root in (aws.lake.raw, aws.lake.processed, aws.lake.alerts)]
        for bucket in self.buckets:
            self._close(bucket)
        self._make_job()
        self._make_workgroup()
        self.registry.create()
        self._let_iam_simulate()

    def examine(self) -> Report:
        config = load_config(self.aws.config_file(**self.sections), os.environ)
        return examined(doctor_for(config, TODAY))

    def line(self, name: str, resource: str = "") -> Check:
        """The one line of this name whose resource holds this text."""
        [found] = [check for check in self.examine().checks if check.name == name and resource in check.resource]
        return found

    def simulate(self, denied: Collection[str] = (), unsure: Collection[str] = ()) -> None:
        """IAM's simulation refuses these actions, or refuses them for want of context."""
        self.aws.handlers["iam.SimulatePrincipalPolicy"] = _simulation(denied, unsure)

    def _close(self, bucket: str) -> None:
        s3 = self.aws.boto("s3")
        closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(closed, True))
        self.encrypt(bucket, SSEAlgorithm="AES256")

    def encrypt(self, bucket: str, **by_default: str) -> None:
        rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": by_default}]}
        self.aws.boto("s3").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)

    def _make_job(self) -> None:
        self.library = f"{self.aws.lake.processed}/_code/clickctl-{clickctl.__version__}.zip"
        self.script = f"{self.aws.lake.processed}/_code/job.py"
        for location in (self.library, self.script):
            self.aws.put(location, b"code")
        arguments = {"--extra-py-files": self.library, "--additional-python-modules": "msgspec,zlib-ng"}
        self.job(DefaultArguments=arguments)

    def job(self, **parameters: Any) -> None:
        """The job, made anew with these parameters."""
        glue = self.aws.boto("glue")
        present = glue.get_jobs()["Jobs"]
        if present:
            parameters = {"DefaultArguments": present[0]["DefaultArguments"], **parameters}
            glue.delete_job(JobName="clickstream")
        self.aws.create_job(**parameters)

    def _make_workgroup(self) -> None:
        place = {"OutputLocation": f"{self.aws.lake.processed}/_athena/"}
        settings = {"ResultConfiguration": place, "BytesScannedCutoffPerQuery": 100_000_000_000}
        self.aws.boto("athena").create_work_group(Name=WORKGROUP, Configuration=settings)

    def _let_iam_simulate(self) -> None:
        iam = self.aws.boto("iam")
        for name, path in (("oncall", "/team/"), (ROLE.split("/")[-1], "/")):
            iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument="{}")
        self.aws.handlers["sts.GetCallerIdentity"] = lambda _: caller(SESSION)
        self.simulate()


def caller(arn: str) -> Reply:
    inner = f"<Arn>{arn}</Arn><UserId>AROA:jo</UserId><Account>123456789012</Account>"
    result = f"<GetCallerIdentityResult>{inner}</GetCallerIdentityResult>"
    return xml_reply(f"<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>")


def _simulation(denied: Collection[str], unsure: Collection[str]) -> Callable[[Request], Reply]:
    def answer(request: Request) -> Reply:
        actions = [value for name, value in request.form.items() if name.startswith("ActionNames.")]
        results = "".join(map(result, actions))
        inner = f"<IsTruncated>false</IsTruncated><EvaluationResults>{results}</EvaluationResults>"
        outer = f"<SimulatePrincipalPolicyResult>{inner}</SimulatePrincipalPolicyResult>"
        return xml_reply(f"<SimulatePrincipalPolicyResponse>{outer}</SimulatePrincipalPolicyResponse>")

    def result(action: str) -> str:
        decision = "implicitDeny" if action in (*denied, *unsure) else "allowed"
        lacking = "<member>aws:SourceVpce</member>" if action in unsure else ""
        return (
            f"<member><EvalActionName>{action}</EvalActionName><EvalDecision>{decision}</EvalDecision>"
            f"<MissingContextValues>{lacking}</MissingContextValues></member>"
        )

    return answer
