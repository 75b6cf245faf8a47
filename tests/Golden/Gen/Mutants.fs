/// Files with damage that a seed decides, and whether every command ends on them as it must.
module internal SingleSharp.Golden.Mutants

open System
open System.Buffers.Binary
open System.Text
open System.Threading
open SingleSharp.Core
open SingleSharp.Core.Hdf5

/// A file to damage: its bytes, the places of addresses in it, where its structures begin, and what its checksums cover.
type Original =
    {
        Name: string
        Bytes: byte[]
        Addresses: int[]
        Structures: int[]
        /// The first byte of what a checksum covers, the end of it, and where the checksum stands.
        Seals: struct (int * int * int)[]
    }

let private signatures =
    [ "TREE"
      "SNOD"
      "HEAP"
      "GCOL"
      "OHDR"
      "OCHK"
      "FRHP"
      "FHDB"
      "FHIB"
      "BTHD"
      "BTLF"
      "BTIN"
      "FAHD"
      "FADB"
      "EAHD"
      "EAIB"
      "EASB"
      "EADB" ]
    |> List.map Encoding.ASCII.GetBytes

/// No piece of metadata in small files is longer.
let private longestSealed = 2048

/// The checksum of a block of a fractal heap stands in front of its objects, and counts as zero itself.
let private sealOfHeapBlock (bytes: byte[]) at =
    Seq.allPairs [ 512; 1024; 2048; 4096 ] [ 13 + 1 .. 13 + 8 ]
    |> Seq.tryPick (fun (size, offset) ->
        if at + size <= bytes.Length then
            let block = bytes[at .. at + size - 1]
            Array.Clear(block, offset, 4)

            if Checksum.lookup3 (ReadOnlySpan block) = BitConverter.ToUInt32(bytes, at + offset) then
                Some(struct (at, at + size, at + offset))
            else
                None
        else
            None)

/// Behind what begins here, the first place that holds its checksum.
let private sealBehind (bytes: byte[]) at =
    seq { 8 .. min longestSealed (bytes.Length - at - 4) }
    |> Seq.tryFind (fun length -> Checksum.lookup3 (ReadOnlySpan(bytes, at, length)) = BitConverter.ToUInt32(bytes, at + length))
    |> Option.map (fun length -> struct (at, at + length, at + length))

let original name (bytes: byte[]) =
    let structures =
        [| for at in 0 .. bytes.Length - 4 do
               if signatures |> List.exists (fun signature -> bytes.AsSpan(at, 4).SequenceEqual(ReadOnlySpan signature)) then
                   at |]

    let isNew = bytes.Length > 48 && bytes[8] >= 2uy

    { Name = name
      Bytes = bytes
      Addresses =
        [| for at in 0..4 .. bytes.Length - 8 do
               let value = BitConverter.ToInt64(bytes, at)

               if value > 0L && value < bytes.LongLength && (value > 255L || value % 8L = 0L) then
                   at |]
      Structures = structures
      Seals =
        [| if isNew then
               struct (0, 44, 44)
           for at in structures do
               let signature = Encoding.ASCII.GetString(bytes, at, 4)

               if signature = "FHDB" then
                   yield! Option.toArray (sealOfHeapBlock bytes at)
               elif not (List.contains signature [ "TREE"; "SNOD"; "HEAP"; "GCOL" ]) then
                   yield! Option.toArray (sealBehind bytes at) |] }

/// Makes checksums fit again, so that what is behind them is met too.
let private reseal original (bytes: byte[]) =
    for struct (start, stop, place) in original.Seals do
        if max stop (place + 4) <= bytes.Length then
            let covered = bytes[start .. stop - 1]

            if place < stop then
                Array.Clear(covered, place - start, 4)

            BinaryPrimitives.WriteUInt32LittleEndian(Span(bytes, place, 4), Checksum.lookup3 (ReadOnlySpan covered))

let private extremes =
    [| 0L
       1L
       -1L
       -2L
       Int64.MaxValue
       Int64.MinValue
       0x7fffffffL
       0xffffffffL
       1L <<< 40
       1L <<< 30
       0xffffL
       8L |]

/// Zeros are mostly room that nobody reads.
let rec private place (random: Random) (bytes: byte[]) =
    let at = random.Next bytes.Length
    if bytes[at] = 0uy && random.Next 4 > 0 then place random bytes else at

