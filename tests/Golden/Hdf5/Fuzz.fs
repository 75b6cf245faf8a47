/// Runs mutants by the thousand: every command on each, and h5py on what comes out.
module internal SingleSharp.Golden.Fuzz

open System
open System.Collections.Generic
open System.Diagnostics
open System.IO
open System.Threading.Tasks
open SingleSharp.Golden.Jobs
open SingleSharp.Golden.Mutants

/// The edge cases that differ most in how they are stored.
let private cases =
    [ "plain_csr_f32"
      "layout_libver_latest"
      "layout_shuffle_gzip"
      "layout_big_endian"
      "layout_dense_chunked"
      "layout_lzf"
      "columns_of_every_kind"
      "index_categorical"
      "index_fixed_length"
      "index_nullable_string"
      "preserve_everything"
      "x_csc"
      "x_dense_f32" ]

/// Larger files make slower mutants, not better ones.
let private longest = 60_000L

/// Files of strangers, where they are.
let private wild () =
    Shared.list "data/wild" "*.h5ad"
    |> List.map (fun name -> Shared.require $"data/wild/{name}")
    |> List.filter (fun path -> FileInfo(path).Length < longest)

let private python = "/usr/bin/python3"

/// What is damaged: edge cases, files that h5py makes here in `folder`, and, if they are asked for, small files of strangers.
let originals folder withWild =
    use maker =
        Process.Start(ProcessStartInfo(python, [ Shared.here "scripts/fuzz.py"; "make"; folder ]))

    maker.WaitForExit()

    [ yield! cases |> List.map (fun name -> Shared.here $"edge/{name}/input.h5ad")
      yield! Directory.GetFiles(folder, "*.h5ad") |> Array.sort
      if withWild && Shared.hasShared then
          yield! wild () ]
    |> List.map (fun path ->
        let name =
            if path.EndsWith "input.h5ad" then
                Path.GetFileName(Path.GetDirectoryName path)
            else
                Path.GetFileNameWithoutExtension path

        original name (File.ReadAllBytes path))
    |> Array.ofList

/// A new folder in memory, where there is such a place: every mutant is flushed to the device several times.
let private scratch () =
    let memory = "/dev/shm"

    if Directory.Exists memory then
        Directory.CreateDirectory(Path.Combine(memory, $"singlesharp-fuzz-{Guid.NewGuid():N}"))
    else
        Directory.CreateTempSubdirectory "singlesharp-fuzz-"

/// Tries the mutants of these seeds; `told` hears of each seed before it is tried.
let campaign (originals: Original[]) (seeds: seq<int>) (told: int -> unit) =
    let place = scratch ()

    use _ =
        { new IDisposable with
            member _.Dispose() = place.Delete true }

    let folder = place.FullName
    let info = ProcessStartInfo(python, [ Shared.here "scripts/fuzz.py"; "read" ])
    info.RedirectStandardInput <- true
    info.RedirectStandardOutput <- true
    info.RedirectStandardError <- true
    info.Environment["PYTHONWARNINGS"] <- "ignore"
    use witness = Process.Start info
    let complaints = witness.StandardError.ReadToEndAsync()
    let asked = Queue<string>()
    let endings = Dictionary<string, int>()
    let outputs = Dictionary<string, int>()
    let troubles = List<string>()

    let count (counts: Dictionary<string, int>) key =
        counts[key] <- counts.GetValueOrDefault key + 1

    // h5py reads while the next mutants are tried.
    let answers =
        Task.Run(fun () ->
            [ let mutable line = witness.StandardOutput.ReadLine()

              while not (isNull line) do
                  line
                  line <- witness.StandardOutput.ReadLine() ])

    let mutable mutants = 0

    for seed in seeds do
        told seed
        mutants <- mutants + 1
        let original = originals[int (uint32 seed % uint32 originals.Length)]
        let bytes, how = mutant original seed
        let path = Path.Combine(folder, $"{seed}.mutant")
        File.WriteAllBytes(path, bytes)
        let written = List<string>()

        for command, ending in Mutants.endings path do
            match ending with
            | Success ->
                count endings $"{command}: success"

                if command = "qc" || command = "preprocess" then
                    written.Add $"{path}.{command}"
            | Refusal kind -> count endings $"{command}: {kind}"
            | Trouble what ->
                count endings $"{command}: TROUBLE"
                troubles.Add $"{command} on {original.Name}, seed {seed} ({how}): {what}"

        if not (bytes.AsSpan().SequenceEqual(ReadOnlySpan(File.ReadAllBytes path))) then
            troubles.Add $"{original.Name}, seed {seed} ({how}): the input has changed"

        if written.Count = 0 then
            File.Delete path
        else
            asked.Enqueue $"{original.Name}, seed {seed} ({how})"
            witness.StandardInput.WriteLine(String.Join('\t', Seq.append [ path ] written))
            witness.StandardInput.Flush()

    witness.StandardInput.Close()
    let lines = answers.Result
    witness.WaitForExit()

    if lines.Length <> asked.Count then
        troubles.Add $"fuzz.py ended early: {complaints.Result}"

    for line, name in Seq.zip lines asked do
        for answer in line.Split '\t' do
            if answer.StartsWith "ok" then
                count outputs answer
            else
                count outputs "TROUBLE"
                troubles.Add $"{name}: {answer}"

    let sorted (counts: Dictionary<string, int>) =
        counts |> Seq.map (fun pair -> pair.Key, pair.Value) |> Seq.sort |> List.ofSeq

    { Mutants = mutants
      Endings = sorted endings
      Outputs = sorted outputs
      Troubles = List.ofSeq troubles }
