"""The wall clock of one server process, which can be set while it runs."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from datetime import timedelta
from pathlib import Path

from tests.servers import ServerMissingError

_SOURCE = Path(__file__).with_suffix(".c")


class WallClock:
    """Runs with the machine's until it is set; clocks that only go forward are left alone.

    Raises ServerMissingError where there is no C compiler.
    """

    def __init__(self, folder: Path, name: str) -> None:
        library = folder / "clock.so"
        if not library.exists():
            compiler = shutil.which("cc")
            if compiler is None:
                raise ServerMissingError("Setting a clock needs a C compiler: apt-get install gcc")
            subprocess.run(
                [compiler, "-O1", "-shared", "-fPIC", "-o", library, _SOURCE, "-ldl"], check=True
            )
        self._file = folder / f"{name}.clock"
        self._file.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": str(library), "TEST_CLOCK": str(self._file)}
        """What a process has to be started with."""

    def runs(self, ahead: timedelta) -> None:
        """Set it, at once, to so much more than the machine's."""
        with (
            self._file.open("r+b") as file,
            mmap.mmap(file.fileno(), 8) as page,
        ):
            page[:] = struct.pack("q", ahead // timedelta(microseconds=1))
