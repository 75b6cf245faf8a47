/// Compares a filtered file with what scanpy keeps of its start.
module internal SingleSharp.Golden.FilterAgreement

open Expecto
open SingleSharp.Golden.Expected
open SingleSharp.Golden.Tolerance
open SingleSharp.Golden.Step

/// The positions that stay.
let private positions (keep: Numbers) =
    keep.Values |> Array.indexed |> Array.filter (fun (_, stays) -> stays <> 0.0) |> Array.map fst

let private pick (kept: int[]) (values: 'v[]) =
    kept |> Array.map (fun position -> values[position])

let private pickNumbers kept numbers =
    { numbers with
        Values = pick kept numbers.Values }

/// Names and columns of a frame are those of the rows that stay; the one that was added has scanpy's numbers.
let private frame (start: Results) (output: Results) path kept (added: (string * Numbers) list) =
    let index = path + "/" + start.Text(path, "_index")
    Expect.sequenceEqual (output.Texts index) (pick kept (start.Texts index)) $"the names in {path}"
    let names = List.map fst added
    Agreement.order start output path names

    for column in start.Strings(path, "column-order") |> List.except names do
        let name = $"{path}/{column}"

        if start.HasNumbers name then
            numbers name Exact (output.Numbers name) (pickNumbers kept (start.Numbers name))

    for column, theirs in added do
        numbers $"{path}/{column}" Exact (output.Numbers $"{path}/{column}") (pickNumbers kept theirs)

/// X holds every stored value of the cells and genes that stay, in the old order.
let private matrix (start: Results) (output: Results) (cells: int[]) (genes: int[]) =
    let before = Matrices.read start "X"
    let after = Matrices.read output "X"
    let place = Array.create before.Genes -1
    genes |> Array.iteri (fun number gene -> place[gene] <- number)

    let staying =
        cells
        |> Array.map (fun cell ->
            [| for i in before.Offsets[cell] .. before.Offsets[cell + 1] - 1 do
                   if place[before.Indices[i]] >= 0 then
                       i |])

    let stored = Array.concat staying
    Expect.equal after.Type before.Type "X: its type"
    values "X" Exact after.Values (pick stored before.Values)
    Expect.sequenceEqual after.Indices (stored |> Array.map (fun i -> place[before.Indices[i]])) "the genes of the values"
    Expect.sequenceEqual after.Offsets (staying |> Array.scan (fun total row -> total + row.Length) 0) "where rows begin"
    Expect.equal (Matrices.shape output "X") [ cells.Length; genes.Length ] "the shape of X"
    Agreement.form "X" start output

/// What filter_cells or filter_genes leaves.
let check step (start: Results) (output: Results) (expected: Results) prefix =
    let filtered = if step.Op = "filter_cells" then "obs" else "var"
    let kept = positions (expected.Numbers $"{prefix}{filtered}/keep")

    let added =
        expected.Members $"{prefix}{filtered}"
        |> List.except [ "keep" ]
        |> List.map (fun column -> column, expected.Numbers $"{prefix}{filtered}/{column}")

    Expect.hasLength added 1 "scanpy adds one column"

    let of' frame length =
        if frame = filtered then kept else [| 0 .. length - 1 |]

    let cells, genes =
        match Matrices.shape start "X" with
        | [ cells; genes ] -> of' "obs" cells, of' "var" genes
        | other -> failwith $"X has the shape {other}"

    let after =
        (fact "shape_after" step).Value.EnumerateArray() |> Seq.map _.GetInt32() |> List.ofSeq

    Expect.equal [ cells.Length; genes.Length ] after "these tests cut as scanpy does"

    for path, kept in [ "obs", cells; "var", genes ] do
        frame start output path kept (if path = filtered then added else [])

    matrix start output cells genes
