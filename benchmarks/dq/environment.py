"""The peers' own Python: Soda and Great Expectations want other versions of what clickctl's own stands on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

PEERS = ("soda-duckdb==4.28.0", "great_expectations==1.24.1", "duckdb-engine==0.17.0", "SQLAlchemy==2.1.9")


def peers_python(work: Path) -> str:
    """Its interpreter; made if need be, which takes half a minute and a network."""
    home = work / "dq-peers"
    done, wanted = home / "done", "\n".join((*PEERS, f"duckdb=={version('duckdb')}"))
    python = home / "bin" / "python"
    if not done.exists() or done.read_text("utf-8") != wanted:
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        install = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", *wanted.split()]
        if subprocess.run(install).returncode != 0:
            raise SystemExit("The peers cannot be installed; --only clickctl,verify,duckdb goes without them.")
        done.write_text(wanted, "utf-8")
    return str(python)
