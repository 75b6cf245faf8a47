/// Inputs that are made up here, whole ones and broken ones.
module internal SingleSharp.Golden.Made

open System.Collections.Generic
open PureHDF
open SingleSharp.Core.Writing

/// Counts of so many cells and genes, the same on every call: three genes in ten are seen in a cell.
let counts cells genes : Counts =
    let indptr = List<int> [ 0 ]
    let indices = List<int>()
    let data = List<float32>()

    for cell in 0 .. cells - 1 do
        for gene in 0 .. genes - 1 do
            let mixed = (cell * 7919 + gene * 104729 + cell * gene) % 10

            if mixed < 3 then
                indices.Add gene
                data.Add(float32 (1 + (cell + gene * 3) % 17))

        indptr.Add indices.Count

    { CellNames = Array.init cells (fun cell -> $"cell_{cell}")
      GeneNames = Array.init genes (fun gene -> if gene % 10 = 9 then $"MT-{gene}" else $"gene_{gene}")
      Indptr = indptr.ToArray()
      Indices = indices.ToArray()
      Data = data.ToArray() }

/// Counts of so many cells and genes, the same on every call: genes differ in how often they are seen and by how much they vary,
/// and cells are of three kinds, so that every step has a result.
let tissue cells genes : Counts =
    let indptr = List<int> [ 0 ]
    let indices = List<int>()
    let data = List<float32>()

    for cell in 0 .. cells - 1 do
        for gene in 0 .. genes - 1 do
            let mixed = (uint64 (cell * genes + gene) + 1UL) * 0x9E3779B97F4A7C15UL
            let random = int ((mixed ^^^ (mixed >>> 29)) * 0xBF58476D1CE4E5B9UL >>> 33)
            let isMarked = gene % 4 = 0 && cell % 3 = gene % 3

            if random % 100 < 3 + gene * 7 % 60 + (if isMarked then 20 else 0) then
                indices.Add gene
                data.Add(float32 (1 + random / 100 % (1 + gene * 5 % 23)))

        indptr.Add indices.Count

    { CellNames = Array.init cells (fun cell -> $"cell_{cell}")
      GeneNames = Array.init genes (fun gene -> if gene % 10 = 9 then $"MT-{gene}" else $"gene_{gene}")
      Indptr = indptr.ToArray()
      Indices = indices.ToArray()
      Data = data.ToArray() }

/// The cell and gene of a stored value.
let whereIs position (counts: Counts) =
    let cell = counts.Indptr |> Array.findIndexBack (fun start -> start <= position)
    counts.CellNames[cell], counts.GeneNames[counts.Indices[position]]

let withValues changes (counts: Counts) =
    let data = Array.copy counts.Data

    for position, value in changes do
        data[position] <- value

    { counts with Data = data }

let private replaced at value (array: int[]) =
    array |> Array.mapi (fun i old -> if i = at then value else old)

let withOffset at value (counts: Counts) =
    { counts with
        Indptr = replaced at value counts.Indptr }

let withIndex at value (counts: Counts) =
    { counts with
        Indices = replaced at value counts.Indices }

let private encoded kind (target: H5Object) =
    target.Attributes["encoding-type"] <- kind
    target.Attributes["encoding-version"] <- "0.1.0"

let private frame (rows: int) =
    let frame = H5Group()
    encoded "dataframe" frame
    frame.Attributes["_index"] <- "_index"
    frame.Attributes["column-order"] <- Array.empty<float>
    frame["_index"] <- Array.init rows string
    frame

/// A file with obs and var, of two cells and three genes, and with this as X.
let writeWithX (x: obj option) (path: string) =
    let root = H5File()
    encoded "anndata" root
    root["obs"] <- frame 2
    root["var"] <- frame 3
    x |> Option.iter (fun x -> root["X"] <- x)
    root.Write path

/// X as a sparse group with these members and this encoding.
let sparse kind (shape: int64 list option) (members: (string * obj) list) =
    let group = H5Group()
    encoded kind group
    shape |> Option.iter (fun shape -> group.Attributes["shape"] <- Array.ofList shape)
    members |> List.iter (fun (name, value) -> group[name] <- value)
    group
