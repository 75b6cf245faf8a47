/// Pages of files whose columns are chosen: numbers and names of any size, and cells of no sample.
module internal SingleSharp.Golden.ReportColumns

open System
open System.Text.Json
open Expecto
open PureHDF
open SingleSharp
open SingleSharp.Core
open SingleSharp.Reporting
open SingleSharp.Golden.Shared
open SingleSharp.Golden.ReportPages

let private group kind (members: (string * obj) list) =
    let group = H5Group()
    group.Attributes["encoding-type"] <- (kind: string)
    group.Attributes["encoding-version"] <- "0.2.0"
    members |> List.iter (fun (name, value) -> group[name] <- value)
    group

let private frame (index: string[]) (columns: (string * obj) list) =
    let frame = group "dataframe" (("_index", box index) :: columns)
    frame.Attributes["_index"] <- "_index"
    frame.Attributes["column-order"] <- (columns |> List.map fst |> Array.ofList)
    box frame

/// The one value of X is that of the first cell and gene.
let private write path (cells: string[]) obs (genes: string[]) var (members: (string * obj) list) =
    let x =
        group
            "csr_matrix"
            [ "data", [| 1.0f |]
              "indices", [| 0 |]
              "indptr", Array.init (cells.Length + 1) (fun at -> min at 1) ]

    x.Attributes["shape"] <- [| int64 cells.Length; int64 genes.Length |]
    let root = H5File()
    root["X"] <- x
    root["obs"] <- frame cells obs
    root["var"] <- frame genes var
    members |> List.iter (fun (name, value) -> root[name] <- value)
    root.Write(path: string)

let private named prefix count =
    Array.init count (fun at -> $"{prefix}{at}")

let private categorical (labels: string[]) (codes: sbyte[]) =
    box (group "categorical" [ "codes", box codes; "categories", box labels ])

/// A page of such a file.
let private pageOf (sandbox: Sandbox) cells obs genes var members =
    let path = sandbox.File "columns.h5ad"
    write path cells obs genes var members
    let page = page sandbox Report.defaults path
    expectSound page
    page

let private values (page: Page) (column: string) =
    let column = page.Content.GetProperty("columns").GetProperty column
    let bytes = column.GetProperty("data").GetBytesFromBase64()

    [ for at in 0..2 .. bytes.Length - 2 do
          match BitConverter.ToUInt16(bytes, at) with
          | UInt16.MaxValue -> nan
          | code -> column.GetProperty("offset").GetDouble() + column.GetProperty("step").GetDouble() * float code ]

let private numbers =
    test "numbers of any size make a page" {
        use sandbox = new Sandbox()
        let odd = [| 1e308; -1e308; Double.MaxValue; infinity; nan; 3e38; -3e38; 5.0 |]
        let tiny = [| 0.0; 5e-324; 1e-320; 4e-319; 0.0; 0.0; 0.0; 0.0 |]

        let page =
            pageOf
                sandbox
                (named "c" 8)
                [ "total_counts", box odd; "n_genes_by_counts", box tiny ]
                (named "g" 8)
                [ "total_counts", box odd; "means", box odd; "dispersions_norm", box odd ]
                [ "uns", box (group "dict" [ "pca", box (group "dict" [ "variance_ratio", box odd ]) ]) ]

        let drawn = values page "total_counts"
        Expect.equal (drawn |> List.map Double.IsNaN) [ true; true; true; true; true; false; false; false ] "what float32 has is drawn"
        Expect.floatClose Accuracy.medium drawn[5] 3e38 "the largest"
        Expect.floatClose Accuracy.medium drawn[6] -3e38 "the smallest"
        Expect.equal (values page "n_genes_by_counts") (List.replicate 8 0.0) "what no axis tells apart is one place"
    }

