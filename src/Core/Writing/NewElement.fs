/// New AnnData elements, as values, and how they are encoded on disk.
namespace SingleSharp.Core.Writing

open System
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

/// Something that AnnData keeps under a name (scanpy-semantics, section 9).
[<RequireQualifiedAccess>]
type internal NewElement =
    | Dict of (string * NewElement) list
    | Text of string
    | Texts of string list
    | Flag of bool
    | Number of float
    /// Numbers in their type, with the lengths of the dimensions; the last one varies fastest.
    | Numbers of DType * dims: int64 list * float[]
    /// The same, already written to this address.
    | Placed of DType * dims: int64 list * address: int64

[<RequireQualifiedAccess>]
module internal NewElement =
    /// What anndata goes by when it reads an element.
    let encoding (editor: FileEditor) kind version =
        [ editor.StringAttribute("encoding-type", kind)
          editor.StringAttribute("encoding-version", version) ]

    let private scalar (editor: FileEditor) datatype bytes kind =
        editor.PutDataset(datatype, Encode.scalar, editor.Put bytes, encoding editor kind "0.2.0")

    let private array (editor: FileEditor) numeric dims address =
        editor.PutDataset(DType.datatype numeric, Simple(dims, dims), address, encoding editor "array" "0.2.0")

    /// Numbers that are encoded at a time.
    let private batch = 1 <<< 16

    /// Writes numbers, some at a time, and says where.
    let private putNumbers (editor: FileEditor) numeric (values: float[]) =
        let size = DType.size numeric
        let address = editor.Reserve(values.LongLength * int64 size)
        let piece: float[] = Array.zeroCreate (min batch values.Length)
        let bytes: byte[] = Array.zeroCreate (piece.Length * size)

        for first in 0..batch .. values.Length - 1 do
            let count = min batch (values.Length - first)
            Array.blit values first piece 0 count
            let length = ColumnBytes.encode numeric piece count bytes
            editor.Disk.Write(address + int64 first * int64 size, ReadOnlySpan(bytes, 0, length))

        address

    /// Writes an element and says where.
    let rec put (editor: FileEditor) element =
        match element with
        | NewElement.Dict members ->
            let links =
                members |> List.map (fun (name, inner) -> Links.hard name (put editor inner))

            editor.PutGroup(links, encoding editor "dict" "0.1.0")
        | NewElement.Text text -> scalar editor VlenString (editor.StringReference text) "string"
        | NewElement.Texts texts ->
            let references = texts |> List.map editor.StringReference |> Bytes.concat
            editor.PutDataset(VlenString, Encode.line (int64 texts.Length), editor.Put references, encoding editor "string-array" "0.2.0")
        | NewElement.Flag value -> scalar editor (DType.datatype DType.Bool) [| (if value then 1uy else 0uy) |] "numeric-scalar"
        | NewElement.Number value -> scalar editor (DType.datatype DType.Float64) (BitConverter.GetBytes value) "numeric-scalar"
        | NewElement.Numbers(numeric, dims, values) -> array editor numeric dims (putNumbers editor numeric values)
        | NewElement.Placed(numeric, dims, address) -> array editor numeric dims address
