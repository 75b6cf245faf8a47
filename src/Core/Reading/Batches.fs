/// Which batch each cell belongs to: a column of obs as highly_variable_genes takes it (scanpy-semantics, section 5.2).
namespace SingleSharp.Core.Reading

open System
open System.Collections
open System.Collections.Generic
open System.Globalization
open System.Runtime.InteropServices
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

/// The batches that a column of obs makes of the cells. A column without categories is kept as codes in a scratch file, so that
/// memory holds the names only.
[<Sealed>]
type internal Batches(names: string[], openCodes: unit -> int64 -> int -> int[] -> unit, scratch: ScratchFile voption) =
    /// Categories in their own order, used or not; otherwise the different values, ascending. (Of strings without categories
    /// scanpy would make some in natural order, b2 before b10; here they are in ordinal order.)
    member _.Names = names

    /// Opens one more reader of codes, for one thread: from a first cell on, for N cells, it fills in the place of the
    /// cell's batch among the names, −1 where it has none.
    member _.Open() = openCodes ()

    interface IDisposable with
        member _.Dispose() =
            scratch |> ValueOption.iter (fun scratch -> (scratch :> IDisposable).Dispose())

/// What wants to know the batches: the option that names their column, what the values of such a column are called, and how many there
/// may be.
type internal BatchUse =
    { Option: string
      Called: string
      Most: int }

/// How many batches there are, and how many meet at most, cells without any counting as one more: in a block, in a segment, in all.
type internal BatchSpread =
    { Batches: int
      InBlock: int
      InSegment: int
      InAll: int }

