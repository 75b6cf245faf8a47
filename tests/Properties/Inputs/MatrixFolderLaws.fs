/// Folders with a matrix.mtx are read as what is in them, in whatever order it stands there, and damaged ones are refused.
module internal SingleSharp.Properties.MatrixFolderLaws

open System
open System.IO
open Expecto
open FsCheck.FSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.AnnData
open SingleSharp.Core.Inputs
open SingleSharp.Properties.MatrixFolders

let private openFolder scratch choice path =
    MatrixFolder.openRead Settings.standard Settings.standard.Memory scratch path choice (NameMemory Int64.MaxValue)

let private rowsOf (input: CountInput) =
    let source = input.Read 1000

    Blocks.run Blocks.sequential source Sink.none AnnDataFiles.transcript
    |> List.map (fun (_, _, row) -> row |> List.map (fun (gene, value) -> gene, RowSource.bits value))

let private choice genome featureType sumDuplicates : TenXChoice =
    { Genome = genome
      FeatureType = featureType
      SumDuplicates = sumDuplicates }

let private everything = choice None (Some "all")

let private anyChoice =
    Gen.map3
        choice
        (Gen.frequency [ 8, Gen.constant None; 1, Gen.constant (Some "GRCh38") ])
        (Gen.frequency
            [ 4, Gen.constant None
              2, Gen.constant (Some "all")
              1, Gen.elements (List.map Some [ usualType; "Antibody Capture"; "Spatial" ]) ])
        (Gen.elements [ true; false ])

/// The entries of each place, by cell and then by gene.
let private places folder =
    folder.Entries
    |> List.groupBy (fun (gene, cell, _) -> cell, gene)
    |> List.sortBy fst
    |> List.map (fun (place, entries) -> place, entries |> List.map (fun (_, _, value) -> valueOf folder value))

/// Rows as they must come; what a place has more than once is added up from the smallest to the largest, and rounded once.
let private expectedRows folder =
    let rows = Array.create folder.Cells []

    for (cell, gene), values in List.rev (places folder) do
        let value =
            match values with
            | [ one ] -> one
            | several -> several |> List.sort |> List.fold (fun sum value -> sum + float value) 0.0 |> float32

        rows[cell] <- (gene, RowSource.bits (float value)) :: rows[cell]

    List.ofArray rows

/// The types of the genes as they count: those of genes.tsv do not, nor do such that say nothing.
let private typesOf folder =
    match folder.Types |> Option.map (List.map _.Trim()) with
    | Some types when folder.IsFeatures && types |> List.exists ((<>) "") -> Some types
    | _ -> None

/// Which genes are taken, or what the choice is refused with.
let private wanted folder (choice: TenXChoice) =
    let asked = Option.defaultValue usualType choice.FeatureType
    let isAll = (asked = "all")

    match typesOf folder with
    | _ when choice.Genome.IsSome -> Error "genome"
    | Some types when not isAll && List.contains "" types -> Error "the types of features"
    | Some types when not isAll && not (List.contains asked types) -> Error "feature_type"
    | Some types -> Ok(types |> List.map (fun kind -> isAll || kind = asked))
    | None when not isAll && asked <> usualType -> Error "feature_type"
    | None -> Ok(List.replicate folder.Genes true)

/// The first place of which there is more than one entry, as a fault names it.
let private tryRepeated folder =
    places folder
    |> List.tryFind (fun (_, values) -> values.Length > 1)
    |> Option.map (fun ((cell, gene), _) -> folder.Barcodes[cell], (MatrixFolder.unique (Array.ofList folder.Names))[gene])

let private isCount (value: float32) =
    value >= 0.0f && Single.IsFinite value && MathF.Floor value = value

