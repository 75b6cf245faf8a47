/// Lets what was written leave for the device while cells are still read.
namespace SingleSharp.Core.Writing

open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Files

[<RequireQualifiedAccess>]
module internal FlushSink =
    /// Starts a flush of the file after every block, so that there is little to wait for when everything is flushed in the end.
    let every (disk: RandomAccessFile) : Sink<RowBatch> =
        Sink.ofBuffer
            { Begin = ignore
              Fill = fun () _ -> ()
              IsFull = fun () -> false
              Flush = ignore
              Recycle = fun () -> disk.Device.StartFlush()
              Complete = ignore }
