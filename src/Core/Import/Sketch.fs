/// The file that a conversion would make, as far as a plan looks at it: in memory, without values of X and names of cells.
namespace SingleSharp.Core

open System
open System.Collections.Generic

[<RequireQualifiedAccess>]
module Sketch =
    /// A new array of X as Fresh would leave it, its chunks in their places, with nothing in them.
    let private array (draft: Draft) path numeric most count =
        let pattern = Fresh.pattern path numeric most
        let size = int64 (Numeric.size numeric)

        let extent =
            match pattern.Layout with
            | Chunked(shape, _, _, _) -> shape[0]
            | _ -> invalidOp $"{path} has no chunks"

        let chunks =
            [| for _ in 1L .. (count + extent - 1L) / extent ->
                   { Address = draft.Reserve(extent * size)
                     Size = extent * size
                     Mask = 0u } |]

        let index =
            ChunkTree.write draft Fresh.chunkNodeK [| extent |] [| chunks.LongLength |] (int size) chunks

        draft.PutReplacement(pattern, pattern.Type, Dataspace.resized [ count ] pattern.Space, Encode.chunked [| extent |] (int size) index)

    /// Categories of some values, and one more than anybody judges genes in where there are more. Values are gone through twice.
    let private categories (labels: 'value[] -> Labels) (values: seq<'value voption>) =
        let known = Dictionary<'value, int>()
        use value = values.GetEnumerator()

        while known.Count <= Batches.mostBatches && value.MoveNext() do
            if value.Current.IsSome then
                known.TryAdd(value.Current.Value, known.Count) |> ignore

        let code (value: 'value voption) =
            match value with
            | ValueSome value -> known.GetValueOrDefault(value, -1)
            | ValueNone -> -1

        Field.Categories(labels (Array.ofSeq known.Keys), false, Seq.map code values)

    let private ofNumbers numeric (batches: seq<struct (byte[] * bool[])>) =
        let size = Numeric.size numeric

        batches
        |> Seq.collect (fun (struct (bytes, missing)) ->
            Seq.init missing.Length (fun row ->
                if missing[row] then ValueNone else ValueSome(Convert.ToHexString(bytes, row * size, size))))
        |> categories (fun keys -> Labels.Numbers(numeric, keys |> Array.collect Convert.FromHexString))

    /// A column of batches as categories, which take less room. Fractions name none.
    let private batches field =
        match field with
        | Field.Texts texts -> texts |> Seq.map ValueSome |> categories Labels.Texts
        | Field.TextsOrNone(_, texts) -> categories Labels.Texts texts
        | Field.Numbers(numeric, batches) when not (Numeric.isFloat numeric) ->
            batches
            |> Seq.map (fun bytes -> struct (bytes, Array.zeroCreate (bytes.Length / Numeric.size numeric)))
            |> ofNumbers numeric
        | Field.NumbersOrNone(numeric, batches) -> ofNumbers numeric batches
        | Field.Numbers _
        | Field.Categories _ -> field

    let private obs (draft: Draft) (held: Held) cells (columns: (string * Field) list) batchKey =
        let bytes = Checked.(*) cells (int64 (Datatype.size VlenString))

        let index =
            draft.PutDataset(VlenString, Encode.line cells, draft.Reserve bytes, Element.encoding draft "string-array" "0.2.0")

        /// Only batches are looked at; their codes are held.
        let put name field =
            match field with
            | _ when Some name <> batchKey -> NewFrame.put draft 0L (Field.Numbers(Numeric.Int8, Seq.empty))
            | Field.Numbers(numeric, _) when Numeric.isFloat numeric ->
                let bytes = Memory.times cells (int64 (Numeric.size numeric))
                draft.PutDataset(Numeric.datatype numeric, Encode.line cells, draft.Reserve bytes, Element.encoding draft "array" "0.2.0")
            | _ ->
                match batches field with
                | Field.Categories(labels, _, _) as field ->
                    held.Take(Memory.times cells (int64 (NewFrame.codeBytes (Labels.count labels))))
                    NewFrame.put draft cells field
                | other -> NewFrame.put draft cells other

        NewFrame.group draft index [ for name, field in columns -> name, put name field ]

    /// The sketch of what some inputs make together, with so many values; of the columns of obs only the batches are there.
    /// Law (sketch): its plan is that of the file itself.
    let make path (held: Held) (combination: Combination) stored batchKey =
        let annotations = combination.Annotations
        let cells = combination.Inputs |> List.sumBy _.Cells
        let most = combination.Inputs |> List.sumBy _.Stored
        let genes = annotations.GeneNames.Length
        let device = new MemoryDevice()
        let draft = Fresh.draft (new Disk(path, device, 0L))
        let index = IndexType.fresh (max most (int64 genes))

        let x =
            Fresh.matrix
                draft
                cells
                genes
                [ "data", array draft "X/data" combination.Type most stored
                  "indices", array draft "X/indices" index most stored
                  "indptr", array draft "X/indptr" index (cells + 1L) (cells + 1L) ]

        let members =
            [ "X", x
              "obs", obs draft held cells annotations.Obs batchKey
              "var", NewFrame.write draft (int64 genes) annotations.GeneNames annotations.Var
              for name in [ "layers"; "obsm"; "obsp"; "uns"; "varm"; "varp" ] do
                  name, Fresh.dict draft ]

        draft.Commit(
            draft.PutGroup(members |> List.map (fun (name, address) -> Links.hard name address), Element.encoding draft "anndata" "0.1.0")
        )

        Store.onDevice path device |> Schema.opened MatrixName.X
