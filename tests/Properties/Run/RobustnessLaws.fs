/// Whatever is wrong with a file, every command ends soon, in a result or a fault.
module internal SingleSharp.Properties.RobustnessLaws

open System
open System.Buffers.Binary
open System.IO
open System.Text
open System.Threading
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Writing

let private mostSeconds = 5
let private mostBytes = 400L * 1024L * 1024L

/// Where version-2 object headers begin, with their lengths.
let private headers (bytes: byte[]) =
    let signature = Encoding.ASCII.GetBytes "OHDR"

    [ for at in 0 .. bytes.Length - 16 do
          if bytes.AsSpan(at, 4).SequenceEqual(ReadOnlySpan signature) && bytes[at + 4] = 2uy then
              let flags = bytes[at + 5]

              let before =
                  6 + (if flags &&& 0x20uy <> 0uy then 16 else 0) + (if flags &&& 0x10uy <> 0uy then 4 else 0)

              let size =
                  match flags &&& 3uy with
                  | 0uy -> int bytes[at + before] + 1
                  | 1uy -> int (BinaryPrimitives.ReadUInt16LittleEndian(ReadOnlySpan(bytes, at + before, 2))) + 2
                  | _ -> int (BinaryPrimitives.ReadUInt32LittleEndian(ReadOnlySpan(bytes, at + before, 4))) + 4

              if at + before + size + 4 <= bytes.Length then
                  at, before + size + 4 ]

/// Makes the checksums fit again, so that what is behind them is met too.
let private seal (headers: (int * int) list) (bytes: byte[]) =
    let put at length =
        BinaryPrimitives.WriteUInt32LittleEndian(Span(bytes, at + length - 4, 4), Checksum.lookup3 (ReadOnlySpan(bytes, at, length - 4)))

    for at, length in headers do
        if at + length <= bytes.Length then
            put at length

    if bytes.Length > 48 && bytes[8] >= 2uy then
        put 0 48

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
       8L |]

/// Changes bytes as the seed says, and tells how.
let private mutate (random: Random) (original: byte[]) =
    let bytes = Array.copy original

    // Zeros are mostly room that nobody reads.
    let rec place () =
        let at = random.Next bytes.Length
        if bytes[at] = 0uy && random.Next 4 > 0 then place () else at

    let told =
        match random.Next 10 with
        | 0 -> []
        | roll when roll < 6 ->
            [ for _ in 0 .. random.Next 3 do
                  let at = place ()
                  let bit = random.Next 8
                  bytes[at] <- bytes[at] ^^^ (1uy <<< bit)
                  $"bit {bit} of byte {at} flipped" ]
        | roll when roll < 8 ->
            let at = place ()
            bytes[at] <- byte (random.Next 256)
            [ $"byte {at} set to {bytes[at]}" ]
        | _ ->
            let at = min (place ()) (bytes.Length - 8)
            let value = extremes[random.Next extremes.Length]
            let width = if random.Next 2 = 0 then 4 else 8
            BitConverter.GetBytes(value).AsSpan(0, width).CopyTo(bytes.AsSpan at)
            [ $"{width} bytes from {at} on set to {value}" ]

    if told.IsEmpty then
        let length = random.Next bytes.Length
        bytes[.. length - 1], [ $"cut to {length} bytes" ]
    else
        bytes, told

let private settings cancel =
    { Settings.standard with
        Workers = 1
        Memory = 256L * 1024L * 1024L
        Cancel = cancel }

/// What is wrong with the way a command ends, if anything is.
let troubleOf (command: Settings -> Result<'a, Fault>) =
    use stop = new CancellationTokenSource()
    let mutable trouble = None
    let allocated = GC.GetTotalAllocatedBytes()

    let run () =
        try
            command (settings stop.Token) |> ignore
        with
        | :? OperationCanceledException -> ()
        | unexpected ->
            let top =
                unexpected.StackTrace.Split('\n')
                |> Array.tryFind (fun line -> line.Contains "SingleSharp.Core")
                |> Option.defaultValue ""

            trouble <- Some $"{unexpected.GetType().Name}: {unexpected.Message} {top.Trim()}"

    let thread = Thread(run, IsBackground = true)
    thread.Start()
    let ended = thread.Join(TimeSpan.FromSeconds(int64 mostSeconds))

    if not ended then
        stop.Cancel()
        thread.Join(TimeSpan.FromSeconds 3L) |> ignore

    let grown = GC.GetTotalAllocatedBytes() - allocated

    if not ended then Some $"it does not end in {mostSeconds} s"
    elif trouble.IsSome then trouble
    elif grown > mostBytes then Some $"it takes {grown} bytes of memory"
    else None

let private commands: (string * (Settings -> string -> Result<unit, Fault>)) list =
    [ "digest", (fun settings path -> Pipeline.digest settings path |> Result.map ignore)
      "info", (fun settings path -> Pipeline.info Recipe.standard settings (Input.file path) |> Result.map ignore)
      "preprocess",
      (fun settings path ->
          GenFiles.withPath (fun target ->
              Pipeline.run Recipe.standard settings (Input.file path) (Output.NewFile target) |> Result.map ignore))
      "qc",
      (fun settings path -> Pipeline.run (Recipe.ofSteps [ Qc.step Qc.defaults ]) settings (Input.file path) InPlace |> Result.map ignore) ]

/// So many mutants of a file; every line that comes back replays one.
let private survives name (original: Lazy<byte[]>) seeds =
    testCase $"{List.length seeds} mutants of {name}" (fun () ->
        let headers = headers original.Value

        let found =
            [ for seed in seeds do
                  let bytes, told = mutate (Random(seed: int)) original.Value

                  if seed % 2 = 0 then
                      seal headers bytes

                  for command, run in commands do
                      match GenFiles.withBytes bytes (fun path -> troubleOf (fun settings -> run settings path)) with
                      | Some trouble ->
                          let how = String.concat ", " told
                          let sealing = if seed % 2 = 0 then ", checksums made to fit" else ""
                          $"{command} of {name}, seed {seed} ({how}{sealing}): {trouble}"
                      | None -> () ]

        if not found.IsEmpty then
            failtest (String.concat "\n" found))

/// A new file of PureHDF, the same bytes every time.
let private fresh =
    lazy
        (GenFiles.withPath (fun path ->
            let rows =
                { AnnDataFiles.manyRows with
                    Rows = List.truncate 50 AnnDataFiles.manyRows.Rows }

            NewFile.write path (InChunks 20) (AnnDataFiles.counts rows)
            File.ReadAllBytes path))

let private fixture name = lazy (GenFiles.fixtureBytes name)

let tests =
    testSequenced
    <| testList
        "Robustness"
        [
          // Seeds behind an @ once found something, among thousands that did not.
          survives "cells" (fixture "cells") ([ 0..99 ] @ [ 572; 2314 ])
          survives "cells_old" (fixture "cells_old") ([ 100..199 ] @ [ 10807; 10904; 11670; 12774 ])
          survives "a file of PureHDF" fresh [ 200..299 ]
          // Every index of chunks, and dense groups; these are no AnnData files, so only their digests are taken.
          survives "chunked" (fixture "chunked") ([ 300..339 ] @ [ 30780 ])
          survives "long" (fixture "long") [ 340..379 ]
          survives "groups" (fixture "groups") [ 380..399 ]
          survives "types_old" (fixture "types_old") [ 400..439 ] ]
