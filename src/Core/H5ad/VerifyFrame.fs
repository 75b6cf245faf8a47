/// Verifies data frames: the columns that the order names, their lengths, the codes of categories, and names that come twice.
namespace SingleSharp.Core

open System
open System.Collections.Generic
open System.Security.Cryptography
open System.Threading

[<RequireQualifiedAccess>]
module VerifyFrame =
    /// Codes that are read at a time.
    let private batch = 65536L

    let private length (dataset: Dataset) =
        if dataset.Dims.Length = 1 then ValueSome dataset.Dims[0] else ValueNone

    /// Codes must lead to a category, or be -1 for a missing value.
    let private codes (store: Store) (findings: FindingList) (cancel: CancellationToken) (dataset: Dataset) categories =
        if not (Whole.isStored dataset.Type) then
            findings.Error dataset.Path $"its codes are {Datatype.name dataset.Type} instead of whole numbers"
        elif dataset.Dims.Length = 1 && (Filters.unsupported dataset.Filters).IsNone then
            let reader = SlabReader(store.Disk, dataset)
            let most = int (min batch dataset.Count)
            let bytes: byte[] = Array.zeroCreate (most * dataset.ElementSize)
            let found = Array.zeroCreate<int64> most
            let mutable wrong = 0L
            let mutable first = -1L

            for start in 0L .. batch .. dataset.Count - 1L do
                cancel.ThrowIfCancellationRequested()
                let count = int (min batch (dataset.Count - start))
                reader.Read(start, count, bytes)
                Whole.decode dataset.Type (Span(bytes, 0, count * dataset.ElementSize)) found

                for i in 0 .. count - 1 do
                    if found[i] < -1L || found[i] >= categories then
                        wrong <- wrong + 1L

                        if first < 0L then
                            first <- start + int64 i

            if wrong > 0L then
                findings.Error dataset.Path $"{wrong} codes lead to none of the {categories} categories, first in row {first}"

    /// The number of values of a column, or of what stands in its place; none where it says nothing.
    let rec rows (store: Store) (findings: FindingList) path node : int64 voption =
        match node with
        | DatasetNode dataset -> length dataset
        | GroupNode group ->
            let inner name =
                match store.TryFind(path, group, name) with
                | Some node -> rows store findings $"{path}/{name}" node
                | None -> ValueNone

            match store.Text(group.Header, "_index") with
            | Some index when (Links.tryFind "codes" group).IsNone -> inner index
            | _ ->
                match VerifyMatrix.shape store group.Header with
                | Some(rows :: _) -> ValueSome rows
                | _ -> if (Links.tryFind "codes" group).IsSome then inner "codes" else inner "values"

    /// A column: as many values as there are rows, and codes and masks that fit.
    let private column (store: Store) (findings: FindingList) cancel (frame: Group) framePath expected name =
        let path = $"{framePath}/{name}"

        findings.Check(
            path,
            fun () ->
                match store.TryFind(framePath, frame, name) with
                | None -> findings.Error framePath $"its order names the column {name}, which does not exist"
                | Some node ->
                    match rows store findings path node with
                    | ValueSome found when found <> expected -> findings.Error path $"it has {found} values for {expected} rows"
                    | _ -> ()

                    match node with
                    | GroupNode group when (Links.tryFind "codes" group).IsSome ->
                        match store.TryFind(path, group, "categories") with
                        | None -> findings.Error path "it has codes but no categories"
                        | Some categories ->
                            let count = rows store findings $"{path}/categories" categories
                            codes store findings cancel (store.Dataset(path, group, "codes")) (ValueOption.defaultValue 0L count)
                    | GroupNode group when (Links.tryFind "mask" group).IsSome ->
                        let mask = store.Dataset(path, group, "mask")

                        if length mask <> ValueSome expected then
                            findings.Error mask.Path $"it has another number of values than there are rows, {expected}"
                    | DatasetNode dataset when (Attribute.tryFind store.Disk "categories" dataset.Header).IsSome ->
                        // Before anndata 0.8 the categories of all columns lay together.
                        match store.TryFind(framePath, frame, "__categories") with
                        | Some(GroupNode kept) ->
                            let categories = store.Dataset($"{framePath}/__categories", kept, name)
                            codes store findings cancel dataset (length categories |> ValueOption.defaultValue 0L)
                        | _ -> ()
                    | _ -> ()
        )

    /// Names that come more than once. In memory are eight bytes for each name, and those of them that look alike.
    let private repeated (store: Store) (findings: FindingList) (cancel: CancellationToken) (frame: Frame) =
        let path = $"{frame.Path}/{frame.IndexName}"

        let hash (name: string) =
            BitConverter.ToUInt64(SHA256.HashData(Utf8.bytes name), 0)

        let names () =
            Frame.names store frame 0L frame.Rows
            |> Seq.map (fun name ->
                cancel.ThrowIfCancellationRequested()
                name)

        // A name takes a byte at least.
        if frame.Rows > store.Disk.Length || frame.Rows > int64 Array.MaxLength then
            store.Disk.Unsupported path $"it is said to have {frame.Rows} names, more than its file has bytes"

        store.Disk.Require(8L * frame.Rows)
        let hashes = Array.zeroCreate<uint64>(int frame.Rows)
        names () |> Seq.iteri (fun row name -> hashes[row] <- hash name)
        Array.sortInPlace hashes
        let twice = HashSet<uint64>()

        for i in 1 .. hashes.Length - 1 do
            if hashes[i] = hashes[i - 1] then
                twice.Add hashes[i] |> ignore

        // Each has an entry in both tables, and a name of some length.
        store.Disk.Require(8L * frame.Rows + 200L * int64 twice.Count)

        if twice.Count > 0 then
            let seen = HashSet<string>()
            let mutable first = ""
            let mutable more = 0L

            for name in names () do
                if twice.Contains(hash name) && not (seen.Add name) then
                    more <- more + 1L

                    if first = "" then
                        first <- name

            if more > 0L then
                findings.Note path $"{more} names come again, such as {first}"

    /// Members of a group, and of those in it where names with slashes begin, that no column leads to.
    let rec private unnamed (store: Store) path (group: Group) (named: string list list) =
        [ for link in group.Links do
              let child = $"{path}/{link.Name}"

              let inside =
                  named
                  |> List.choose (fun parts ->
                      match parts with
                      | first :: (_ :: _ as rest) when first = link.Name -> Some rest
                      | _ -> None)

              match link.Target with
              | _ when List.contains [ link.Name ] named -> ()
              | Hard address when not inside.IsEmpty ->
                  match store.TryAt(child, address) with
                  | Some(GroupNode inner) -> yield! unnamed store child inner inside
                  | _ -> ()
              | _ when not inside.IsEmpty -> ()
              | _ -> child ]

    /// The columns of a frame, wherever it is.
    let columns (store: Store) (findings: FindingList) cancel (frame: Frame) =
        for column', count in frame.Columns |> List.countBy Links.along do
            if count > 1 then
                let column' = String.concat "/" column'
                findings.Error frame.Path $"its order names the column {column'} {count} times"

        let named =
            frame.IndexName :: "__categories" :: frame.Columns |> List.map Links.along

        for child in unnamed store frame.Path frame.Group named do
            findings.Warn frame.Path $"its order does not name {child.Substring(frame.Path.Length + 1)}, so that anndata does not see it"

        if frame.Rows >= 0L then
            for column' in List.distinct frame.Columns do
                column store findings cancel frame.Group frame.Path frame.Rows column'

    /// A frame of so many rows, as far as anybody else knows; says how many it has.
    let check (store: Store) (findings: FindingList) cancel name : Frame option =
        findings.Try(
            name,
            fun () ->
                let frame = Frame.read store name

                if frame.Rows < 0L then
                    findings.Error $"{name}/{frame.IndexName}" "it is no index of one name per row"

                columns store findings cancel frame

                if frame.Rows >= 0L then
                    findings.Check($"{name}/{frame.IndexName}", fun () -> repeated store findings cancel frame)

                frame
        )
