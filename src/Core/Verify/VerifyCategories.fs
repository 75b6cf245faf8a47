/// Verifies categorical columns: categories that differ from one another, and codes that lead to them.
namespace SingleSharp.Core.Verify

open System
open System.Collections.Generic
open System.Security.Cryptography
open System.Threading
open SingleSharp.Core.Contract
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

[<RequireQualifiedAccess>]
module internal VerifyCategories =
    /// Codes and categories that are read at a time.
    let private batch = 65536L

    let private batchBytes = 1L <<< 22

    let private isReadable (dataset: Dataset) =
        dataset.Dims.Length = 1 && (Filters.unsupported dataset.Filters).IsNone

    /// Codes must lead to a category, or be -1 for a missing value.
    let codes (store: Hdf5File) (findings: FindingList) (cancel: CancellationToken) (dataset: Dataset) categories =
        if not (Integers.isStored dataset.Type) then
            findings.Error dataset.Path $"its codes are {Datatype.name dataset.Type} instead of integers"
        elif isReadable dataset then
            let reader = DatasetReader(store.Disk, dataset)
            let most = int (min batch dataset.Count)
            let bytes: byte[] = Array.zeroCreate (most * dataset.ElementSize)
            let found = Array.zeroCreate<int64> most
            let mutable wrong = 0L
            let mutable first = -1L

            for start in 0L .. batch .. dataset.Count - 1L do
                cancel.ThrowIfCancellationRequested()
                let count = int (min batch (dataset.Count - start))
                reader.Read(start, count, bytes)
                Integers.decode dataset.Type (Span(bytes, 0, count * dataset.ElementSize)) found

                for i in 0 .. count - 1 do
                    if found[i] < -1L || found[i] >= categories then
                        wrong <- wrong + 1L

                        if first < 0L then
                            first <- start + int64 i

            if wrong > 0L then
                findings.Error
                    dataset.Path
                    $"""{Plural.say wrong "code leads" "codes lead"} to none of the {Plural.say categories "category" "categories"}, first in row {first}"""

    /// Each value as the bytes that make it different from others.
    let private values (store: Hdf5File) (cancel: CancellationToken) (dataset: Dataset) =
        seq {
            let reader = DatasetReader(store.Disk, dataset)
            let size = dataset.ElementSize
            // Strings of fixed length may be long.
            let batch = max 1L (min batch (batchBytes / int64 size))

            for start in 0L .. batch .. dataset.Count - 1L do
                cancel.ThrowIfCancellationRequested()
                let count = int (min batch (dataset.Count - start))
                let bytes: byte[] = Array.zeroCreate (count * size)
                reader.Read(start, count, bytes)

                for i in 0 .. count - 1 do
                    let own = bytes.AsSpan(i * size, size)

                    match dataset.Type with
                    | VlenString -> store.Heap.Resolve(own, 1).AsSpan().TrimEnd(0uy).ToArray()
                    | FixedString(_, padding) -> (Datatype.withoutPadding padding (ReadOnlySpan(bytes, i * size, size))).ToArray()
                    | _ -> own.ToArray()
        }

    let private shown datatype (value: byte[]) =
        match datatype with
        | VlenString
        | FixedString _ -> Text.Encoding.UTF8.GetString value
        | Integer(size, _, _) when Integers.isStored datatype ->
            let number = [| 0L |]
            Integers.decode datatype (Span(Array.copy value, 0, size)) number
            string number[0]
        | _ -> "0x" + Convert.ToHexString value

    /// Is a value of this type no number?
    let private isNaN datatype (value: byte[]) =
        match datatype with
        | Float(size, big) ->
            let own = if big then Array.rev value else value

            match size with
            | 2 -> Half.IsNaN(BitConverter.ToHalf(own, 0))
            | 4 -> Single.IsNaN(BitConverter.ToSingle(own, 0))
            | 8 -> Double.IsNaN(BitConverter.ToDouble(own, 0))
            | _ -> false
        | _ -> false

    /// No category may come twice or be missing, as pandas holds them. In memory are eight bytes for each.
    let categories (store: Hdf5File) (findings: FindingList) cancel (dataset: Dataset) =
        if dataset.Dims.Length <> 1 then
            findings.Error dataset.Path $"""it has {Plural.things dataset.Dims.LongLength "dimension"} instead of one"""
        elif isReadable dataset && dataset.Count <= store.Disk.Length && dataset.Count <= int64 Array.MaxLength then
            let hash (value: byte[]) =
                BitConverter.ToUInt64(SHA256.HashData value, 0)

            store.Disk.Require(8L * dataset.Count)
            let hashes = Array.zeroCreate<uint64>(int dataset.Count)
            let mutable missing = 0L

            values store cancel dataset
            |> Seq.iteri (fun i value ->
                hashes[i] <- hash value

                if isNaN dataset.Type value then
                    missing <- missing + 1L)

            if missing > 0L then
                findings.Error dataset.Path $"""{Plural.say missing "category is" "categories are"} NaN, which anndata refuses"""

            Array.sortInPlace hashes
            let twice = HashSet<uint64>()

            for i in 1 .. hashes.Length - 1 do
                if hashes[i] = hashes[i - 1] then
                    twice.Add hashes[i] |> ignore

            if twice.Count > 0 && missing = 0L then
                let first = values store cancel dataset |> Seq.find (hash >> twice.Contains)

                findings.Error
                    dataset.Path
                    $"""{Plural.say twice.Count "category comes" "categories come"} more than once, such as {shown dataset.Type first}, which anndata refuses"""

    /// Codes and what they lead to.
    let check (store: Hdf5File) (findings: FindingList) cancel path (element: CategoricalElement) =
        findings.Check(
            path,
            fun () ->
                let values = element.Categories.Values
                categories store findings cancel values
                codes store findings cancel element.Codes values.Count
        )
