/// The names that a script sees after one `open SingleSharp.Core`, of types that F# and C# share.
namespace SingleSharp.Core

type FaultKind = SingleSharp.FaultKind
type Findings = SingleSharp.Findings
type LimitLoss = SingleSharp.LimitLoss
type Dropped = SingleSharp.Dropped
type GeneSetSize = SingleSharp.GeneSetSize
type Report = SingleSharp.Report
type ValuePlan = SingleSharp.ValuePlan
type PlannedPass = SingleSharp.PlannedPass
type Plan = SingleSharp.Plan
type StoredDataset = SingleSharp.StoredDataset
type Info = SingleSharp.Info
type PastRun = SingleSharp.PastRun
type Severity = SingleSharp.Severity
type Finding = SingleSharp.Finding
type Verification = SingleSharp.Verification
type ElementDigest = SingleSharp.ElementDigest
type Digest = SingleSharp.Digest
type MatrixName = SingleSharp.MatrixName
type Join = SingleSharp.Join
type Conversion = SingleSharp.Conversion
type Mitochondrial = SingleSharp.Mitochondrial
type GeneSet = SingleSharp.GeneSet
type Progress = SingleSharp.Progress
type Compression = SingleSharp.Compression

/// Text of files and paths as doors show it.
[<RequireQualifiedAccess>]
module Escaped =
    /// One line, in which whatever would steer a terminal, or begin a line of its own, is escaped.
    let line text = Contract.Printable.line text

    /// Several lines, whose breaks are meant.
    let lines text = Contract.Printable.lines text

    /// What UTF-8 can hold, with everything else as it is: for formats that escape the rest by themselves.
    let whole text = Contract.Printable.whole text
