/// New AnnData elements, as values, and how they are encoded on disk.
namespace SingleSharp.Core

open System

/// Something that AnnData keeps under a name (scanpy-semantics, section 9).
[<RequireQualifiedAccess>]
type Element =
    | Dict of (string * Element) list
    | Text of string
    | Flag of bool
    | Number of float
    /// Numbers in their type, with the lengths of the dimensions; the last one varies fastest.
    | Numbers of Numeric * dims: int64 list * float[]
    /// The same, already written to this address.
    | Placed of Numeric * dims: int64 list * address: int64

[<RequireQualifiedAccess>]
module Element =
    /// What anndata goes by when it reads an element.
    let encoding (draft: Draft) kind version =
        [ draft.StringAttribute("encoding-type", kind)
          draft.StringAttribute("encoding-version", version) ]

    let private scalar (draft: Draft) datatype bytes kind =
        draft.PutDataset(datatype, Encode.scalar, draft.Put bytes, encoding draft kind "0.2.0")

    let private array (draft: Draft) numeric dims address =
        draft.PutDataset(Numeric.datatype numeric, Simple(dims, dims), address, encoding draft "array" "0.2.0")

    /// Writes an element and says where.
    let rec put (draft: Draft) element =
        match element with
        | Element.Dict members ->
            let links =
                members |> List.map (fun (name, inner) -> Links.hard name (put draft inner))

            draft.PutGroup(links, encoding draft "dict" "0.1.0")
        | Element.Text text -> scalar draft VlenString (draft.StringReference text) "string"
        | Element.Flag value -> scalar draft (Numeric.datatype Numeric.Bool) [| (if value then 1uy else 0uy) |] "numeric-scalar"
        | Element.Number value -> scalar draft (Numeric.datatype Numeric.Float64) (BitConverter.GetBytes value) "numeric-scalar"
        | Element.Numbers(numeric, dims, values) ->
            let bytes =
                Array.zeroCreate (Memory.length (Memory.times values.LongLength (int64 (Numeric.size numeric))))

            ColumnBytes.encode numeric values values.Length bytes |> ignore
            array draft numeric dims (draft.Put bytes)
        | Element.Placed(numeric, dims, address) -> array draft numeric dims address
