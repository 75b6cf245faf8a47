/// Files with damage in arbitrary places give a result or a fault, never a crash, a hang or a changed input.
module internal SingleSharp.Golden.DamageGolden

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared

let private sample name = here $"edge/{name}/input.h5ad"

/// Old and new structures, with and without checksums and filters.
let private samples =
    [ "plain_csr_f32"
      "layout_libver_latest"
      "layout_shuffle_gzip"
      "preserve_everything" ]

/// What is wrong with a run over damaged bytes, if anything is.
let private verdict (sandbox: Sandbox) (bytes: byte[]) =
    let path = sandbox.File "input.h5ad"
    let output = sandbox.File "output.h5ad"
    File.WriteAllBytes(path, bytes)

    let problem =
        try
            match Pipeline.run Recipe.standard Settings.standard (Input.file path) (NewFile output) with
            | Error fault when sandbox.Names <> [ "input.h5ad" ] -> Some $"written in spite of: {Fault.sentence fault}"
            | _ -> None
        with trouble ->
            let where =
                trouble.StackTrace.Split '\n' |> Array.truncate 3 |> Array.map _.Trim() |> String.concat " "

            Some $"{trouble.GetType().Name}: {trouble.Message} {where}"

    File.Delete output

    if problem.IsNone && not (bytes.AsSpan().SequenceEqual(ReadOnlySpan(File.ReadAllBytes path))) then
        Some "the input has changed"
    else
        problem

/// Each problem once, with the first places of damage that have it.
let private requireNone (damages: seq<string * byte[]>) =
    use sandbox = new Sandbox()

    let problems =
        [ for what, bytes in damages do
              match verdict sandbox bytes with
              | Some problem -> problem, what
              | None -> () ]

    let lines =
        problems
        |> List.groupBy fst
        |> List.map (fun (problem, places) ->
            let first = places |> List.map snd |> List.truncate 3 |> String.concat "; "
            $"\n- {problem} ({places.Length} times: {first})")

    if not lines.IsEmpty then
        failtest $"""{problems.Length} problems:{String.concat "" lines}"""

/// One damaged place at a time, at steps that hit every structure in the course of the file.
let private places (bytes: byte[]) step =
    seq { step / 2 .. step .. bytes.Length - 1 }

let private flipped name =
    let bytes = File.ReadAllBytes(sample name)

    requireNone (
        seq {
            for at in places bytes 199 do
                let damaged = Array.copy bytes
                damaged[at] <- damaged[at] ^^^ 0xFFuy
                $"byte {at} turned around", damaged
        }
    )

let private blanked name =
    let bytes = File.ReadAllBytes(sample name)

    requireNone (
        seq {
            for at in places bytes 503 do
                let damaged = Array.copy bytes
                Array.Fill(damaged, 0xFFuy, at, min 24 (bytes.Length - at))
                $"24 bytes of 255 at {at}", damaged
        }
    )

/// Cut off, while the superblock says that this is all there ever was.
let private shortened name =
    let bytes = File.ReadAllBytes(sample name)
    let endAt = if bytes[8] = 0uy then 40 else 28

    requireNone (
        seq {
            for length in places bytes 1021 |> Seq.filter (fun length -> length > 100) do
                let damaged = bytes[.. length - 1]
                BitConverter.TryWriteBytes(Span(damaged, endAt, 8), int64 length) |> ignore
                $"cut after {length} bytes", damaged
        }
    )

let all =
    testList
        "Damage"
        [ for name in samples do
              test $"{name}: a byte" { flipped name }
              test $"{name}: several bytes" { blanked name }

              // The superblock of newer files has a checksum, which this would only trip over.
              if name <> "layout_libver_latest" then
                  test $"{name}: the end" { shortened name } ]
