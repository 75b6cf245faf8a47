"""What the tool answers, as small dataclasses. Fields that this version does not know are in raw."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional


def _read(kind, document):
    """The fields of a dataclass from a document."""
    known = {entry.name for entry in dataclasses.fields(kind)} - {"raw"}
    return kind(**{name: document[name] for name in known if name in document}, raw=document)


def _shown(value):
    if isinstance(value, bool) or value is None:
        return str(value)

    if isinstance(value, int):
        return f"{value:,}"

    if isinstance(value, float):
        return f"{value:.6g}"

    if isinstance(value, _Readable):
        return repr(value).replace("\n", "\n  ")

    if isinstance(value, dict):
        return ", ".join(f"{name}: {_shown(each)}" for name, each in value.items())

    if isinstance(value, list):
        some = ", ".join(_shown(each) for each in value[:10])
        return f"{some}, ... ({len(value):,} in all)" if len(value) > 10 else some

    return str(value)


class _Readable:
    """One line a field; what is empty is left out."""

    def __repr__(self):
        entries = [(entry.name, getattr(self, entry.name)) for entry in dataclasses.fields(self) if entry.name != "raw"]
        entries = [(name, value) for name, value in entries if value is not None and value != [] and value != {}]
        width = max((len(name) for name, _ in entries), default=0)
        lines = [f"  {name:<{width}}  {_shown(value)}" for name, value in entries]
        return "\n".join([type(self).__name__, *lines])


@dataclass(repr=False)
class Plan(_Readable):
    command: Optional[str] = None
    path: Optional[str] = None
    steps: List[str] = field(default_factory=list)
    reads_of_x: Optional[int] = None
    writes_of_x: Optional[int] = None
    passes: List[str] = field(default_factory=list)
    pass_memory_bytes: List[int] = field(default_factory=list)
    x: Optional[str] = None
    dtype_after: Optional[str] = None
    gene_sets: Dict[str, int] = field(default_factory=dict)
    percent_top: List[int] = field(default_factory=list)
    memory_bytes: Optional[int] = None
    warnings: List[str] = field(default_factory=list)
    raw: Dict[str, Any] = field(default_factory=dict)


@dataclass(repr=False)
class Info(_Readable):
    path: Optional[str] = None
    bytes: Optional[int] = None
    n_obs: Optional[int] = None
    n_vars: Optional[int] = None
    nnz: Optional[int] = None
    density: Optional[float] = None
    encoding: Optional[str] = None
    matrix: List[Dict[str, Any]] = field(default_factory=list)
    looks_like_counts: Optional[bool] = None
    cells_examined: Optional[int] = None
    is_logged: Optional[bool] = None
    obs_columns: List[str] = field(default_factory=list)
    var_columns: List[str] = field(default_factory=list)
    others: List[str] = field(default_factory=list)
    #: What preprocess would do with it.
    preprocess: Optional[Plan] = None
    raw: Dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, document):
        info = _read(cls, document)

        if isinstance(info.preprocess, dict):
            info.preprocess = _read(Plan, info.preprocess)

        return info


@dataclass(repr=False)
class Finding(_Readable):
    severity: Optional[str] = None
    path: Optional[str] = None
    finding: Optional[str] = None
    raw: Dict[str, Any] = field(default_factory=dict)

    def __repr__(self):
        return f"{self.severity}: {self.path}: {self.finding}"


@dataclass(repr=False)
class Verification(_Readable):
    path: Optional[str] = None
    is_sound: Optional[bool] = None
    objects_checked: Optional[int] = None
    pieces_checked: Optional[int] = None
    bytes_checked: Optional[int] = None
    findings: List[Finding] = field(default_factory=list)
    raw: Dict[str, Any] = field(default_factory=dict)

    def __bool__(self):
        return bool(self.is_sound)

    @classmethod
    def read(cls, document):
        verification = _read(cls, document)
        verification.findings = [_read(Finding, finding) for finding in verification.findings]
        return verification


@dataclass(repr=False)
class Digest(_Readable):
    sha256: Optional[str] = None
    objects: Dict[str, str] = field(default_factory=dict)
    raw: Dict[str, Any] = field(default_factory=dict)

    def __str__(self):
        return str(self.sha256)

    def __repr__(self):
        return f"Digest\n  sha256   {self.sha256}\n  objects  {len(self.objects):,}"


@dataclass(repr=False)
class Page(_Readable):
    """A page with plots that was written."""

    input: Optional[str] = None
    output: Optional[str] = None
    bytes: Optional[int] = None
    n_obs: Optional[int] = None
    n_obs_drawn: Optional[int] = None
    plots: List[str] = field(default_factory=list)
    not_drawn: List[str] = field(default_factory=list)
    raw: Dict[str, Any] = field(default_factory=dict)


@dataclass(repr=False)
class PastRun(_Readable):
    """A run that a file tells of. The recipe may be passed as recipe= to run it again."""

    version: Optional[str] = None
    bits: Optional[int] = None
    inputs: List[str] = field(default_factory=list)
    recipe: Dict[str, Any] = field(default_factory=dict)
    #: How inputs were read and joined, where that differs from the defaults.
    conversion: Dict[str, Any] = field(default_factory=dict)
    #: Columns of obs that somebody's own F# or C# code has written; the recipe does not hold it.
    also: List[str] = field(default_factory=list)
    raw: Dict[str, Any] = field(default_factory=dict)

    @property
    def steps(self):
        """The names of its steps, in order."""
        return [each.get("step") for each in self.recipe.get("steps", [])]

    def __repr__(self):
        entries = {"version": self.version, "bits": self.bits, "inputs": self.inputs, "steps": self.steps}
        return "\n".join(["PastRun", *(f"  {name:<7}  {_shown(value)}" for name, value in entries.items())])


@dataclass(repr=False)
class Conversion(_Readable):
    inputs: List[str] = field(default_factory=list)
    output: Optional[str] = None
    n_obs: Optional[int] = None
    n_vars: Optional[int] = None
    nnz: Optional[int] = None
    dtype: Optional[str] = None
    samples: Dict[str, int] = field(default_factory=dict)
    obs_columns: List[str] = field(default_factory=list)
    var_columns: List[str] = field(default_factory=list)
    warnings: List[str] = field(default_factory=list)
    seconds: Optional[float] = None
    raw: Dict[str, Any] = field(default_factory=dict)


@dataclass(repr=False)
class Report(_Readable):
    """What a run did; all other fields of docs/json.md are in raw."""

    command: Optional[str] = None
    input: Optional[str] = None
    output: Optional[str] = None
    in_place: Optional[bool] = None
    steps: List[str] = field(default_factory=list)
    matrix: Optional[str] = None
    n_obs: Optional[int] = None
    n_vars: Optional[int] = None
    nnz: Optional[int] = None
    n_obs_after: Optional[int] = None
    n_vars_after: Optional[int] = None
    obs_dropped: Dict[str, int] = field(default_factory=dict)
    vars_dropped: Dict[str, int] = field(default_factory=dict)
    reads_of_x: Optional[int] = None
    dtype_before: Optional[str] = None
    dtype_after: Optional[str] = None
    target_sum: Optional[float] = None
    gene_sets: Dict[str, int] = field(default_factory=dict)
    obs_columns: List[str] = field(default_factory=list)
    var_columns: List[str] = field(default_factory=list)
    layer_keys: List[str] = field(default_factory=list)
    obsm_keys: List[str] = field(default_factory=list)
    varm_keys: List[str] = field(default_factory=list)
    uns_keys: List[str] = field(default_factory=list)
    highly_variable_genes: Optional[int] = None
    variance_ratio: List[float] = field(default_factory=list)
    warnings: List[str] = field(default_factory=list)
    seconds: Optional[float] = None
    raw: Dict[str, Any] = field(default_factory=dict)


def read(kind, document):
    """A result from the JSON of its command."""
    return kind.read(document) if hasattr(kind, "read") else _read(kind, document)
