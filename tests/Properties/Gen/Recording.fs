/// A device that notes every change of a file in order, and the files that a loss of power may leave of these changes.
module internal SingleSharp.Properties.Recording

open System
open System.Collections.Generic
open System.Security.Cryptography
open SingleSharp.Core.Files

/// What was done to a file.
type Change =
    | Wrote of position: int64 * bytes: byte[]
    | Resized of length: int64
    | Flushed

/// Hands everything on to a device, and keeps a list of what changes it. It fails once `most` changes are through.
[<Sealed>]
type Recorder(device: Device, most: int) =
    let changes = List<Change>()

    let note change =
        lock changes (fun () ->
            if changes.Count >= most then
                raise (IO.IOException("No space left on device", 28))

            changes.Add change)

    new(device) = new Recorder(device, Int32.MaxValue)

    member _.Changes = List.ofSeq changes

    interface Device with
        member _.Length = device.Length
        member _.Stamp = device.Stamp
        member _.Read(position, target) = device.Read(position, target)

        member _.Write(position, source) =
            note (Wrote(position, source.ToArray()))
            device.Write(position, source)

        member _.SetLength length =
            // Room can always be given back.
            if changes.Count < most || length > device.Length then
                note (Resized length)

            device.SetLength length

        member _.StartFlush() = ()

        member _.Flush() =
            note Flushed
            device.Flush()

        // The kernel would copy without telling anybody.
        member _.Handle = ValueNone
        member _.Dispose() = device.Dispose()

/// The content of a file after one more change.
let after (content: byte[]) change =
    match change with
    | Flushed -> content
    | Resized length ->
        let resized = Array.zeroCreate (int length)
        Array.blit content 0 resized 0 (min content.Length resized.Length)
        resized
    | Wrote(position, bytes) ->
        let written = Array.zeroCreate (max content.Length (int position + bytes.Length))
        Array.blit content 0 written 0 content.Length
        Array.blit bytes 0 written (int position) bytes.Length
        written

let private sector = 512L

/// The first bytes of a write.
let private cut length change =
    match change with
    | Wrote(position, bytes) -> Wrote(position, Array.truncate length bytes)
    | other -> other

/// Disks write a sector whole or not at all, and so the superblock: it begins at 0, 512, 1024 … and lies within one sector.
let private cuts (random: Random) origin change =
    match change with
    | Wrote(position, _) when position = origin -> []
    | Wrote(position, bytes) ->
        let sectors =
            [ for at in (position / sector + 1L) * sector .. sector .. position + bytes.LongLength - 1L -> int (at - position) ]

        let anywhere =
            if bytes.Length > 1 then
                1 :: bytes.Length - 1 :: [ for _ in 1..4 -> random.Next(1, bytes.Length) ]
            else
                []

        List.distinct (sectors @ anywhere)
    | _ -> []

/// A state that a crash may leave: what the file holds, and whether the commit may, or must, have happened.
type Image =
    { Content: byte[]
      MayBeOld: bool
      MayBeNew: bool }

/// Every file that a crash may leave of these changes to `old`, with how often each kind of cut was tried.
/// What came before the last flush is there. Of what came since, anything may be there, in any order, in part: every prefix, also
/// cut inside a write; all but one; and some subsets in some order as the seed says, whose length may be lost as well.
let images seed origin (old: byte[]) (changes: Change list) =
    let random = Random(seed: int)
    let tried = ref 0
    let seen = HashSet<string>()
    let found = List<Image>()

    let isCommit change =
        match change with
        | Wrote(position, _) -> position = origin
        | _ -> false

    let add mayBeOld mayBeNew (content: byte[]) =
        tried.Value <- tried.Value + 1

        if seen.Add $"{mayBeOld}{mayBeNew}{Convert.ToHexString(SHA256.HashData content)}" then
            found.Add
                { Content = content
                  MayBeOld = mayBeOld
                  MayBeNew = mayBeNew }

    let rec epochs (durable: byte[]) isCommitted (changes: Change list) =
        let pending = changes |> List.takeWhile (fun change -> change <> Flushed)
        let commits = List.exists isCommit pending
        let add = add (not isCommitted) (isCommitted || commits)
        let applied = List.fold after durable
        add durable

        for i, change in List.indexed pending do
            let before = applied (List.truncate i pending)
            add (after before change)

            for length in cuts random origin change do
                add (after before (cut length change))

            add (applied (List.removeAt i pending))

        if pending.Length > 1 then
            for _ in 1..48 do
                let chance = random.Next 4

                let some =
                    pending
                    |> List.filter (fun _ -> random.Next 4 <= chance)
                    |> List.sortBy (fun _ -> random.Next())
                    |> List.map (fun change ->
                        match cuts random origin change with
                        | [] -> change
                        | lengths when random.Next 4 = 0 -> cut lengths[random.Next lengths.Length] change
                        | _ -> change)

                let image = applied some
                add image

                // How long the file is may come to the disk later than what is in it.
                if image.Length > durable.Length then
                    add (Array.truncate (random.Next(durable.Length, image.Length)) image)

        match List.skip pending.Length changes with
        | [] -> ()
        | _ :: rest -> epochs (applied pending) (isCommitted || commits) rest

    epochs old false changes
    List.ofSeq found, tried.Value
