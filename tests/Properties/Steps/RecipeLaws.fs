/// Every recipe on every type of matrix: obs, var and X hold what the in-memory computation says, to the bit.
module internal SingleSharp.Properties.RecipeLaws

open System
open System.IO
open System.Runtime.InteropServices
open Expecto
open FsCheck.FSharp
open PureHDF
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenHdf5
open SingleSharp.Properties.GenRuns

let private bools (values: bool list) =
    values |> List.map (fun value -> if value then AnnDataFiles.H5Bool.TRUE else AnnDataFiles.H5Bool.FALSE) |> Array.ofList

/// Turns the values of X around, so that the most significant byte comes first.
let private turnAround path =
    use file = GenFiles.openWrite path
    let disk = file.Store.Disk
    let size = file.X.Values.ElementSize

    let bytes =
        DatasetReader(disk, file.X.Values).ReadAll() |> Array.chunkBySize size |> Array.collect Array.rev

    if bytes.Length > 0 then
        let editor = FileEditor(disk, file.Store.Superblock, [])
        let datatype = Encode.datatypeBody (DType.datatype file.X.Type)
        datatype[1] <- datatype[1] ||| 1uy

        let data =
            [ Encode.message Header.Dataspace (Encode.dataspaceBody (Encode.line file.X.Stored))
              Encode.message Header.Datatype datatype
              Encode.zeroFillValue
              Encode.contiguous (editor.Put bytes) (int64 bytes.Length) ]
            |> Encode.header 0uy
            |> editor.Put

        let x = editor.Rewrite("X", (Matrix.rows file.X).Group, [ "data", data ], [])
        editor.Commit(editor.Rewrite("the root group", file.Store.Root, [ "X", x ], []))

let private write (path: string) storage (study: Study) =
    let usual =
        AnnDataFiles.usual (if study.Matrix.Rows.Length > 1000 then InChunks 1999 else storage)

    let var =
        AnnDataFiles.frame (H5Dataset(Array.ofList study.GeneNames)) [ "flag", H5Dataset(bools study.Flags) ]

    let file =
        AnnDataFiles.file { usual with Values = study.Type } study.Matrix.Genes (AnnDataFiles.csr study.Matrix.Rows) [ "var", var ]

    file.Write path

    if study.BigEndian then
        turnAround path