let private none =
    test "cells without a sample are a group of their own" {
        use sandbox = new Sandbox()
        let scores = Array2D.init 5 4 (fun cell component' -> float32 (cell + component'))

        let codes = [| 0y; -1y; 1y; 0y; -1y |]

        let page =
            pageOf
                sandbox
                (named "c" 5)
                [ "sample", categorical [| "A"; "B" |] codes ]
                (named "g" 2)
                [ "a", box [| 1.0; 2.0 |] ]
                [ "obsm", box (group "dict" [ "X_pca", box scores ]) ]

        for plot in [ "pc1-pc2"; "pc3-pc4" ] do
            let traces =
                [ for trace in (figure page plot).GetProperty("traces").EnumerateArray() do
                      let group = trace.GetProperty("x").GetProperty "group"

                      trace.GetProperty("name").GetString(), if group.ValueKind = JsonValueKind.Null then -1y else group.GetSByte() ]

            Expect.equal traces [ "A", 0y; "B", 1y; "(none)", -1y ] plot

        Expect.equal
            (values page "group" |> List.map (fun code -> if Double.IsNaN code then -1y else sbyte code))
            (List.ofArray codes)
            "the codes that they are told apart by"
    }

let private long prefix count =
    Array.init count (fun at -> String('é', 120) + $"{prefix}{at}")

let private many =
    test "many chosen genes, and long names of everything, make a small page" {
        use sandbox = new Sandbox()
        let cells, genes = 60_000, 100_000
        let means = Array.init genes (fun gene -> float (1 + gene))
        let labels = long "sample" 30

        let scores =
            Array2D.init cells 4 (fun cell component' -> float32 (cell * 7919 % 1009 + component'))

        let count cell = float (1 + cell * 7919 % 60_000)

        let obs: (string * obj) list =
            [ "total_counts", box (Array.init cells count)
              "n_genes_by_counts", box (Array.init cells count)
              "pct_counts_mt", box (Array.init cells (fun cell -> count cell / 600.0))
              "sample", categorical labels (Array.init cells (fun cell -> sbyte (cell % 30)))
              for name in long "column" 40 do
                  name, box (Array.zeroCreate<byte> cells) ]

        let page =
            pageOf
                sandbox
                (named "c" cells)
                obs
                (long "peak" genes)
                [ "total_counts", box means
                  "means", box means
                  "dispersions_norm", box means
                  "highly_variable", box (Array.init genes (fun gene -> if gene % 2 = 0 then 1uy else 0uy)) ]
                [ "obsm", box (group "dict" [ "X_pca", box scores ])
                  "uns", box (group "dict" [ for name in long "key" 100 -> name, box [| 1 |] ]) ]

        Expect.stringContains page.Html "chosen genes one of every " "what was left out is said"
        Expect.stringContains page.Html " more</td>" "and what of lists"

        let shown =
            (page.Content.GetProperty("columns").GetProperty("group").GetProperty("labels")).EnumerateArray()
            |> Seq.map _.GetString()
            |> List.ofSeq

        Expect.hasLength (List.distinct shown) 30 "labels that differ still differ"
        Expect.all shown (fun label -> label.Length < 90) "and are cut"
    }

let private limits =
    test "a limit is drawn where it is, whatever other sets are called" {
        use sandbox = new Sandbox()
        let input = sandbox.Copy(here "edge/plain_csr_f32/input.h5ad", "in.h5ad")
        let odd = "x'mt': 7, "

        let recipe =
            { Recipe.ofSteps
                  [ Filter.step
                        { Filter.defaults with
                            MaxPct = [ odd, 100.0; "mt", 99.5 ] }
                    Qc.step Qc.defaults ] with
                GeneSets = [ GeneSet.WithPrefix(odd, "GENE"); GeneSet.WithPrefix("mt", "GENE1") ] }

        let output = sandbox.File "out.h5ad"
        let run = finished recipe (Input.file input) output
        let page = page sandbox { Run = Some run; WithDigest = false } output
        let layout = (figure page "mt").GetProperty "layout"

        let line =
            [ for shape in layout.GetProperty("shapes").EnumerateArray() -> shape.GetProperty("y0").GetDouble() ],
            [ for note in layout.GetProperty("annotations").EnumerateArray() -> note.GetProperty("text").GetString() ]

        Expect.equal line ([ 99.5 ], [ "max_pct 99.5" ]) "the line and its name"
    }

let all = [ numbers; none; many; limits ]
