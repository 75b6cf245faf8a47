"""How to run; no number of a result depends on it."""

from dataclasses import dataclass
from os import PathLike
from typing import Optional, Union

#: What reads with one thread, and what makes no note.
_one_thread = {"digest", "export", "history", "report", "verify"}
_no_note = _one_thread | {"convert", "info", "plan"}


@dataclass
class Settings:
    #: Threads; None for as many as processors, memory and blocks of cells allow.
    workers: Optional[int] = None
    #: Memory for buffers, as "512M" or bytes; None for a quarter of the machine's, between 256M and 4G.
    memory: Optional[Union[int, str]] = None
    #: The folder for scratch files; None for that of the result, or what SINGLESHARP_SCRATCH says.
    scratch: Optional[Union[str, PathLike]] = None
    #: Whether a run notes in uns/singlesharp what it did.
    provenance: bool = True
    #: Whether to show how far a run is; None where a person watches (a terminal or a notebook).
    progress: Optional[bool] = None
    #: The most bytes of matrices (values and indices) of an AnnData in memory that go through a temporary file.
    in_memory_limit: int = 2 << 30

    def words(self, command):
        """What of it a command takes, as words of a command line."""
        words = []

        if self.workers is not None and command not in _one_thread:
            words += ["--workers", str(self.workers)]

        if self.memory is not None:
            words += ["--memory", str(self.memory)]

        if not self.provenance and command not in _no_note:
            words.append("--no-provenance")

        return words


settings = Settings()
