/// Writes the index of a chunked dataset of one dimension: a version-1 B-tree, which every HDF5 library reads.
namespace SingleSharp.Core

open System

/// A chunk as it was stored, by its position in the dataset.
[<Struct>]
type StoredChunk = { Address: int64; Size: int }

[<RequireQualifiedAccess>]
module ChunkTree =
    /// Writes all nodes, leaves first, and returns the address of the root; undefined where there are no chunks.
    /// `extent` is the number of elements in a chunk, `k` half of what a node can hold.
    let write (draft: Draft) k (extent: int64) elementSize (chunks: StoredChunk[]) =
        let nodeSize = int64 (24 + (2 * k + 1) * 24 + 2 * k * 8)
        let finish = extent * int64 chunks.Length

        let rec levels level (children: struct (int64 * uint32 * uint32 * int64)[]) =
            let nodes = Array.chunkBySize (2 * k) children
            let start = draft.Reserve(nodeSize * int64 nodes.Length)

            let addressOf i =
                if i < 0 || i >= nodes.Length then Bytes.undefined else start + int64 i * nodeSize

            let firstOf i =
                let struct (offset, _, _, _) = nodes[i][0]
                offset

            for i in 0 .. nodes.Length - 1 do
                let last = if i + 1 < nodes.Length then firstOf (i + 1) else finish

                let image =
                    Encode.treeNode k level (addressOf (i - 1)) (addressOf (i + 1)) nodes[i] last elementSize

                draft.Disk.Write(addressOf i, ReadOnlySpan image)

            if nodes.Length = 1 then
                start
            else
                nodes
                |> Array.mapi (fun i node ->
                    let struct (offset, size, mask, _) = node[0]
                    struct (offset, size, mask, addressOf i))
                |> levels (level + 1)

        if chunks.Length = 0 then
            Bytes.undefined
        else
            chunks |> Array.mapi (fun i chunk -> struct (int64 i * extent, uint32 chunk.Size, 0u, chunk.Address)) |> levels 0