let private pick (random: Random) (items: 'a[]) = items[random.Next items.Length]

/// One change; says what it is.
let private change (random: Random) original (bytes: byte[]) =
    let put at (value: int64) width =
        let at = min at (bytes.Length - 8)
        BitConverter.GetBytes(value).AsSpan(0, width).CopyTo(bytes.AsSpan at)

    let addresses =
        original.Addresses |> Array.filter (fun at -> at + 8 <= bytes.Length)

    match random.Next 12 with
    | 0
    | 1 ->
        let at = place random bytes
        let bit = random.Next 8
        bytes[at] <- bytes[at] ^^^ (1uy <<< bit)
        bytes, $"bit {bit} of byte {at} flipped"
    | 2
    | 3 ->
        let at = place random bytes
        bytes[at] <- byte (random.Next 256)
        bytes, $"byte {at} set to {bytes[at]}"
    | 4 ->
        let length = random.Next(8, bytes.Length)
        Array.truncate length bytes, $"cut to {length} bytes"
    | 5 ->
        let more = Array.zeroCreate<byte>(random.Next(1, 2000))
        random.NextBytes more
        Array.append bytes more, $"{more.Length} bytes appended"
    | 6 when addresses.Length > 1 ->
        let one, other = pick random addresses, pick random addresses

        let first, second =
            BitConverter.ToInt64(bytes, one), BitConverter.ToInt64(bytes, other)

        put one second 8
        put other first 8
        bytes, $"the addresses at {one} and {other} swapped"
    | 7
    | 8 ->
        let at = place random bytes
        let value = pick random extremes
        let width = pick random [| 2; 4; 8 |]
        put at value width
        bytes, $"{width} bytes from {at} on set to {value}"
    | 9 ->
        let at = place random bytes
        let length = min (bytes.Length - at) (random.Next(1, 64))
        Array.Clear(bytes, at, length)
        bytes, $"{length} bytes from {at} on set to zero"
    | 10 when addresses.Length > 0 && original.Structures.Length > 0 ->
        let at = pick random addresses

        // Back to the structure that holds the address, or to any other.
        let target =
            match Array.tryFindBack (fun structure -> structure <= at) original.Structures with
            | Some own when random.Next 2 = 0 -> own
            | _ -> pick random original.Structures

        put at (int64 target) 8
        bytes, $"the address at {at} set to {target}"
    | _ ->
        let from, into = place random bytes, place random bytes
        let length = min (bytes.Length - max from into) (random.Next(1, 64))
        Array.Copy(bytes, from, bytes, into, length)
        bytes, $"{length} bytes copied from {from} to {into}"

/// The mutant of a seed, and what was done to it.
let mutant original (seed: int) =
    let random = Random seed

    let bytes, told =
        ((Array.copy original.Bytes, []), [ 0 .. pick random [| 0; 0; 0; 1; 2 |] ])
        ||> List.fold (fun (bytes, told) _ ->
            let bytes, what = change random original bytes
            bytes, what :: told)

    let isSealed = random.Next 2 = 0

    if isSealed then
        reseal original bytes

    let steps = String.concat ", then " (List.rev told)
    bytes, (if isSealed then $"{steps}; checksums made to fit" else steps)

/// A command must end in so many seconds, and allocate so many bytes at most.
let private mostSeconds = 5.0

let private mostBytes = 400L * 1024L * 1024L

/// How a command ended.
type Ending =
    | Success
    | Refusal of kind: string
    | Trouble of string

let private run (command: Settings -> Result<unit, Fault>) =
    use stop = new CancellationTokenSource()
    let mutable ending = Success

    let settings =
        { Settings.standard with
            Workers = 1
            Memory = 128L * 1024L * 1024L
            Cancel = stop.Token }

    let work () =
        try
            match command settings with
            | Ok() -> ()
            | Error fault ->
                let sentence = Fault.sentence fault

                ending <-
                    if sentence.Contains '\n' then
                        Trouble $"more than one line: {sentence}"
                    else
                        Refusal(string (Fault.kind fault))
        with
        | :? OperationCanceledException -> ()
        | unexpected ->
            let top =
                unexpected.StackTrace.Split '\n'
                |> Array.filter _.Contains("SingleSharp.Core")
                |> Array.truncate 2
                |> Array.map _.Trim()

            ending <- Trouble $"""{unexpected.GetType().Name}: {unexpected.Message} {String.concat " < " top}"""

    let allocated = GC.GetTotalAllocatedBytes()
    let thread = Thread(work, IsBackground = true)
    thread.Start()
    let hasEnded = thread.Join(TimeSpan.FromSeconds mostSeconds)
    let grown = GC.GetTotalAllocatedBytes() - allocated

    if not hasEnded then
        stop.Cancel()
        thread.Join(TimeSpan.FromSeconds 5.0) |> ignore
        Trouble $"it does not end in {mostSeconds} s"
    elif ending.IsTrouble then
        ending
    elif grown > mostBytes then
        Trouble $"it allocates {grown >>> 20} MiB"
    else
        ending

let private ignoring result = Result.map ignore result

/// What commands do with a mutant at `path`: those that write leave their output beside it.
let endings (path: string) : (string * Ending) list =
    [ "info", (fun settings -> Pipeline.info Recipe.standard settings (Input.file path) |> ignoring)
      "digest", (fun settings -> Pipeline.digest settings path |> ignoring)
      "verify", (fun settings -> Pipeline.verify settings path |> ignoring)
      "qc",
      (fun settings -> Pipeline.run (Recipe.ofSteps [ Qc.step Qc.defaults ]) settings (Input.file path) (NewFile $"{path}.qc") |> ignoring)
      "preprocess", (fun settings -> Pipeline.run Recipe.standard settings (Input.file path) (NewFile $"{path}.preprocess") |> ignoring) ]
    |> List.map (fun (name, command) -> name, run command)
