/// Whether an open file is changed or replaced by somebody else.
namespace SingleSharp.Core.Hdf5

open SingleSharp.Core.Files

[<RequireQualifiedAccess>]
module internal FileWatch =
    /// The file that is open, as the operating system knows it.
    let private opened (store: Hdf5File) =
        match store.Disk.Device.Handle with
        | ValueSome handle -> ValueSome(Status.ofHandle handle)
        | ValueNone -> Status.tryFind store.Path

    /// Has another file taken the place of the one that is open, or none?
    let onPlace (store: Hdf5File) =
        let own = opened store
        // Without numbers of files, one can be told from another as long as one of them is held.
        let isHeld =
            match own with
            | ValueSome { Node = ValueSome _ } -> false
            | _ -> TempFile.isHeld store.Path

        fun () ->
            match own, Status.tryFind store.Path with
            | ValueSome { Node = ValueSome node }, ValueSome now -> now.Node <> ValueSome node
            | _, ValueSome _ -> isHeld && not (TempFile.isHeld store.Path)
            | _, ValueNone -> true

    /// Keeps an eye on an open file: what it returns tells whether the file has been changed or replaced by somebody else since.
    let onContent (store: Hdf5File) =
        let isReplaced = onPlace store

        fun () ->
            match Status.tryFind store.Path with
            | ValueSome now -> Status.stamp now <> store.State || isReplaced ()
            | ValueNone -> true
