/// The file that a conversion would make, as far as a plan looks at it: in memory, without values of X and names of cells.
namespace SingleSharp.Core

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

    /// A column of text as one of categories, which takes less room; more of them than anybody judges genes in are one.
    let private categories (texts: seq<string>) =
        let most = 1 <<< 20
        let known = Dictionary<string, int>()

        let codes =
            [| for text in texts do
                   match known.TryGetValue text with
                   | true, code -> code
                   | _ when known.Count = most -> 0
                   | _ ->
                       known[text] <- known.Count
                       known.Count - 1 |]

        Field.Categories(Labels.Texts(Array.ofSeq known.Keys), false, codes)

    let private obs (draft: Draft) cells (columns: (string * Field) list) batchKey =
        let bytes = Checked.(*) cells (int64 (Datatype.size VlenString))

        let index =
            draft.PutDataset(VlenString, Encode.line cells, draft.Reserve bytes, Element.encoding draft "string-array" "0.2.0")

        /// Only batches are looked at.
        let put name field =
            match field with
            | Field.Texts texts when Some name = batchKey -> NewFrame.put draft cells (categories texts)
            | _ when Some name = batchKey -> NewFrame.put draft cells field
            | _ -> NewFrame.put draft 0L (Field.Numbers(Numeric.Int8, Seq.empty))

        NewFrame.group draft index [ for name, field in columns -> name, put name field ]

    /// The sketch of what some inputs make together, with so many values; of the columns of obs only the batches are there.
    /// Law (sketch): its plan is that of the file itself.
    let make path (combination: Combination) stored batchKey =
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
              "obs", obs draft cells annotations.Obs batchKey
              "var", NewFrame.write draft (int64 genes) annotations.GeneNames annotations.Var
              for name in [ "layers"; "obsm"; "obsp"; "uns"; "varm"; "varp" ] do
                  name, Fresh.dict draft ]

        draft.Commit(
            draft.PutGroup(members |> List.map (fun (name, address) -> Links.hard name address), Element.encoding draft "anndata" "0.1.0")
        )

        Store.onDevice path device |> Schema.opened MatrixName.X
