/// What the laws of the HDF5 chapter are tried on.
module internal SingleSharp.Properties.GenHdf5

open System
open FsCheck.FSharp
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Writing

/// Any pipeline of filters, and a chunk to send through it.
/// Bytes as chunks have them: none, noise, runs, text, numbers of one to eight bytes that ascend or come from a few, in parts one after another,
/// shuffled or cut off within a number.
type AnyBytes = AnyBytes of byte[]

type AnyPipeline = AnyPipeline of filters: Filter list * chunk: byte[]

/// A dataset of one to three dimensions: chunks that fit it or not, filters or none.
type AnyDataset =
    {
        Dims: int list
        /// None where it is not chunked.
        Chunk: int list option
        Deflate: int option
        Shuffled: bool
        Checked: bool
        Compact: bool
        /// Do values need eight bytes, four or one?
        Width: int
        Seed: int
    }

/// A text that a file can hold: empty, long, in any script.
type AnyText = AnyText of string

type Edit =
    | PutNumbers of group: string * name: string * int[]
    | PutTexts of group: string * name: string * string list

/// Groups with their datasets and attributes, and edits of them; the group "" is the root.
type AnyEdits = AnyEdits of groups: (string * (string * int[]) list * (string * string list) list) list * edits: Edit list

/// Room for new objects: the end of a file, and holes before it that are multiples of eight.
type AnyHoles = AnyHoles of endOfFile: int64 * holes: struct (int64 * int64) list

/// Storage of a new file, with chunks that divide nothing.
type AnyStorage = AnyStorage of Storage

/// Types of values, column indices and row offsets.
type AnyTypes = AnyTypes of values: DType * indices: DType * pointers: DType

let private filter id parameters =
    { Id = id
      Optional = false
      Parameters = List.toArray parameters }

let private anyFilter =
    Gen.oneof
        [ Gen.choose (0, 9) |> Gen.map (fun level -> filter Dataset.Deflate [ uint32 level ])
          Gen.elements [ 1; 2; 3; 4; 8; 13; 16; 4096; 5000 ] |> Gen.map (fun size -> filter Dataset.Shuffle [ uint32 size ])
          Gen.constant (filter Dataset.Fletcher32 [])
          Gen.constant (filter Dataset.Lzf [ 4u; 0x105u ])
          Gen.elements [ []; [ 0u ]; [ 1u ]; [ 3u ]; [ 19u ]; [ 0xffffffffu ] ] |> Gen.map (filter Dataset.Zstd) ]

/// Noise, runs and both, from one byte to some blocks of deflate.
let private anyChunk =
    gen {
        let! length =
            Gen.frequency [ 1, Gen.choose (1, 8); 6, Gen.choose (9, 3000); 1, Gen.choose (60000, 90000) ]

        let! noise = Gen.elements [ 1; 4; 255 ]
        let! seed = Gen.choose (0, Int32.MaxValue - 1)
        let random = Random seed
        return Array.init length (fun _ -> byte (random.Next(0, noise + 1)))
    }

let private anyPipeline =
    gen {
        let! count = Gen.choose (0, 4)
        let! filters = Gen.listOfLength count anyFilter
        let! chunk = anyChunk
        return AnyPipeline(filters, chunk)
    }

let private anyPart =
    gen {
        let! count =
            Gen.frequency
                [ 1, Gen.choose (0, 20)
                  6, Gen.choose (21, 2000)
                  1, Gen.choose (20000, 40000) ]

        let! kind = Gen.choose (0, 7)
        let! few = Gen.choose (2, 40)
        let! seed = Gen.choose (0, Int32.MaxValue - 1)
        let random = Random seed
        let floats = Array.init few (fun _ -> random.NextSingle())
        // The first one comes most often.
        let one () =
            floats[min (random.Next few) (random.Next few)]

        let mutable index = 0

        let next most =
            index <- index + random.Next(1, most)
            index

        return
            match kind with
            | 0 -> Array.init count (fun _ -> byte (random.Next 256))
            | 1 -> Array.create count (byte (random.Next 256))
            | 2 -> Array.init count (fun i -> "GENE0123456789-"B[(i * few + random.Next 2) % 15])
            | 3 -> Array.init count (fun _ -> BitConverter.GetBytes(next 100)) |> Array.concat
            | 4 -> Array.init count (fun _ -> BitConverter.GetBytes(int64 (next 100000))) |> Array.concat
            | 5 -> Array.init count (fun _ -> BitConverter.GetBytes(one ())) |> Array.concat
            | 6 -> Array.init count (fun _ -> BitConverter.GetBytes(float (one ()))) |> Array.concat
            | _ -> Array.init count (fun _ -> BitConverter.GetBytes(uint16 (next 30))) |> Array.concat
    }

let private anyBytes =
    gen {
        let! count =
            Gen.frequency [ 1, Gen.constant 0; 6, Gen.constant 1; 2, Gen.choose (2, 5) ]

        let! parts = Gen.listOfLength count anyPart
        let bytes = Array.concat parts
        let! cut = Gen.frequency [ 3, Gen.constant 0; 1, Gen.choose (1, 7) ]
        let! size = Gen.elements [ 1; 1; 1; 4; 8 ]
        let shuffled = Array.zeroCreate bytes.Length
        Shuffling.shuffle size (ReadOnlySpan bytes) (Span shuffled)
        return AnyBytes(Array.truncate (max 0 (bytes.Length - cut)) shuffled)
    }

