"""`python -m tests.redshift`: a stand-in to talk to, until interrupted. S3 and Glue: AWS_ENDPOINT_URL."""

from __future__ import annotations

import contextlib
import signal
import threading

from tests.redshift.server import Standin


def main() -> None:
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with Standin() as standin, contextlib.suppress(KeyboardInterrupt):
        print(f"host={standin.host} port={standin.port} database={standin.database} "
              f"user={standin.user} password={standin.password}", flush=True)  # fmt: skip
        ended.wait()


main()
