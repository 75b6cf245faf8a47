/// Filters against their definitions: a cell or gene stays if it meets every limit, equality included.
module internal SingleSharp.Properties.FilterLaws

open Expecto
open FsCheck.FSharp
open SingleSharp.Core
open SingleSharp.Core.Rows
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenRuns
open SingleSharp.Properties.GenSelections
open SingleSharp.Properties.InMemory

let private noSets = Membership.ofMasks []

let private noRule: CellRule =
    { MinCounts = None
      MaxCounts = None
      MinGenes = None
      MaxGenes = None
      MinPct = []
      MaxPct = [] }

let private noLimits: GeneLimits =
    { MinCells = None
      MaxCells = None
      MinCounts = None
      MaxCounts = None }

/// What one decider says of row batches that follow one another.
let private decide numeric sets rule (rowBatches: RowBatch list) =
    let decide = FilterRules.counting (Losses()) numeric sets rule ()

    [ for rowBatch in rowBatches do
          let stays: bool[] = Array.zeroCreate (rowBatch.Cells + 1)
          decide rowBatch stays
          yield! Seq.truncate rowBatch.Cells stays ]

let private decideRows numeric sets rule rows =
    decide numeric sets rule [ RowBatches.ofRows 0L 0L rows ]

let private positive row =
    row |> List.filter (fun (_, value) -> value > 0.0) |> List.length

let private inSet (sets: Membership) name row =
    let set = List.findIndex ((=) name) sets.Names
    row |> List.filter (fun (gene, _) -> sets.Masks[set][gene])

/// The percentage of a set as its column would hold it.
let private percentage numeric sets name row =
    let share =
        quotient numeric (stored numeric (sum (inSet sets name row))) (stored numeric (sum row))

    stored numeric (share * 100.0)

let private meets numeric (least: float option) (most: float option) value =
    (least.IsNone || value >= stored numeric least.Value) && (most.IsNone || value <= stored numeric most.Value)

let private meetsWhole (least: int64 option) (most: int64 option) number =
    meets DType.Float64 (Option.map float least) (Option.map float most) (float number)

let private cellStays numeric sets (rule: CellRule) row =
    meets numeric rule.MinCounts rule.MaxCounts (stored numeric (sum row))
    && meetsWhole rule.MinGenes rule.MaxGenes (positive row)
    && (rule.MinPct |> List.forall (fun (name, least) -> meets numeric (Some least) None (percentage numeric sets name row)))
    && (rule.MaxPct |> List.forall (fun (name, most) -> meets numeric None (Some most) (percentage numeric sets name row)))

/// In how many cells a gene is above zero, and its sum, cell by cell.
let private ofGene gene (rows: (int * float) list list) =
    let values = rows |> List.concat |> List.filter (fun (other, _) -> other = gene)
    positive values, sum values

