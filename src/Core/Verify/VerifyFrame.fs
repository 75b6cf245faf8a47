/// Verifies data frames: the columns that the order names, their lengths, names that come twice, and names that must be those of another.
namespace SingleSharp.Core.Verify

open System
open System.Collections.Generic
open System.Security.Cryptography
open System.Threading
open SingleSharp.Core.Contract
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

[<RequireQualifiedAccess>]
module internal VerifyFrame =
    let private length (dataset: Dataset) =
        if dataset.Dims.Length = 1 then ValueSome dataset.Dims[0] else ValueNone

    /// The number of values of a column, or of what stands in its place; none where it says nothing.
    let rec rows (store: Hdf5File) path (element: Element<Group, Dataset>) : int64 voption =
        match element with
        | Element.AnyArray values -> length values
        | Element.Categorical element -> length element.Codes
        | Element.Nullable element -> length element.Values
        | Element.Csr { Shape = rows :: _ }
        | Element.Csc { Shape = rows :: _ } -> ValueSome rows
        | Element.DataFrame group ->
            let index = store.Text(group.Header, "_index") |> Option.defaultValue "_index"

            match Hdf5Element.tryColumn store path group index with
            | Some(Element.DataFrame _)
            | None -> ValueNone
            | Some inner -> rows store $"{path}/{index}" inner
        | _ -> ValueNone

    /// A column: as many values as there are rows, and codes and masks that fit.
    let private column (store: Hdf5File) (findings: FindingList) cancel (frame: Group) framePath expected name =
        let path = $"{framePath}/{name}"

        findings.Check(
            path,
            fun () ->
                match Hdf5Element.tryColumn store framePath frame name with
                | None -> findings.Error framePath $"its order names the column {name}, which does not exist"
                | Some element ->
                    match element, rows store path element with
                    | (Element.Csr _ | Element.Csc _), _ -> findings.Error path "it is a matrix, not a column"
                    | Element.Unknown what, _ -> findings.Error path $"{what}, which is no column of one value for each row"
                    | _, ValueSome found when found <> expected ->
                        findings.Error path $"""it has {Plural.things found "value"} for {Plural.things expected "row"}"""
                    | _, ValueSome _ -> ()
                    | _, ValueNone -> findings.Error path "it does not hold one value for each row"

                    match element with
                    | Element.Categorical({ Group = Some group } as element) when (store.Text(group.Header, "encoding-type")).IsNone ->
                        // One that tells its encoding is checked as an element.
                        VerifyCategories.check store findings cancel path element
                    | Element.Categorical({ Group = None } as element) ->
                        match OldCategories.tryFind store framePath frame name element.Codes with
                        | Some old when not old.IsPointedTo ->
                            findings.Error path "its reference to its categories does not lead to them, so that anndata cannot read it"
                        | _ -> ()

                        VerifyCategories.check store findings cancel path element
                    | _ -> ()
        )

    /// Names that come more than once. In memory are eight bytes for each name, and those of them that look alike.
    let private repeated (store: Hdf5File) (findings: FindingList) (cancel: CancellationToken) (frame: DataFrame) =
        let path = $"{frame.Path}/{frame.IndexName}"

        let hash (name: string) =
            BitConverter.ToUInt64(SHA256.HashData(Utf8.bytes name), 0)

        let names () =
            DataFrame.names store frame 0L frame.Rows
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
                findings.Note path $"""{Plural.say more "name comes" "names come"} again, such as {first}"""

    /// Members of a group, and of those in it where names with slashes begin, that no column leads to.
    let rec private unnamed (store: Hdf5File) path (group: Group) (named: string list list) =
        [ for link in group.Links do
              let child = $"{path}/{link.Name}"

              let inside = Links.through link.Name named

              match link.Target with
              | _ when List.contains [ link.Name ] named -> ()
              | Hard address when not inside.IsEmpty ->
                  match store.TryAt(child, address) with
                  | Some(GroupObject inner) -> yield! unnamed store child inner inside
                  | _ -> ()
              | _ when not inside.IsEmpty -> ()
              | _ -> child ]

    /// The columns of a frame, wherever it is.
    let columns (store: Hdf5File) (findings: FindingList) cancel (frame: DataFrame) =
        for column', count in frame.Columns |> List.countBy Links.along do
            if count > 1 then
                let column' = String.concat "/" column'
                findings.Error frame.Path $"its order names the column {column'} {count} times"

        let named =
            frame.IndexName :: OldCategories.Name :: frame.Columns |> List.map Links.along

        for child in unnamed store frame.Path frame.Group named do
            findings.Warn frame.Path $"its order does not name {child.Substring(frame.Path.Length + 1)}, so that anndata does not see it"

        if frame.Rows >= 0L then
            for column' in List.distinct frame.Columns do
                column store findings cancel frame.Group frame.Path frame.Rows column'

    /// A frame of N rows, as far as anybody else knows; says how many it has.
    let check (store: Hdf5File) (findings: FindingList) cancel name : DataFrame option =
        findings.Try(
            name,
            fun () ->
                let frame = DataFrame.read store name

                if frame.Rows < 0L then
                    findings.Error $"{name}/{frame.IndexName}" "it is no index of one name per row"

                columns store findings cancel frame

                if frame.Rows >= 0L then
                    findings.Check($"{name}/{frame.IndexName}", fun () -> repeated store findings cancel frame)

                frame
        )

    /// The rows of a frame that lies beside obs or var must have the same names in the same order.
    let requireNames (store: Hdf5File) (findings: FindingList) (cancel: CancellationToken) path (other: DataFrame) =
        findings.Check(
            path,
            fun () ->
                let frame = DataFrame.read store path

                if frame.Rows = other.Rows then
                    let differing =
                        Seq.zip (DataFrame.names store frame 0L frame.Rows) (DataFrame.names store other 0L other.Rows)
                        |> Seq.indexed
                        |> Seq.tryFind (fun (row, (name, expected)) ->
                            if row % 65536 = 0 then
                                cancel.ThrowIfCancellationRequested()

                            name <> expected)

                    match differing with
                    | Some(row, (name, expected)) ->
                        findings.Error
                            path
                            $"its row {row} is called {name}, where {other.Path} has {expected}; anndata refuses rows that differ from those of {other.Path}"
                    | None -> ()
        )
