/// Where every chunk of a dataset lies, read once.
namespace SingleSharp.Core.Hdf5

open System
open System.Collections.Generic
open SingleSharp.Core.Folds
open SingleSharp.Core.Files

/// The chunks of a dataset in row-major order of their position: about 24 bytes of memory for each.
type internal Chunks =
    {
        /// Elements per chunk along each dimension.
        Shape: int64[]
        /// Chunks along each dimension.
        Counts: int64[]
        /// Bytes of a whole chunk as it is used.
        Bytes: int
        Entries: ChunkEntry[]
    }

[<RequireQualifiedAccess>]
module internal Chunks =
    /// Larger chunks could not be decoded in memory that anybody would allow.
    let private mostBytes = 1L <<< 29

    /// gzip shrinks nothing more than this, and LZF less; smaller chunks harm nobody.
    let private mostExpansion = 1100L

    let private expandsLittle (filters: Filter list) =
        filters
        |> List.forall (fun filter -> List.contains filter.Id [ Dataset.Deflate; Dataset.Shuffle; Dataset.Fletcher32; 32000 ])

    let private mostUnquestioned = 1L <<< 24

    /// Bytes of memory that an entry takes while the index is read; arrays are read as they are stored first, with the slot of each chunk.
    let private entryBytes index =
        match index with
        | FixedArray
        | ExtensibleArray -> 64L
        | _ -> 24L

    let private counts (dims: int64[]) (shape: int64[]) =
        Array.map2 (fun dim extent -> (dim + extent - 1L) / extent) dims shape

    /// Bytes of memory that the places of a dataset's chunks take.
    let memory (dataset: Dataset) =
        match dataset.Layout with
        | Chunked(shape, index, _, _) -> Memory.ofBox (counts dataset.Dims shape) (entryBytes index)
        | _ -> 0L

    /// The place of a chunk in row-major order, given the position of its first element.
    let private place (disk: RandomAccessFile) where (counts: int64[]) (shape: int64[]) (offsets: int64[]) =
        let mutable index = 0L
        let mutable inside = true

        for d in 0 .. shape.Length - 1 do
            let at = offsets[d] / shape[d]

            if offsets[d] < 0L || offsets[d] % shape[d] <> 0L then
                disk.Damaged where "a chunk does not begin on the grid of chunks"

            inside <- inside && at < counts[d]
            index <- index * counts[d] + at

        // Chunks beyond the extent are left over from a dataset that was shrunk.
        if inside then ValueSome(int index) else ValueNone

    // Version-1 B-tree of chunks: HDF5 File Format Specification 3.0, section III.A.1.
    let private fromTree1 (disk: RandomAccessFile) where address rank (set: int64[] -> ChunkEntry -> unit) =
        let visited = HashSet<int64>()

        let rec visit address level =
            if not (visited.Add address) then
                disk.Damaged where "its chunk index goes in circles"

            let head = Cursor(disk, where, disk.Read(address, 24L), 0)
            head.Expect "TREE"

            if head.U8() <> 1 then
                disk.Damaged where "its chunk index is of another kind"

            let depth = head.U8()

            if level >= 0 && depth <> level then
                disk.Damaged where "the levels of its chunk index do not fit"

            let used = head.U16()

            let body =
                Cursor(disk, where, disk.Read(address + 24L, int64 used * int64 (8 + 8 * (rank + 1) + 8)), 0)

            for _ in 1..used do
                let size = int64 (body.U32())
                let mask = body.U32()
                let offsets = Array.init rank (fun _ -> body.I64())
                body.Skip 8
                let child = body.I64()

                if depth > 0 then
                    visit child (depth - 1)
                else
                    set
                        offsets
                        { Address = child
                          Size = size
                          Mask = mask }

        if address <> Bytes.undefined then
            visit address -1

    /// Positions in these records are counted in chunks.
    let private bounded (disk: RandomAccessFile) where position extent =
        if position < 0L || position > (1L <<< 62) / extent then
            disk.Damaged where "a chunk lies beyond every dimension"

        position * extent

    // Records of type 10 (bare) and 11 (filtered): section III.A.2.
    let private fromTree2 (disk: RandomAccessFile) where address filtered (shape: int64[]) (set: int64[] -> ChunkEntry -> unit) =
        if address <> Bytes.undefined then
            for record in BTree2.records disk address do
                let cursor = Cursor(disk, where, record, 0)
                let address = cursor.I64()
                let width = record.Length - 12 - 8 * shape.Length

                let size, mask =
                    if filtered then
                        let size = cursor.Number width
                        size, cursor.U32()
                    else
                        -1L, 0u

                let offsets =
                    shape |> Array.map (fun extent -> bounded disk where (cursor.I64()) extent)

                set
                    offsets
                    { Address = address
                      Size = size
                      Mask = mask }

    /// Where array-shaped indexes keep each chunk: they number chunks over the largest extents that the dataset may grow to,
    /// an extensible array with the dimension that has no limit in front.
    let private arraySlots (disk: RandomAccessFile) (dataset: Dataset) (counts: int64[]) (shape: int64[]) index (count: int64) =
        let most =
            match dataset.Space with
            | Simple(_, most) -> Array.ofList most
            | Null -> [||]

        let rooms =
            Array.map2 (fun most extent -> if most < 0L then -1L else (most + extent - 1L) / extent) most shape

        let order =
            match index with
            | ExtensibleArray -> Array.sortBy (fun d -> if rooms[d] < 0L then -1 else d) [| 0 .. shape.Length - 1 |]
            | _ -> [| 0 .. shape.Length - 1 |]

        let length = disk.Length

        let slot i =
            let at = Array.zeroCreate<int64> shape.Length
            let mutable rest = i

            for d in shape.Length - 1 .. -1 .. 0 do
                at[d] <- rest % counts[d]
                rest <- rest / counts[d]

            order |> Array.fold (fun slot d -> if slot > length then slot else slot * max 1L rooms[d] + at[d]) 0L

        let slots = Array.init (int count) (fun i -> slot (int64 i))

        if slots |> Array.exists (fun slot -> slot < 0L || slot > length) then
            disk.Damaged dataset.Path "its chunk index would be larger than the file"

        slots

    /// Refuses chunks that are too large, or too many, to be there.
    let requireSensible (disk: RandomAccessFile) (dataset: Dataset) =
        match dataset.Layout with
        | Chunked(shape, _, _, _) ->
            if Memory.ofBox shape (int64 dataset.ElementSize) > mostBytes then
                disk.Unsupported dataset.Path "one of its chunks has more than 512 MiB"

            let count = Memory.ofBox (counts dataset.Dims shape) 1L

            // Every chunk takes a byte at least, so more chunks than bytes is nonsense.
            if count > disk.Length then
                disk.Damaged dataset.Path "it should have more chunks than the file has bytes"

            if count > int64 Array.MaxLength then
                disk.Unsupported dataset.Path "it has more chunks than fit into memory"
        | _ -> ()

    let load (disk: RandomAccessFile) (dataset: Dataset) =
        match dataset.Layout with
        | Chunked(shape, index, address, edgesUnfiltered) ->
            let where = dataset.Path
            let counts = counts dataset.Dims shape
            requireSensible disk dataset
            let bytes = Array.fold (*) (int64 dataset.ElementSize) shape
            let count = Array.fold (*) 1L counts
            disk.Require(count * entryBytes index)
            let filtered = not dataset.Filters.IsEmpty

            let whole =
                { Address = Bytes.undefined
                  Size = bytes
                  Mask = 0u }

            let entries = Array.create (int count) whole

            let set offsets entry =
                match place disk where counts shape offsets with
                | ValueSome i -> entries[i] <- entry
                | ValueNone -> ()

            let fromArray read =
                let slots = arraySlots disk dataset counts shape index count

                let stored: ChunkEntry[] =
                    read (if slots.Length = 0 then 0 else int (Array.max slots) + 1)

                slots |> Array.iteri (fun i slot -> entries[i] <- stored[int slot])

            match index with
            | TreeVersion1 -> fromTree1 disk where address shape.Length set
            | TreeVersion2 -> fromTree2 disk where address filtered shape set
            | SingleChunk(size, mask) when count > 0L ->
                entries[0] <-
                    { Address = address
                      Size = ValueOption.defaultValue bytes size
                      Mask = mask }
            | SingleChunk _ -> ()
            | _ when address = Bytes.undefined -> ()
            | Implicit ->
                arraySlots disk dataset counts shape index count
                |> Array.iteri (fun i slot ->
                    entries[i] <-
                        { whole with
                            Address = address + slot * bytes })
            | FixedArray -> fromArray (ArrayIndex.fixedArray disk filtered address)
            | ExtensibleArray -> fromArray (ArrayIndex.extensibleArray disk filtered address)

            // Where chunks at the edge are left unfiltered, every filter is skipped for them.
            let isEdge i =
                let mutable rest = int64 i
                let mutable edge = false

                for d in shape.Length - 1 .. -1 .. 0 do
                    let at = rest % counts[d]
                    rest <- rest / counts[d]
                    edge <- edge || (at + 1L) * shape[d] > dataset.Dims[d]

                edge

            // Asking for it is a system call, and there may be a million chunks.
            let length = disk.Length

            for i in 0 .. entries.Length - 1 do
                let entry = entries[i]
                let size = if entry.Size < 0L then bytes else entry.Size
                let mask = if edgesUnfiltered && isEdge i then 0xffffffffu else entry.Mask

                if
                    entry.Address <> Bytes.undefined
                    && bytes > mostUnquestioned
                    && bytes / mostExpansion > size
                    && expandsLittle dataset.Filters
                then
                    disk.Damaged where $"chunk {i} should have {bytes} bytes, but only {size} are stored, which cannot hold as many"

                if entry.Address <> Bytes.undefined && (size < 1L || entry.Address < 0L || entry.Address > length - size) then
                    disk.Damaged where $"chunk {i} should lie at byte {entry.Address}, outside the file (is it cut off?)"

                entries[i] <- { entry with Size = size; Mask = mask }

            let unwritten =
                entries |> Array.sumBy (fun entry -> if entry.Address = Bytes.undefined then 1L else 0L)

            if float unwritten * float bytes > float (Dataset.mostUnwritten disk) then
                disk.Damaged where $"of {count} chunks {unwritten} were never written, {bytes} bytes each"

            { Shape = shape
              Counts = counts
              Bytes = int bytes
              Entries = entries }
        | _ -> invalidOp "only chunked datasets have chunks"
