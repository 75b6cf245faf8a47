/// Writes the index of a chunked dataset: a version-1 B-tree, which every HDF5 library reads.
namespace SingleSharp.Core.Hdf5

open System
open SingleSharp.Core.Files

/// A chunk or a node, by the first chunk in it.
[<Struct>]
type private TreeChild =
    {
        /// The place of the first chunk in row-major order.
        First: int64
        Size: int64
        Mask: uint32
        Child: int64
    }

[<RequireQualifiedAccess>]
module internal ChunkTree =
    /// The position of a chunk's first element.
    let private position (shape: int64[]) (counts: int64[]) chunk =
        let offsets = Array.zeroCreate<int64> shape.Length
        let mutable rest = chunk

        for d in shape.Length - 1 .. -1 .. 0 do
            offsets[d] <- rest % counts[d] * shape[d]
            rest <- rest / counts[d]

        offsets

    /// Writes all nodes, leaves first, and returns the address of the root; undefined where there are no chunks.
    /// `chunks` are in row-major order of their position: `counts` of them along each dimension, of `shape` elements each.
    /// One without an address was left unwritten. `k` is half of what a node can hold.
    let write (editor: FileEditor) k (shape: int64[]) (counts: int64[]) elementSize (chunks: ChunkEntry[]) =
        let nodeSize = int64 (Encode.treeNodeSize k shape.Length)
        let offsets = position shape counts

        let rec levels level (children: TreeChild[]) =
            let nodes = Array.chunkBySize (2 * k) children
            let start = editor.Reserve(nodeSize * int64 nodes.Length)

            let addressOf i =
                if i < 0 || i >= nodes.Length then Bytes.undefined else start + int64 i * nodeSize

            for i in 0 .. nodes.Length - 1 do
                let last =
                    if i + 1 < nodes.Length then
                        offsets (Array.head nodes[i + 1]).First
                    else
                        Array.map2 (+) (offsets (chunks.LongLength - 1L)) shape

                let held =
                    nodes[i] |> Array.map (fun child -> struct (offsets child.First, uint32 child.Size, child.Mask, child.Child))

                let image =
                    Encode.treeNode k level (addressOf (i - 1)) (addressOf (i + 1)) held last elementSize

                editor.Disk.Write(addressOf i, ReadOnlySpan image)

            if nodes.Length = 1 then
                start
            else
                nodes
                |> Array.mapi (fun i node ->
                    { Array.head node with
                        Child = addressOf i })
                |> levels (level + 1)

        let written =
            [| for i in 0 .. chunks.Length - 1 do
                   if chunks[i].Address <> Bytes.undefined then
                       { First = int64 i
                         Size = chunks[i].Size
                         Mask = chunks[i].Mask
                         Child = chunks[i].Address } |]

        if written.Length = 0 then Bytes.undefined else levels 0 written
