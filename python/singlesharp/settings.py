"""How to run; nothing here can change a result."""

from dataclasses import dataclass
from os import PathLike
from typing import Optional, Union


@dataclass
class Settings:
    #: Threads; None for as many as processors, memory and blocks of cells allow.
    workers: Optional[int] = None
    #: Memory for buffers, as "512M" or bytes; None for a quarter of the machine's, between 256M and 4G.
    memory: Optional[Union[int, str]] = None
    #: The folder for scratch files; None for that of the result, or what SINGLESHARP_SCRATCH says.
    scratch: Optional[Union[str, PathLike]] = None
    #: Whether to show how far a run is; None where a person watches (a terminal or a notebook).
    progress: Optional[bool] = None
    #: The most bytes of matrices (values and indices) of an AnnData in memory that go through a temporary file.
    in_memory_limit: int = 2 << 30

    def words(self):
        """The same as a command line."""
        words = []

        if self.workers is not None:
            words += ["--workers", str(self.workers)]

        if self.memory is not None:
            words += ["--memory", str(self.memory)]

        return words


settings = Settings()