[<RequireQualifiedAccess>]
module internal Batches =
    /// One batch of all cells.
    let alone =
        { Batches = 1
          InBlock = 1
          InSegment = 1
          InAll = 1 }

    /// How the batches are spread over N cells; their codes are read once.
    let spread (cells: int64) (batches: Batches) =
        let read = batches.Open()
        let codes: int[] = Array.zeroCreate Blocks.rowsPerBlock
        let places = batches.Names.Length + 1
        let block, segment, all = BitArray places, BitArray places, BitArray places
        let mutable inBlock = 0
        let mutable inSegment = 0
        let mutable here = 0
        let mutable sofar = 0
        let mutable inAll = 0

        for number in 0L .. Blocks.count cells - 1L do
            let struct (first, count) = Blocks.extent cells number
            read first count codes
            block.SetAll false
            here <- 0

            if number % int64 Blocks.blocksPerSegment = 0L then
                segment.SetAll false
                sofar <- 0

            for i in 0 .. count - 1 do
                let place = codes[i] + 1

                if not block[place] then
                    block[place] <- true
                    here <- here + 1

                    if not segment[place] then
                        segment[place] <- true
                        sofar <- sofar + 1

                        if not all[place] then
                            all[place] <- true
                            inAll <- inAll + 1

            inBlock <- max inBlock here
            inSegment <- max inSegment sofar

        { Batches = batches.Names.Length
          InBlock = inBlock
          InSegment = inSegment
          InAll = inAll }

    /// More different values than this are names of cells rather than of batches.
    let mostBatches = 10_000

    /// Rows that are scanned at a time.
    let private batch = 16384

    /// Batches in which genes are judged.
    let ofGenes =
        { Option = "batch_key"
          Called = "batches"
          Most = mostBatches }

    let private refuse (wanted: BatchUse) why : 'a =
        Fault.throw (InvalidOption(wanted.Option, why))

    let private refuseMany wanted column : 'a =
        refuse wanted $"the column {column} of obs has more than {wanted.Most} different values, so it does not name {wanted.Called}"

    /// A dataset of integers; booleans are those that they are stored as.
    let private asWhole (dataset: Dataset) =
        match dataset.Type, Datatype.tryTruth dataset.Type with
        | _, Some(whole, _) -> Some { dataset with Type = whole }
        | Integer _, _ when (DType.ofDatatype dataset.Type).IsSome -> Some dataset
        | _ -> None

    /// What those numbers say, of a mask or of booleans; none for what is missing.
    let private truthOf (dataset: Dataset) =
        match Datatype.tryTruth dataset.Type with
        | Some(_, truth) -> truth
        | None -> fun number -> Some(number <> 0L)

    let private requireRows (store: Hdf5File) rows (dataset: Dataset) =
        if dataset.Dims <> [| rows |] then
            store.Disk.Damaged dataset.Path "it has another length than its index"

    /// The integers of a dataset, some rows at a time.
    let private wholes (store: Hdf5File) (dataset: Dataset) rows =
        seq {
            let reader = NumberReader(store.Disk, dataset, Reader.chunks store.Disk dataset)
            let numbers: int64[] = Array.zeroCreate batch

            for start in 0L .. int64 batch .. rows - 1L do
                let now = int (min (int64 batch) (rows - start))
                reader.Whole(start, now, numbers)

                for i in 0 .. now - 1 do
                    numbers[i]
        }

    /// The names of categories of any type.
    let private categories (store: Hdf5File) (wanted: BatchUse) column (dataset: Dataset) =
        if dataset.Count > int64 wanted.Most then
            refuseMany wanted column

        match dataset.Type, asWhole dataset with
        | Enumeration _, Some flags ->
            wholes store flags dataset.Count
            |> Seq.map (truthOf dataset >> Option.map string >> Option.defaultValue "NA")
            |> Array.ofSeq
        | Float _, _ when (DType.ofDatatype dataset.Type).IsSome ->
            let numbers: float[] = Array.zeroCreate (int dataset.Count)
            NumberReader(store.Disk, dataset, Reader.chunks store.Disk dataset).Values(0L, numbers.Length, numbers)
            numbers |> Array.map (fun number -> number.ToString("R", CultureInfo.InvariantCulture))
        | _ -> DataFrame.texts store dataset 0L dataset.Count |> Array.ofSeq

    /// Codes that lie in the file beside their categories.
    let private ofCodes (store: Hdf5File) rows (codes: Dataset) (names: string[]) =
        requireRows store rows codes

        match asWhole codes with
        | None -> store.Disk.Damaged codes.Path $"its codes are {Datatype.name codes.Type} instead of integers"
        | Some codes ->
            let chunks = Reader.chunks store.Disk codes

            let openCodes () =
                let reader = NumberReader(store.Disk, codes, chunks)
                let wide: int64[] = Array.zeroCreate batch

                fun first count (target: int[]) ->
                    for start in 0..batch .. count - 1 do
                        let now = min batch (count - start)
                        reader.Whole(first + int64 start, now, wide)

                        for i in 0 .. now - 1 do
                            if wide[i] >= names.LongLength then
                                store.Disk.Damaged codes.Path "a code lies beyond its categories"

                            target[start + i] <- if wide[i] < 0L then -1 else int wide[i]

            // What cannot be read is refused now, not in the middle of a pass.
            openCodes () |> ignore
            new Batches(names, openCodes, ValueNone)

    /// Writes a code for each key, in order of first appearance, and gives the keys in that order. None is −1.
    let private spill (disk: RandomAccessFile) (wanted: BatchUse) column (keys: seq<'key voption>) =
        let known = Dictionary<'key, int>()
        let codes: int[] = Array.zeroCreate batch
        let mutable filled = 0
        let mutable written = 0L

        let codeOf key =
            match known.TryGetValue key with
            | true, code -> code
            | _ ->
                if known.Count = wanted.Most then
                    refuseMany wanted column

                known.Add(key, known.Count)
                known.Count - 1

        let write count at =
            disk.Write(4L * at, Span.op_Implicit (MemoryMarshal.AsBytes(Span(codes, 0, count))))

        for key in keys do
            codes[filled] <- key |> ValueOption.map codeOf |> ValueOption.defaultValue -1
            filled <- filled + 1

            if filled = batch then
                write filled written
                written <- written + int64 filled
                filled <- 0

        write filled written
        Array.ofSeq known.Keys

    /// Codes that have been spilled, with the keys in ascending order.
    let private ofSpilled (scratch: ScratchFile) (keys: 'key[]) =
        let order = [| 0 .. keys.Length - 1 |] |> Array.sortBy (fun code -> keys[code])
        let places: int[] = Array.zeroCreate keys.Length
        order |> Array.iteri (fun place code -> places[code] <- place)

        let openCodes () =
            fun (first: int64) count (target: int[]) ->
                scratch.Disk.ReadInto(4L * first, MemoryMarshal.AsBytes(Span(target, 0, count)))

                for i in 0 .. count - 1 do
                    if target[i] >= 0 then
                        target[i] <- places[target[i]]

        new Batches(order |> Array.map (fun code -> string keys[code]), openCodes, ValueSome scratch)

    /// Goes through a column without categories once.
    let private scan (store: Hdf5File) wanted rows column (values: Dataset) (mask: Dataset option) folder =
        requireRows store rows values

        let masked (keys: seq<'key voption>) =
            match mask |> Option.map (fun mask -> mask, asWhole mask) with
            | None -> keys
            | Some(mask, Some flags) ->
                requireRows store rows mask

                Seq.map2 (fun missing key -> if truthOf mask missing = Some false then key else ValueNone) (wholes store flags rows) keys
            | Some(mask, None) -> store.Disk.Damaged mask.Path $"it holds {Datatype.name mask.Type} values where True and False are needed"

        let spilled (keys: seq<'key voption>) =
            let scratch = new ScratchFile(folder)

            try
                masked keys |> spill scratch.Disk wanted column |> ofSpilled scratch
            with _ ->
                (scratch :> IDisposable).Dispose()
                reraise ()

        match values.Type, asWhole values with
        | (VlenString | FixedString _), _ -> DataFrame.texts store values 0L rows |> Seq.map ValueSome |> spilled
        | Enumeration _, Some flags -> wholes store flags rows |> Seq.map (truthOf values >> Option.toValueOption) |> spilled
        | Integer(_, true, _), Some whole -> wholes store whole rows |> Seq.map ValueSome |> spilled
        | Integer _, Some whole -> wholes store whole rows |> Seq.map (uint64 >> ValueSome) |> spilled
        | other, _ ->
            refuse
                wanted
                $"the column {column} of obs holds {Datatype.name other} values, which do not name {wanted.Called}; make it categorical with anndata and write the file again"

    /// What a column of obs makes of the cells; a column that is not there or has no such values is an InvalidOption. The folder is for
    /// the scratch file of a column without categories, which goes when the batches are disposed of.
    let readFor wanted (file: AnnDataFile) column folder =
        let store = file.Store
        let obs = file.Obs

        let found =
            if List.contains column obs.Columns then
                Hdf5Element.tryColumn store obs.Path obs.Group column
            else
                None

        match found with
        | None -> refuse wanted $"obs has no column {column}"
        | Some(Element.Categorical element) ->
            categories store wanted column element.Categories.Values |> ofCodes store obs.Rows element.Codes
        | Some(Element.Nullable element) -> scan store wanted obs.Rows column element.Values element.Mask folder
        | Some(Element.AnyArray values) -> scan store wanted obs.Rows column values None folder
        | Some other -> refuse wanted $"the column {column} of obs is neither categorical nor an array: {Element.told other}"

    /// The batches in which genes are judged.
    let read file column folder = readFor ofGenes file column folder
