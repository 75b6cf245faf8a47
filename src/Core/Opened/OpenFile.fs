/// A file while it is open for somebody: what goes wrong with it, and whether it is still the file that was opened.
namespace SingleSharp.Core.Opened

open System
open System.Collections.Generic
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Hdf5

/// A file that is open for reading, one thread at a time.
[<Sealed>]
type internal OpenFile(store: Hdf5File, settings: Settings) =
    let mutable isOpen = true
    let kept = Stack<IDisposable>()

    /// A file that another one has taken the place of has changed, too, but what is in it has not.
    let requireSame () =
        let now = store.Disk.Device.Stamp

        if now.Length <> store.State.Length || now.Written <> store.State.Written then
            raise (
                SingleSharpException(
                    FaultKind.InputChanged,
                    $"{Printable.line store.Path} was changed by somebody else since it was opened; open it again."
                )
            )

    let views = Dictionary<string, IDisposable>()

    member _.Store = store
    member _.Settings = settings

    /// Something that is made once for a path, and goes with the file.
    member _.Keep(path: string, make: unit -> 't when 't :> IDisposable) : 't =
        match views.TryGetValue path with
        | true, (:? 't as known) -> known
        | _ ->
            let made = make ()
            views[path] <- made
            kept.Push made
            made

    member _.Close() =
        isOpen <- false

        while kept.Count > 0 do
            kept.Pop().Dispose()

        (store :> IDisposable).Dispose()

    /// Reads something. Expected trouble is an exception of the contract; so is a file that somebody has changed meanwhile, of which
    /// nothing is given.
    member _.Look(read: unit -> 'r) : 'r =
        if not isOpen then
            raise (ObjectDisposedException "H5adFile")

        try
            let answer = read ()
            requireSame ()
            answer
        with trouble when (Fault.tryFind trouble).IsSome ->
            // What is amiss in a file that has changed is not what was opened.
            requireSame ()
            let fault = (Fault.tryFind trouble).Value
            raise (SingleSharpException(Fault.kind fault, Fault.sentenceFor settings.Spelling fault))

    /// Reads a sequence as it is gone through; each time it is gone through, it is read anew.
    member file.Each(make: unit -> seq<'v>) : seq<'v> =
        seq {
            use values = file.Look(fun () -> (make ()).GetEnumerator())

            while file.Look values.MoveNext do
                values.Current
        }