/// Is an opened folder what was written, as far as these genes are taken?
let private isRead folder (isTaken: bool list) (input: CountInput) =
    let taken = List.indexed isTaken |> List.filter snd |> List.map fst
    let names = MatrixFolder.unique (Array.ofList folder.Names)

    let var =
        [ "gene_ids", folder.Ids
          match typesOf folder with
          | Some types -> "feature_types", types
          | None -> () ]

    let values =
        [ for gene, _, value in folder.Entries do
              if isTaken[gene] then
                  valueOf folder value ]

    let look = input.Look Settings.standard 0L input.Places
    let told = ref (-1L, -1L)
    input.Prepare.Value(fun cells all -> told.Value <- cells, all)

    List.ofSeq input.CellNames = folder.Barcodes
    && input.Type = DType.Float32
    && List.ofArray input.Genes = (taken |> List.map (fun gene -> names[gene]))
    && List.ofArray input.Places = (isTaken |> List.mapFold (fun next on -> (if on then next, next + 1 else -1, next)) 0 |> fst)
    && List.map fst input.Var = List.map fst var
    && List.forall2
        (fun (_, field) (_, all: string list) -> Column.areSame field (Column.Texts(taken |> List.map (fun gene -> all[gene]))))
        input.Var
        var
    && look.Values = int64 values.Length
    && look.AreCounts = List.forall isCount values
    && rowsOf input = expectedRows folder
    && rowsOf input = expectedRows folder
    && told.Value = (int64 folder.Cells, int64 folder.Cells)
    && not (input.IsChanged())

/// Opens a folder and reads everything in it.
let private readAll scratch path =
    use input = openFolder scratch (everything false) path
    List.ofSeq input.CellNames |> ignore
    rowsOf input |> ignore

/// Real values of so many cells and genes, without anything else.
let private simple genes cells entries =
    { Genes = genes
      Cells = cells
      Field = "real"
      Entries = entries
      Barcodes = List.init cells (fun cell -> $"ACGT-{cell}")
      Ids = List.init genes (fun gene -> $"ENSG{gene}")
      Names = List.init genes (fun gene -> $"gene{gene}")
      Types = None
      IsFeatures = true
      Comments = []
      LineEnd = "\n"
      IsGzipped = [ false; false; false ] }