let tests =
    testList
        "Filter"
        [ Law.holdsFor 300 "a cell stays that meets every limit there is" (fun () ->
              Prop.forAll someFilter (fun (AnyFilter(study, sets, rule, _)) ->
                  let rows = study.Matrix.Rows
                  decideRows study.Type sets rule rows = List.map (cellStays study.Type sets rule) rows))

          Law.holds "rows" (fun () ->
              Prop.forAll someFilter (fun (AnyFilter(study, sets, rule, _)) (perBatch: byte) ->
                  let rows = study.Matrix.Rows

                  decide study.Type sets rule (rowBatches (List.chunkBySize (1 + int perBatch) rows)) =
                      decideRows study.Type sets rule rows))

          Law.holdsFor 300 "each limit counts the cells that do not meet it" (fun () ->
              Prop.forAll someFilter (fun (AnyFilter(study, sets, rule, _)) (perBatch: byte) ->
                  let rows = study.Matrix.Rows
                  let losses = Losses()

                  // Two readers, one after the other.
                  for part in rows |> List.splitInto 2 do
                      let decide = FilterRules.counting losses study.Type sets rule ()

                      for rowBatch in rowBatches (List.chunkBySize (1 + int perBatch) part) do
                          decide rowBatch (Array.zeroCreate (rowBatch.Cells + 1))

                  let lone: CellRule list =
                      [ match rule.MinCounts with
                        | Some _ ->
                            { noRule with
                                MinCounts = rule.MinCounts }
                        | None -> ()
                        match rule.MaxCounts with
                        | Some _ ->
                            { noRule with
                                MaxCounts = rule.MaxCounts }
                        | None -> ()
                        match rule.MinGenes with
                        | Some _ -> { noRule with MinGenes = rule.MinGenes }
                        | None -> ()
                        match rule.MaxGenes with
                        | Some _ -> { noRule with MaxGenes = rule.MaxGenes }
                        | None -> ()
                        for limit in rule.MinPct do
                            { noRule with MinPct = [ limit ] }
                        for limit in rule.MaxPct do
                            { noRule with MaxPct = [ limit ] } ]

                  let lost (rule: CellRule) =
                      rows |> List.filter (cellStays study.Type sets rule >> not) |> List.length |> int64

                  (FilterRules.cellLosses losses sets rule |> List.map snd) = List.map lost lone))

          Law.holds "tallies" (fun (CutRows segments) ->
              let rows = segments |> List.concat |> List.concat |> rowsOf
              let genes = 1 + List.fold max 0 (rows |> List.concat |> List.map fst)
              let found = Fold.runParts (FilterRules.perGene genes) segments

              List.init genes (fun gene -> ofGene gene rows)
              |> List.indexed
              |> List.forall (fun (gene, (detected, total)) -> found.Detected[gene] = int64 detected && sameBits found.Totals[gene] total))

          Law.holds "interleave" (fun (WildRows matrix) ->
              // Pooled states of two runs of one fold value must not be one array.
              let fold = FilterRules.perGene matrix.Genes
              let rowBatches = rowBatches (List.chunkBySize 3 matrix.Rows)
              let struct (left, right) = Fold.run (Fold.both fold fold) rowBatches
              let alone = Fold.run fold rowBatches

              left.Detected = right.Detected
              && left.Detected = alone.Detected
              && Array.forall2 sameBits left.Totals right.Totals
              && Array.forall2 sameBits left.Totals alone.Totals)

          Law.holdsFor 300 "a gene stays that meets every limit there is" (fun () ->
              Prop.forAll someFilter (fun (AnyFilter(study, _, _, limits)) ->
                  let rows = List.truncate 200 study.Matrix.Rows

                  let tallies =
                      Fold.run (FilterRules.perGene study.Matrix.Genes) [ RowBatches.ofRows 0L 0L rows ]

                  let kept = FilterRules.genes study.Type limits tallies

                  List.init study.Matrix.Genes (fun gene -> kept.Has(int64 gene)) =
                      List.init study.Matrix.Genes (fun gene ->
                          let detected, total = ofGene gene rows

                          meetsWhole limits.MinCells limits.MaxCells detected
                          && meets study.Type limits.MinCounts limits.MaxCounts (stored study.Type total))))

          Law.holds "columns of obs: what limits are about, counts first" (fun () ->
              Prop.forAll someFilter (fun (AnyFilter(study, _, rule, _)) ->
                  let rows = study.Matrix.Rows

                  let wanted =
                      [ if rule.MinCounts.IsSome || rule.MaxCounts.IsSome then
                            { Name = "n_counts"
                              Type = totalType study.Type },
                            List.map (sum >> stored study.Type) rows
                        if rule.MinGenes.IsSome || rule.MaxGenes.IsSome then
                            { Name = "n_genes"; Type = DType.Int64 }, List.map (positive >> float) rows ]

                  let found =
                      columnsOf (FilterRules.cellColumns study.Type rule) (rowBatches (List.chunkBySize 7 rows))

                  List.map fst found = List.map fst wanted
                  && List.forall2
                      (fun (_, found) (_, wanted) -> List.forall2 sameBits (List.map (stored study.Type) (List.ofArray found)) wanted)
                      found
                      wanted))

          test "columns of var: what limits are about, counts first" {
              let tallies =
                  Fold.run (FilterRules.perGene 3) [ RowBatches.ofRows 0L 0L [ [ 0, 2.0; 1, 0.0 ]; [ 0, 3.0; 2, -4.0 ] ] ]

              let columns limits =
                  FilterRules.geneColumns DType.Int32 limits
                  |> List.map (fun (column, values) -> column.Name, column.Type, values tallies)

              let counts = "n_counts", DType.Int64, [| 5.0; 0.0; -4.0 |]
              let cells = "n_cells", DType.Int64, [| 2.0; 0.0; 0.0 |]
              Expect.equal (columns noLimits) [] "no limits"
              Expect.equal (columns { noLimits with MinCells = Some 1L }) [ cells ] "least cells"
              Expect.equal (columns { noLimits with MaxCells = Some 1L }) [ cells ] "most cells"
              Expect.equal (columns { noLimits with MinCounts = Some 1.0 }) [ counts ] "least counts"

              Expect.equal
                  (columns
                      { noLimits with
                          MaxCounts = Some 1.0
                          MaxCells = Some 1L })
                  [ counts; cells ]
                  "both"
          }

          test "a limit that is met exactly is met" {
              // 3 genes, 10 counts, 30 % of them in the set.
              let row = [ 0, 3.0; 1, 5.0; 2, 2.0; 3, 0.0 ]
              let sets = Membership.ofMasks [ "set", [| true; false; false; true |] ]

              let stays rule =
                  decideRows DType.Float32 sets rule [ row ] = [ true ]

              for off in [ -1L; 0L; 1L ] do
                  Expect.equal
                      (stays
                          { noRule with
                              MinGenes = Some(3L + off) })
                      (off <= 0L)
                      $"least genes {off}"

                  Expect.equal
                      (stays
                          { noRule with
                              MaxGenes = Some(3L + off) })
                      (off >= 0L)
                      $"most genes {off}"

                  Expect.equal
                      (stays
                          { noRule with
                              MinCounts = Some(10.0 + float off) })
                      (off <= 0L)
                      $"least counts {off}"

                  Expect.equal
                      (stays
                          { noRule with
                              MaxCounts = Some(10.0 + float off) })
                      (off >= 0L)
                      $"most counts {off}"
                  // In float32 it is 30.000002 %: the least limit that lets it through is just above 30.
                  let exact = float (3.0f / 10.0f * 100.0f)

                  Expect.equal
                      (stays
                          { noRule with
                              MinPct = [ "set", exact + float off ] })
                      (off <= 0L)
                      $"least percent {off}"

                  Expect.equal
                      (stays
                          { noRule with
                              MaxPct = [ "set", exact + float off ] })
                      (off >= 0L)
                      $"most percent {off}"
          }

          test "limits are compared in the type of the column, as in NumPy" {
              let row = [ [ 0, float 0.1f ] ]
              let least = { noRule with MinCounts = Some 0.1 }
              let most = { noRule with MaxCounts = Some 0.1 }
              Expect.equal (decideRows DType.Float32 noSets most row) [ true ] "0.1f is not beyond 0.1"
              Expect.equal (decideRows DType.Float32 noSets least row) [ true ] "nor below it"
              Expect.equal (decideRows DType.Float64 noSets most row) [ false ] "in float64 it is"
          }

          test "a cell without counts has no percentage and goes where one is asked for" {
              let sets = Membership.ofMasks [ "set", [| true; false |] ]
              let rows = [ []; [ 0, 0.0 ]; [ 1, 1.0 ] ]

              for numeric in [ DType.Float32; DType.Float64; DType.Int32 ] do
                  Expect.equal
                      (decideRows
                          numeric
                          sets
                          { noRule with
                              MaxPct = [ "set", 100.0 ] }
                          rows)
                      [ false; false; true ]
                      "most"

                  Expect.equal (decideRows numeric sets { noRule with MinPct = [ "set", 0.0 ] } rows) [ false; false; true ] "least"
                  Expect.equal (decideRows numeric sets noRule rows) [ true; true; true ] "no limit"
          }

          test "zeros, negative values and NaN are not detected" {
              let rows = [ [ 0, 0.0; 1, -0.0; 2, -3.0; 3, nan; 4, 1e-45 ] ]

              let stays least =
                  decideRows DType.Float32 noSets { noRule with MinGenes = Some least } rows

              Expect.equal (stays 1L, stays 2L) ([ true ], [ false ]) "one gene"
              let tallies = Fold.run (FilterRules.perGene 5) [ RowBatches.ofRows 0L 0L rows ]
              Expect.equal tallies.Detected [| 0L; 0L; 0L; 0L; 1L |] "detected"
          }

          test "a set that is not there is a bug" {
              Expect.throwsT<System.ArgumentException>
                  (fun () -> decideRows DType.Float32 noSets { noRule with MaxPct = [ "mt", 5.0 ] } [] |> ignore)
                  "mt"
          } ]
