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

    /// Numbers that are encoded at a time.
    let private batch = 1 <<< 16

    /// Writes numbers, some at a time, and says where.
    let private putNumbers (draft: Draft) numeric (values: float[]) =
        let size = Numeric.size numeric
        let address = draft.Reserve(values.LongLength * int64 size)
        let piece: float[] = Array.zeroCreate (min batch values.Length)
        let bytes: byte[] = Array.zeroCreate (piece.Length * size)

        for first in 0..batch .. values.Length - 1 do
            let count = min batch (values.Length - first)
            Array.blit values first piece 0 count
            let length = ColumnBytes.encode numeric piece count bytes
            draft.Disk.Write(address + int64 first * int64 size, ReadOnlySpan(bytes, 0, length))

        address

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
        | Element.Numbers(numeric, dims, values) -> array draft numeric dims (putNumbers draft numeric values)
        | Element.Placed(numeric, dims, address) -> array draft numeric dims address
