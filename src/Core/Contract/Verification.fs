/// What verifying and hashing a file give.
namespace SingleSharp

open System.Collections.Generic

/// How bad a finding is.
type Severity =
    /// The file contradicts itself, or part of it cannot be read.
    | Error = 0
    /// Something could not be checked, or other programs may fail on it.
    | Warning = 1
    /// Worth knowing.
    | Note = 2

/// Something about one object of a file.
type Finding =
    {
        Severity: Severity
        /// The object, such as X/indptr, or / for the file as a whole.
        Path: string
        /// What was found, without a full stop.
        Sentence: string
    }

/// What verifying a file found.
type Verification =
    {
        Path: string
        /// How much was checked: objects, chunks and other pieces of storage, and bytes of values, decompressed.
        Objects: int64
        Pieces: int64
        Bytes: int64
        Findings: IReadOnlyList<Finding>
    }

    /// How many findings are this bad.
    member verification.Count severity =
        verification.Findings |> Seq.filter (fun finding -> finding.Severity = severity) |> Seq.length

    /// Is there no error?
    member verification.IsSound = verification.Count Severity.Error = 0

/// One object of a file and the SHA-256 of its values and attributes, in 64 hexadecimal digits.
type ElementDigest = { Path: string; Sha256: string }

/// Hashes over what a file means, so that two people can compare their results.
type Digest =
    {
        /// One per object, by path.
        Elements: IReadOnlyList<ElementDigest>
        /// Over all of them: their paths, kinds, numbers of attributes and hashes.
        Whole: string
    }
