"""Out-of-core preprocessing of .h5ad files with scanpy's names: import singlesharp as ss; ss.pp.log1p("counts.h5ad")."""

from . import pp
from .errors import SingleSharpError
from .looking import convert, digest, export, history, info, plan, report, verify
from .results import Conversion, Digest, Exported, Finding, Info, Page, PastRun, Plan, Report, Split, Verification
from .settings import Settings, settings
from .subsetting import split, subset

__version__ = "0.1.0"

__all__ = [
    "Conversion",
    "Digest",
    "Exported",
    "Finding",
    "Info",
    "Page",
    "PastRun",
    "Plan",
    "Report",
    "Settings",
    "SingleSharpError",
    "Split",
    "Verification",
    "convert",
    "digest",
    "export",
    "history",
    "info",
    "plan",
    "pp",
    "report",
    "settings",
    "split",
    "subset",
    "verify",
]
