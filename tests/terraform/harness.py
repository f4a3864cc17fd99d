"""Terraform for tests: without the network, in a copy of the module, and with nothing of this machine's own AWS."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.conftest import REPO

MODULE = REPO / "terraform"
_OF_PEOPLE = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars", "*.tfvars.json", "*.tfplan")
_SECONDS = 600
_SHARED = ("/usr/local/share", "/usr/share")
_MIRROR = "provider_installation {\n  filesystem_mirror {\n    path = %s\n  }\n}\n"


class NoTerraform(Exception):
    """What is missing, by name."""


class Terraform:
    """The module copied to `folder`/module, and initialised. `override` lies over it, as Terraform's override files do.

    `environment` is where AWS is found; nothing of the machine's own configuration of AWS is seen.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None, override: str = "") -> None:
        self.folder = folder / "module"
        self._installed = installation()
        self._environment = {**self._installed.environment, **(environment or {})}
        self._process: subprocess.Popen[str] | None = None
        shutil.copytree(MODULE, self.folder, ignore=_OF_PEOPLE)
        if override:
            (self.folder / "zz_override.tf").write_text(override, "utf-8")
        self.run("init")

    def run(self, *words: str, code: int | None = 0) -> str:
        """What it prints; fails the test unless it ends with `code` (None: any)."""
        argv = [self._installed.program, *words]
        with subprocess.Popen(
            argv, cwd=self.folder, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        ) as self._process:  # fmt: skip
            try:
                out = self._process.communicate(timeout=_SECONDS)[0]
            except BaseException:
                self.stop()
                raise
        ended = self._process.returncode
        assert code in (None, ended), f"terraform {' '.join(words)} ends with {ended}:\n{out[-6000:]}"
        return out

    def apply(self, *words: str, **variables: Any) -> None:
        """With variables that stay for what is run after it."""
        (self.folder / "terraform.tfvars.json").write_text(json.dumps(variables), "utf-8")
        self.run("apply", "-auto-approve", "-parallelism=30", *words)

    def destroy(self) -> None:
        self.run("destroy", "-auto-approve", "-parallelism=30", "-refresh=false")

    def planned(self) -> list[str]:
        """What another apply would change, and how: nothing where -detailed-exitcode says so."""
        told = self.run("plan", "-detailed-exitcode", "-out=next.tfplan", code=None)
        if self._process and self._process.returncode == 0:
            return []
        plan = json.loads(self.run("show", "-json", "next.tfplan"))
        changes = [(change["address"], change["change"]["actions"]) for change in plan.get("resource_changes", ())]
        found = [f"{address}: {' and '.join(what)}" for address, what in changes if what != ["no-op"]]
        return found or [told]

    def outputs(self) -> dict[str, Any]:
        return {name: output["value"] for name, output in json.loads(self.run("output", "-json")).items()}

    def made(self) -> dict[str, dict[str, Any]]:
        """The values of what there is, by address. From the state as it is stored: `show` would start the provider."""
        return {
            f"{one['type']}.{one['name']}{_index(instance)}": instance["attributes"]
            for one in json.loads(self.run("state", "pull"))["resources"]
            if one["mode"] == "managed"
            for instance in one["instances"]
        }

    def stop(self) -> None:
        """End what it runs, and the provider with it. From another thread, too."""
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)


class Installation:
    """Terraform and an AWS provider that the module may be used with."""

    def __init__(self) -> None:
        found = shutil.which("terraform")
        if not found:
            raise NoTerraform("Terraform is not installed")
        self.program = found
        self._folder = tempfile.TemporaryDirectory(prefix="clickctl-terraform-")
        self.environment = self._environment()

    def _environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        clean |= {
            "TF_CLI_ARGS": "-no-color", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }  # fmt: skip
        for settings in self._settings():
            environment = {**clean, "TF_CLI_CONFIG_FILE": str(settings)}
            if self._has_provider(environment):
                return environment
        raise NoTerraform(
            "no AWS provider that terraform/versions.tf permits: neither by provider_installation of Terraform's CLI "
            "configuration, nor in the folder TF_PLUGIN_MIRROR, nor in a mirror in the usual places"
        )

    def _settings(self) -> Iterator[Path]:
        """CLI configurations to try. Ours never ask a registry."""
        own = Path(os.environ.get("TF_CLI_CONFIG_FILE") or Path.home() / ".terraformrc")
        if own.is_file() and "provider_installation" in own.read_text("utf-8", "replace"):
            yield own
        for n, mirror in enumerate(_mirrors()):
            settings = Path(self._folder.name, f"mirror-{n}.tfrc")
            settings.write_text(_MIRROR % json.dumps(str(mirror)), "utf-8")
            yield settings

    def _has_provider(self, environment: dict[str, str]) -> bool:
        with tempfile.TemporaryDirectory(dir=self._folder.name) as folder:
            shutil.copy(MODULE / "versions.tf", folder)
            argv = [self.program, "init", "-backend=false"]
            return not subprocess.run(argv, cwd=folder, env=environment, capture_output=True, timeout=120).returncode


@lru_cache
def installation() -> Installation:
    """The one of this machine. Raises NoTerraform."""
    return Installation()


def _index(instance: dict[str, Any]) -> str:
    return f"[{json.dumps(instance['index_key'])}]" if "index_key" in instance else ""


def _mirrors() -> Iterator[Path]:
    """Folders of providers: where a variable says, where Terraform itself looks (its documentation, "Implied Local
    Mirror Directories"), and below /opt."""
    named = [os.environ.get("TF_PLUGIN_MIRROR"), os.environ.get("TF_PLUGIN_CACHE_DIR")]
    usual = [Path.home() / ".terraform.d/plugins", *(Path(share, "terraform/plugins") for share in _SHARED)]
    for folder in [*(Path(name) for name in named if name), *usual, *sorted(Path("/opt").glob("*/"))]:
        if any(folder.glob("*/hashicorp/aws/*5.*")):  # a folder for each version, or zips
            yield folder
