/// Compressed sparse rows as they lie in a scratch file: row offsets, genes, values.
namespace SingleSharp.Core.Reading

open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

[<RequireQualifiedAccess>]
module internal ScratchRows =
    let private noHeader =
        { Address = Bytes.undefined
          Version = 2
          OrderFlags = 0uy
          LinkCount = 1
          Messages = [] }

    let private line path datatype address count =
        { Path = path
          Header = noHeader
          Type = datatype
          Space = Encode.line count
          Layout = Contiguous address
          Filters = []
          FillValue = Array.zeroCreate (Datatype.size datatype) }

    /// Rows of N values, as they lie in the second scratch file: row offsets, genes, values.
    let ofValues path rows columns numeric precision stored =
        let int64s = DType.datatype DType.Int64
        let int32s = DType.datatype DType.Int32
        let indicesAt = 8L * (rows + 1L)
        let dataAt = Checked.(+) indicesAt (Bytes.align8 (4L * stored))

        Matrix.ofDatasets
            path
            rows
            columns
            numeric
            (line $"{path}/data" (DType.datatype (Precision.dtype precision)) dataAt stored)
            (line $"{path}/indices" int32s indicesAt stored)
            (line $"{path}/indptr" int64s 0L (rows + 1L))
