/// The first name that comes again among many, without holding all of them.
namespace SingleSharp.Core.Concat

open System
open System.Collections.Generic

[<RequireQualifiedAccess>]
module internal RepeatedName =
    /// Bytes for each name whose repetition is looked for in one reading: what stands for it, and its place.
    let private perName = 16L

    /// A number that different names hardly share.
    let private hash (name: string) =
        // FNV-1a, its bits then mixed as in SplitMix64, so that parts of the range hold equal shares of the names.
        let mutable h = 0xCBF29CE484222325UL

        for letter in name do
            h <- (h ^^^ uint64 letter) * 0x100000001B3UL

        h <- (h ^^^ (h >>> 30)) * 0xBF58476D1CE4E5B9UL
        h <- (h ^^^ (h >>> 27)) * 0x94D049BB133111EBUL
        h ^^^ (h >>> 31)

    /// Of the names whose number lies in one of N parts of the range: where the first one stands that shares its number with
    /// an earlier one, and where that stands.
    let private tryIn (names: seq<string>) parts part =
        let hashes = List<uint64>()
        let places = List<int64>()
        let mutable place = 0L

        for name in names do
            let h = hash name

            if int64 (h % uint64 parts) = part then
                hashes.Add h
                places.Add place

            place <- place + 1L

        let hashes, places = hashes.ToArray(), places.ToArray()
        Array.Sort(hashes, places)
        let mutable first = ValueNone
        let mutable start = 0

        while start < hashes.Length do
            let mutable stop = start + 1

            while stop < hashes.Length && hashes[stop] = hashes[start] do
                stop <- stop + 1

            if stop - start > 1 then
                let sorted = Array.sort places[start .. stop - 1]

                if first |> ValueOption.forall (fun (struct (later, _)) -> sorted[1] < later) then
                    first <- ValueSome(struct (sorted[1], sorted[0]))

            start <- stop

        first

    /// The first name that has come before, when the names can be gone through again and again; N of them within N bytes.
    /// Law (repeats): the same for any room.
    let tryFirst (room: int64) (count: int64) (names: seq<string>) =
        // Arrays double while they grow, and are copied once.
        let needed = Checked.(*) (4L * perName) count
        let parts = max 1L ((needed + room - 1L) / max 1L room)

        let found =
            [ for part in 0L .. parts - 1L -> tryIn names parts part ] |> List.filter _.IsSome

        if found.IsEmpty then
            None
        else
            let struct (later, earlier) = (List.min found).Value
            let name = Seq.item (int later) names
            if Seq.item (int earlier) names = name then Some name else None
