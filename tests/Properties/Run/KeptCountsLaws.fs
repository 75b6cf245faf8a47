/// layers/counts of a run is X of its input, whatever that is and however it is stored; and however it is stored then, it means the same.
module internal SingleSharp.Properties.KeptCountsLaws

open System
open System.IO
open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.AnnDataFiles
open SingleSharp.Answers

/// The rows of the transposed matrix.
let private transposed (rows: Rows) =
    { Genes = rows.Rows.Length
      Rows =
        [ for gene in 0 .. rows.Genes - 1 ->
              [ for cell, row in List.indexed rows.Rows do
                    for other, value in row do
                        if other = gene then
                            cell, value ] ] }

let private types =
    [ DType.Float32
      DType.Float64
      DType.Int32
      DType.UInt16
      DType.Int64
      DType.UInt8 ]

/// X of one of the three forms, of some type, stored in some way.
let private matrixOf (random: Random) (rows: Rows) : obj =
    let pick (choices: 'a list) = choices[random.Next choices.Length]

    let storage () =
        pick [ Unchunked; InChunks(1 + random.Next 9); Gzipped(1 + random.Next 30) ]

    let numeric = pick types
    let cells = rows.Rows.Length

    let sparse kind (rows: Rows) =
        let values, indices, pointers = csr rows.Rows

        let x =
            group
                kind
                [ "data", line (storage ()) (asArray numeric values)
                  "indices", line (storage ()) (asArray (pick [ DType.Int32; DType.Int64 ]) indices)
                  "indptr", line (storage ()) (asArray (pick [ DType.Int32; DType.Int64 ]) pointers) ]

        x.Attributes["shape"] <-
            [| int64 cells
               int64 (if kind = "csr_matrix" then rows.Genes else rows.Rows.Length) |]

        x

    match random.Next 3 with
    | 0 -> sparse "csr_matrix" rows
    | 1 -> sparse "csc_matrix" (transposed rows)
    | _ ->
        let values = Array.zeroCreate (cells * rows.Genes)

        rows.Rows
        |> List.iteri (fun cell row ->
            for gene, value in row do
                values[cell * rows.Genes + gene] <- float value)

        let dims = [| uint64 cells; uint64 rows.Genes |]

        if random.Next 2 = 0 || values.Length = 0 then
            H5Dataset(asArray numeric values, fileDims = dims)
        else
            let chunks =
                [| uint32 (1 + random.Next cells); uint32 (1 + random.Next rows.Genes) |]

            H5Dataset(asArray numeric values, fileDims = dims, chunks = chunks)

let private write path seed (rows: Rows) others =
    let x = matrixOf (Random(seed: int)) rows
    (file (usual Unchunked) rows.Genes (csr rows.Rows) (("X", x) :: others)).Write(path: string)

/// The hashes of an element and of what it consists of.
let private element (name: string) path =
    [ for element in (digest path).Elements do
          if element.Path = name || element.Path.StartsWith $"{name}/" then
              element.Path.Substring name.Length, element.Sha256 ]

let private others path =
    [ for element in (digest path).Elements do
          if not (element.Path.StartsWith "layers") then
              element ]

let private inFolder work =
    let folder = Directory.CreateTempSubdirectory "singlesharp"

    try
        work (fun name -> Path.Combine(folder.FullName, name + ".h5ad"))
    finally
        folder.Delete true

let private logged = Recipe.ofSteps [ Log1p.step Log1p.defaults ]
let private keeping (recipe: Recipe) = { recipe with KeepCounts = true }

/// What is wrong with an element of a file.
let private wrongWith (name: string) path =
    [ for finding in (need (Pipeline.verify Settings.standard path)).Findings do
          if finding.Severity = Severity.Error && (finding.Path + "/").StartsWith $"{name}/" then
              finding.Path.Substring name.Length, finding.Sentence ]

/// What is wrong with a file but for its layers.
let private wrong path =
    [ for finding in (need (Pipeline.verify Settings.standard path)).Findings do
          if finding.Severity = Severity.Error && not (finding.Path.StartsWith "layers/") then
              finding ]

let tests =
    testList
        "KeptCounts"
        [ Law.holdsFor
              60
              "the layer is X of the input, and the rest is as without it"
              (fun (CountRows rows) (seed: int) (AnySchedule(workers, _)) ->
                  inFolder (fun path ->
                      write (path "in") seed rows (if seed % 2 = 0 then [ "layers", group "dict" [] ] else [])

                      let settings =
                          { settings workers (leastMemory (keeping logged) workers (path "in")) with
                              Provenance = false }

                      let report = ranWith settings (keeping logged) (path "in") (path "out")
                      ranWith { settings with Workers = 1 } (keeping logged) (path "in") (path "again") |> ignore
                      ranWith settings logged (path "in") (path "plain") |> ignore
                      File.Copy(path "in", path "place")
                      need (Pipeline.run (keeping logged) settings (Input.file (path "place")) InPlace) |> ignore

                      Expect.equal (List.ofSeq report.LayerKeys) [ "counts" ] "the report"
                      Expect.equal (element "layers/counts" (path "out")) (element "X" (path "in")) "the layer"
                      Expect.equal (others (path "out")) (others (path "plain")) "the rest"
                      Expect.isTrue (File.ReadAllBytes(path "out") = File.ReadAllBytes(path "again")) "the bytes"
                      Expect.equal (whole (path "place")) (whole (path "out")) "in place"
                      Expect.equal (wrong (path "out")) (wrong (path "plain")) "as sound as without it"
                      Expect.equal (wrongWith "layers/counts" (path "out")) (wrongWith "X" (path "in")) "as sound as X"))

          Law.holdsFor 60 "it is filtered as a layer that was there" (fun (CountRows rows) (seed: int) ->
              inFolder (fun path ->
                  let twin = matrixOf (Random(seed: int)) rows
                  write (path "in") seed rows [ "layers", group "dict" [ "twin", twin ] ]

                  let recipe =
                      Recipe.add
                          (Filter.step
                              { Filter.defaults with
                                  MinGenes = Some(int64 (abs seed % 4))
                                  MinCells = Some(int64 (abs seed % 3)) })
                          logged

                  ranWith withoutNote (keeping recipe) (path "in") (path "out") |> ignore
                  ranWith withoutNote recipe (path "in") (path "plain") |> ignore

                  Expect.equal (element "layers/counts" (path "out")) (element "layers/twin" (path "out")) "the layer"
                  Expect.equal (others (path "out")) (others (path "plain")) "the rest"
                  Expect.equal (wrong (path "out")) (wrong (path "plain")) "as sound as without it"
                  Expect.equal (wrongWith "layers/counts" (path "out")) (wrongWith "layers/twin" (path "out")) "as sound as the other"))

          Law.holdsFor
              60
              "compressed in any way, what is stored anew means the same, and is the same to the byte for any schedule"
              (fun (CountRows rows) (seed: int) (AnySchedule(workers, _)) ->
                  inFolder (fun path ->
                      let random = Random(seed: int)
                      let twin = matrixOf random rows
                      write (path "in") seed rows [ "layers", group "dict" [ "twin", twin ] ]

                      let recipe =
                          Recipe.add
                              (Filter.step
                                  { Filter.defaults with
                                      MinGenes = Some(int64 (random.Next 3)) })
                              (keeping logged)

                      let wanted =
                          match random.Next 4 with
                          | 0 -> Compression.None
                          | 1 -> Compression.Gzip(random.Next 10)
                          | 2 -> Compression.Zstd(1 + random.Next 6)
                          | _ -> Compression.Lzf

                      let settings =
                          { withoutNote with
                              Compression = Some wanted }

                      ranWith withoutNote recipe (path "in") (path "plain") |> ignore
                      ranWith { settings with Workers = workers } recipe (path "in") (path "out") |> ignore
                      ranWith { settings with Workers = 1 } recipe (path "in") (path "again") |> ignore

                      Expect.equal (whole (path "out")) (whole (path "plain")) "what it means"
                      Expect.isTrue (File.ReadAllBytes(path "out") = File.ReadAllBytes(path "again")) "the bytes"
                      Expect.equal (wrong (path "out")) (wrong (path "plain")) "as sound as without it")) ]