let tests =
    testList
        "MatrixFolder"
        [ Law.holdsFor 200 "a folder is read as it was written, in whatever order" (fun (byMatrix: bool) ->
              Prop.forAll (Arb.fromGen (Gen.zip (folder true) anyChoice)) (fun (folder, choice) ->
                  withFiles folder (lines folder) (fun _ -> id) (fun path scratch ->
                      let path =
                          if byMatrix then
                              Path.Combine(path, (if folder.IsGzipped[0] then "matrix.mtx.gz" else "matrix.mtx"))
                          else
                              path

                      match wanted folder choice, tryRepeated folder with
                      | Error part, _ ->
                          let fault = GenFiles.faultOf (fun () -> openFolder scratch choice path)
                          (Fault.sentence fault).Contains part
                      | Ok _, Some(cell, gene) when not choice.SumDuplicates ->
                          use input = openFolder scratch choice path

                          match GenFiles.faultOf (fun () -> rowsOf input) with
                          | DuplicateEntry(_, foundCell, foundGene) -> (foundCell, foundGene) = (cell, gene)
                          | other -> failtest $"{other}"
                      | Ok isTaken, _ ->
                          use input = openFolder scratch choice path
                          isRead folder isTaken input)))

          Law.holdsFor 300 "a damaged folder is refused" (fun (seed: int) ->
              Prop.forAll (Arb.fromGen (folder false)) (fun folder ->
                  let random = Random seed
                  let all = damages folder random
                  let damage, change = all[random.Next all.Length]

                  withFiles folder (change (lines folder)) (fun _ -> id) (fun path scratch ->
                      GenFiles.isRefused damage path (fun () -> readAll scratch path))))

          Law.holdsFor 100 "a file that is cut off is refused" (fun (seed: int) ->
              Prop.forAll (Arb.fromGen (folder false)) (fun folder ->
                  let folder =
                      { folder with
                          IsGzipped = [ true; true; true ] }

                  let random = Random seed
                  // An empty file is packed as nothing at all.
                  let whole = lines folder |> List.filter (fun (_, lines) -> not lines.IsEmpty)
                  let cut = fst (List.item (random.Next whole.Length) whole)

                  let spoil name (bytes: byte[]) =
                      // Less than two bytes do not say that they are packed.
                      if name = cut then Array.truncate (random.Next(2, bytes.Length)) bytes else bytes

                  withFiles folder (lines folder) spoil (fun path scratch ->
                      GenFiles.isRefused $"{cut} cut off" path (fun () -> readAll scratch path))))

          test "entries of one place are added up alike in whatever order they stand" {
              // From the smallest to the largest: of the small ones nothing is left beside the first, whatever comes last.
              for order in
                  [ [ "1e30"; "1"; "-1e30"; "2" ]
                    [ "1"; "2"; "1e30"; "-1e30" ]
                    [ "-1e30"; "1e30"; "1"; "2" ] ] do
                  let folder = simple 4 1 [ for value in order -> 0, 0, value ]

                  withFiles folder (lines folder) (fun _ -> id) (fun path scratch ->
                      use input = openFolder scratch (everything true) path
                      Expect.equal (rowsOf input) [ [ 0, RowSource.bits 0.0 ] ] $"{order}")
          }

          test "a look stops behind the first block of cells, unless these come in another order" {
              let cells = Blocks.rowsPerBlock + 10

              let areCounts entries =
                  let folder = simple 1 cells entries

                  withFiles folder (lines folder) (fun _ -> id) (fun path scratch ->
                      use input = openFolder scratch (everything false) path
                      let look = input.Look Settings.standard 0L input.Places
                      Expect.equal (look.Values, look.CellsExamined) (int64 (List.length entries), 4096L) "what was looked at"
                      look.AreCounts)

              Expect.isTrue (areCounts [ 0, 4095, "1"; 0, 4096, "-1"; 0, 4097, "1" ]) "behind the block"
              Expect.isFalse (areCounts [ 0, 4095, "-1"; 0, 4096, "1" ]) "the last of the block"
              Expect.isFalse (areCounts [ 0, 3, "1"; 0, 2, "1"; 0, 4100, "1"; 0, 4095, "-1" ]) "in another order"
          }

          test "a file that was changed since, and one that is not there" {
              let folder = simple 1 1 [ 0, 0, "3" ]

              for name in [ "matrix.mtx"; "features.tsv"; "barcodes.tsv" ] do
                  withFiles folder (lines folder) (fun _ -> id) (fun path scratch ->
                      use input = openFolder scratch (everything false) path
                      Expect.isFalse (input.IsChanged()) "as it was"
                      File.AppendAllText(Path.Combine(path, name), "\n")
                      Expect.isTrue (input.IsChanged()) $"another {name}"
                      let other = Path.Combine(path, "other.mtx")
                      File.WriteAllText(other, "")
                      Expect.equal (MatrixFolder.tryFolder path, MatrixFolder.tryFolder other) (Some path, None) "what is meant by a name"
                      File.Delete(Path.Combine(path, name))
                      Expect.isTrue (input.IsChanged()) $"no {name}"
                      GenFiles.isFault "it is a folder without" (fun () -> MatrixFolder.filesOf path))
          }

          Law.holds "unique" (fun (codes: byte list) ->
              let names =
                  codes |> List.map (fun code -> [ "a"; "b"; "a-1"; "a-2"; "a-1-1" ][int code % 5]) |> Array.ofList

              let unique = MatrixFolder.unique names

              Array.distinct unique = unique
              && Array.forall2 (fun (name: string) (now: string) -> now = name || now.StartsWith(name + "-")) names unique
              && (Array.distinct names |> Array.forall (fun name -> unique[Array.IndexOf(names, name)] = name)))

          test "unique names are those of anndata" {
              Expect.equal
                  (MatrixFolder.unique [| "a"; "a"; "a-1"; "a"; "b"; "a-1" |])
                  [| "a"; "a-2"; "a-1"; "a-3"; "b"; "a-1-1" |]
                  "past those that are taken"
          } ]