let private numbers (store: Hdf5File) (dataset: Dataset) =
    let bytes = DatasetReader(store.Disk, dataset).ReadAll()

    let inline each (widen: 'stored -> float) =
        (MemoryMarshal.Cast<byte, 'stored>(Span bytes)).ToArray() |> Array.map widen |> List.ofArray

    match dataset.Type with
    | Float(4, false) -> each (fun (value: float32) -> float value)
    | Float(8, false) -> each (fun (value: float) -> value)
    | Integer(4, true, false) -> each (fun (value: int32) -> float value)
    | Integer(8, true, false) -> each (fun (value: int64) -> float value)
    | Integer(8, false, false) -> each (fun (value: uint64) -> float value)
    | other -> failtest $"{dataset.Path} holds {Datatype.name other} values"

/// The columns of a frame that a run has added.
let private columns (store: Hdf5File) path : Meaning.Held list =
    [ for name in (DataFrame.read store path).Columns do
          if name <> "flag" then
              let dataset = GenFiles.findDataset store $"{path}/{name}"

              { Meaning.Held.Name = name
                Meaning.Held.Type = (DType.ofDatatype dataset.Type).Value
                Meaning.Held.Values = numbers store dataset } ]

let private isSame what (found: float list) (wanted: float list) =
    Expect.equal found.Length wanted.Length $"the length of {what}"

    List.zip found wanted
    |> List.iteri (fun i (found, wanted) ->
        // NumPy's NaN, and no other, is what is written.
        if BitConverter.DoubleToInt64Bits found <> BitConverter.DoubleToInt64Bits(Precision.toFloat64 wanted) then
            failtest $"{what} holds {found:R} instead of {wanted:R} at {i}")

let private areSame what (found: Meaning.Held list) (wanted: Meaning.Held list) =
    let names (columns: Meaning.Held list) =
        columns |> List.map (fun column -> column.Name, column.Type)

    Expect.equal (names found) (names wanted) $"the columns of {what}"
    List.iter2 (fun (found: Meaning.Held) (wanted: Meaning.Held) -> isSame $"{what}/{found.Name}" found.Values wanted.Values) found wanted

let private notedBase store =
    numbers store (GenFiles.findDataset store "uns/log1p/base")

let private isWhatItMeans path (wanted: Wanted) (report: Report) (meaning: Meaning.Meaning) =
    let rows =
        AnnDataFiles.read path Blocks.sequential 100 |> List.map (fun (_, _, row) -> row)

    use file = GenFiles.openRead path
    areSame "obs" (columns file.Store "obs") meaning.Obs
    areSame "var" (columns file.Store "var") meaning.Var
    Expect.equal file.X.Type meaning.Type "the type of X"
    Expect.equal (rows |> List.map (List.map fst)) (meaning.Rows |> List.map (List.map fst)) "the genes of X"

    isSame
        "X"
        (rows |> List.concat |> List.map (snd >> (if Wanted.changesValues wanted then id else Precision.toFloat64)))
        (meaning.Rows |> List.concat |> List.map snd)

    Expect.equal (List.ofSeq report.ObsColumns) (meaning.Obs |> List.map _.Name) "the columns that the report names"
    Expect.equal report.ExcludedGenes (meaning.Scaled |> Option.map _.ExcludedGenes |> Option.defaultValue 0) "excluded genes"

    isSame
        "the target"
        (report.TargetSum |> Option.ofNullable |> Option.map Precision.toFloat64 |> Option.toList)
        (meaning.Scaled |> Option.map _.Target |> Option.toList)

    let unscaled =
        match meaning.Scaled with
        | Some scaled -> scaled.Factors |> List.filter (fun factor -> factor = 0.0) |> List.length
        | None -> 0

    Expect.equal
        (report.Warnings |> Seq.filter (fun warning -> warning.Contains "a total of 0") |> List.ofSeq)
        [ if unscaled > 0 then
              let cells, were = if unscaled = 1 then "cell has", "was" else "cells have", "were"

              $"{unscaled} {cells} a total of 0 (over the genes used for scaling) and {were} left unscaled" ]
        "cells that stay as they are"

    match wanted.Log1p with
    | Some { Base = Some basis } -> isSame "uns/log1p/base" (notedBase file.Store) [ basis ]
    | Some { Base = None } -> Expect.isTrue (AnnDataFile.isLogged file) "uns/log1p"
    | None -> Expect.isFalse (AnnDataFile.isLogged file) "no uns/log1p"

/// Faults by what they are about.
let private about fault =
    match fault with
    | InvalidOption(option, _) -> $"{option}"
    | other -> Fault.sentence other

/// Little memory, so that blocks come in several row batches.
let private settings recipe workers path =
    let within memory =
        { Settings.standard with
            Workers = workers
            Memory = memory }

    match Pipeline.info recipe (within 1L) (Input.file path) with
    | Error(InsufficientMemory(_, needed, _, _)) -> within needed
    | _ -> within Settings.standard.Memory

let private check study wanted storage workers isInPlace =
    GenFiles.withPath (fun input ->
        GenFiles.withPath (fun output ->
            write input storage study
            let recipe = Wanted.recipe wanted
            let target = if isInPlace then InPlace else NewFile output

            let found =
                Pipeline.run recipe (settings recipe workers input) (Input.file input) target

            match found, Meaning.run input study wanted with
            | Ok report, Ok meaning -> isWhatItMeans (if isInPlace then input else output) wanted report meaning
            | Error found, Error wanted -> Expect.equal (about found) (about wanted) "the fault"
            | Ok _, Error wanted -> failtest $"no fault, but wanted: {Fault.sentence wanted}"
            | Error found, Ok _ -> failtest (Fault.sentence found)))

/// Three values per cell, more cells than two blocks have; the second value of these cells is not a count.
let private withInvalid cells =
    let names = List.init 40 (fun gene -> $"gene{gene}")

    { Matrix =
        { Genes = 40
          Rows =
            [ for cell in 0..8999 ->
                  [ for i in 0..2 -> (cell * 7 + i * 13) % 40, (if i = 1 && List.contains cell cells then -3.5 else float (1 + cell % 9)) ] ] }
      Type = DType.Float32
      BigEndian = false
      GeneNames = names
      Flags = List.replicate 40 false }

let private wholeNumbers numeric rows =
    { Matrix = { Genes = 2; Rows = rows }
      Type = numeric
      BigEndian = false
      GeneNames = [ "gene0"; "gene1" ]
      Flags = [ true; false ] }

let private qcOnly =
    { Wanted.nothing with
        Qc = Some Qc.defaults }

let tests =
    testList
        "Recipe"
        [ Law.holdsFor 400 "every recipe leaves what it means in memory" (fun () ->
              Prop.forAll GenRuns.anything (fun (AnyRun(study, wanted)) (AnyStorage storage) (AnySchedule(workers, _)) (isInPlace: bool) ->
                  check study wanted storage workers isInPlace))

          test "a value that is not a count is named by its cell and gene, in any row batch of any block" {
              for cells in
                  [ [ 0 ]
                    [ 5000; 2000; 1999 ]
                    [ 4095; 8999 ]
                    [ 4097 ]
                    [ 6500; 7000 ]
                    [ 8999 ] ] do
                  for workers in [ 1; 3 ] do
                      check (withInvalid cells) Wanted.standard Unchunked workers false
          }

          test "a target that float32 cannot hold is refused where X is float32, and only there" {
              for numeric in [ DType.Float32; DType.Int64; DType.Float64 ] do
                  for target in [ 1e39; 1e-50; 1e38 ] do
                      let normalize =
                          { NormalizeTotal.defaults with
                              TargetSum = TargetSum.Counts target }

                      check
                          (wholeNumbers numeric [ [ 0, 3.0; 1, 4.0 ] ])
                          { Wanted.nothing with
                              NormalizeTotal = Some normalize }
                          Unchunked
                          1
                          false
          }

          test "sums of integers are exact below 2^53, and refused from there on" {
              let half = float (1L <<< 52)

              for numeric in [ DType.Int64; DType.UInt64 ] do
                  check (wholeNumbers numeric [ [ 0, half; 1, half - 1.0 ]; [ 0, half - 1.0 ] ]) qcOnly Unchunked 1 false

                  for rows in [ [ [ 0, half; 1, half ] ]; [ [ 0, half ]; [ 0, half ] ] ] do
                      GenFiles.withPath (fun path ->
                          write path Unchunked (wholeNumbers numeric rows)
                          let before = File.ReadAllBytes path

                          match Pipeline.run (Wanted.recipe qcOnly) Settings.standard (Input.file path) InPlace with
                          | Error(Unsupported(_, "X", _)) -> Expect.equal (File.ReadAllBytes path) before "the file is as it was"
                          | other -> failtest $"{other}")
          } ]