let private anyDataset =
    gen {
        let! rank = Gen.frequency [ 3, Gen.constant 1; 3, Gen.constant 2; 1, Gen.constant 3 ]

        let! dims =
            Gen.listOfLength rank (Gen.frequency [ 1, Gen.constant 1; 6, Gen.choose (2, 23) ])

        let! extents =
            dims |> List.map (fun dim -> Gen.choose (1, dim)) |> Gen.sequenceToList

        let! chunk = Gen.frequency [ 1, Gen.constant None; 4, Gen.constant (Some extents) ]
        let! level = Gen.elements [ None; None; Some 0; Some 1; Some 6; Some 9 ]
        let! shuffled = Gen.elements [ false; true ]
        let! isChecked = Gen.frequency [ 3, Gen.constant false; 1, Gen.constant true ]
        let! compact = Gen.elements [ false; true ]
        let! width = Gen.elements [ 1; 4; 8 ]
        let! seed = Gen.choose (0, 100000)

        return
            { Dims = dims
              Chunk = chunk
              Deflate = level
              Shuffled = shuffled
              Checked = isChecked
              Compact = compact
              Width = width
              Seed = seed }
    }

let private anyText =
    gen {
        let! piece = Gen.elements [ "a"; "Größe"; "日本語"; "𝛼β"; "line\n\"quoted\""; " " ]

        let! times =
            Gen.frequency
                [ 2, Gen.constant 0
                  10, Gen.choose (1, 5)
                  1, Gen.choose (600, 900)
                  1, Gen.choose (4060, 4100) ]

        return String.replicate times piece
    }

/// Texts as attributes hold them; short ones by weight, so that many share a heap.
let private texts =
    gen {
        let! count =
            Gen.frequency [ 1, Gen.constant 0; 5, Gen.choose (1, 4); 1, Gen.choose (100, 300) ]

        return! Gen.listOfLength count (if count > 4 then Gen.elements [ "x"; ""; "gene 1" ] else anyText)
    }

let private someNumbers =
    gen {
        let! count =
            Gen.frequency
                [ 1, Gen.constant 0
                  1, Gen.constant 1
                  6, Gen.choose (2, 60)
                  1, Gen.choose (1000, 3000) ]

        return! Gen.arrayOfLength count (Gen.elements [ 0; 1; -1; Int32.MaxValue; Int32.MinValue; 7 ])
    }

let private pairs names value =
    gen {
        let! chosen = Gen.subListOf names
        let! values = Gen.listOfLength (List.length chosen) value
        return List.zip (List.ofSeq chosen) values
    }

/// Some names are taken, some are new; a new group may get members in the same go.
let private anyEdits =
    gen {
        let! groups = Gen.subListOf [ "obs"; "var"; "uns ä" ]

        let! contents =
            groups
            |> Seq.map (fun name ->
                gen {
                    let! datasets = pairs [ "a"; "b"; "c" ] someNumbers
                    let! attributes = pairs [ "kind"; "order"; "Größe" ] texts
                    return name, datasets, attributes
                })
            |> Gen.sequenceToList

        let anyGroup = Gen.elements [ ""; "obs"; "var"; "uns ä"; "new" ]

        let numbers =
            Gen.map3 (fun group name values -> PutNumbers(group, name, values)) anyGroup (Gen.elements [ "a"; "c"; "d"; "e é" ]) someNumbers

        let noted =
            Gen.map3 (fun group name texts -> PutTexts(group, name, texts)) anyGroup (Gen.elements [ "kind"; "order"; "note" ]) texts

        let! edits = Gen.listOf (Gen.oneof [ numbers; noted ])
        return AnyEdits(contents, edits)
    }

let private anyHoles =
    gen {
        let! gaps = Gen.listOf (Gen.choose (0, 400))
        let! sizes = Gen.listOfLength gaps.Length (Gen.choose (1, 400))

        let holes, last =
            List.zip gaps sizes
            |> List.mapFold
                (fun at (gap, size) ->
                    let start = at + 8L * int64 gap
                    struct (start, 8L * int64 size), start + 8L * int64 size)
                48L

        let! tail = Gen.choose (0, 15)
        return AnyHoles(last + int64 tail, holes)
    }

let private anyStorage =
    Gen.oneof
        [ Gen.constant Unchunked
          Gen.choose (1, 70) |> Gen.map InChunks
          Gen.choose (1, 70) |> Gen.map Gzipped ]

/// The types of integers.
let integerTypes =
    [ DType.Int8
      DType.UInt8
      DType.Int16
      DType.UInt16
      DType.Int32
      DType.UInt32
      DType.Int64
      DType.UInt64 ]

let private anyTypes =
    Gen.map3
        (fun values indices pointers -> AnyTypes(values, indices, pointers))
        (Gen.elements (DType.Float32 :: DType.Float64 :: integerTypes))
        (Gen.elements integerTypes)
        (Gen.elements integerTypes)

type Arbitraries =
    static member AnyBytes() = Arb.fromGen anyBytes
    static member AnyPipeline() = Arb.fromGen anyPipeline
    static member AnyDataset() = Arb.fromGen anyDataset
    static member AnyText() = Arb.fromGen (Gen.map AnyText anyText)
    static member AnyEdits() = Arb.fromGen anyEdits
    static member AnyHoles() = Arb.fromGen anyHoles

    static member AnyStorage() =
        Arb.fromGen (Gen.map AnyStorage anyStorage)

    static member AnyTypes() = Arb.fromGen anyTypes
