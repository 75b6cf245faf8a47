/// A file that is written must not take the place of another one that the same run reads or writes.
namespace SingleSharp.Core.Run

open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Inputs

[<RequireQualifiedAccess>]
module internal Apart =
    /// The files that are read of a path: three where it is a folder with matrix.mtx.
    let private filesOf (path: string) =
        match MatrixFolder.tryFolder path with
        | None -> [ path ]
        | Some folder ->
            try
                let struct (matrix, genes, cells) = MatrixFolder.filesOf folder
                [ matrix; genes; cells ]
            with FaultException _ ->
                [ path ]

    /// Refuses a target that is one of the others, by whatever name.
    let require (target: string) (others: string list) =
        for other in List.collect filesOf others do
            if AtomicReplace.leadToOne target other || AtomicReplace.resolve target = AtomicReplace.resolve other then
                Fault.throw (CannotWrite(target, "the run reads or writes that file too; choose another name"))
