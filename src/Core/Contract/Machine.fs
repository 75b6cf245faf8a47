/// What the machine, or the container around the process, has: processors and memory.
namespace SingleSharp.Core.Contract

open System
open System.IO

[<RequireQualifiedAccess>]
module internal Machine =
    let processors = Environment.ProcessorCount

    /// How many workers there may be, where N are asked for; 0 asks for as many as there are processors.
    let workers asked = if asked > 0 then asked else processors

    let private tryRead path =
        try
            Some(File.ReadAllText(path).Trim())
        with
        | :? IOException
        | :? UnauthorizedAccessException -> None

    /// A number of bytes; "max", or one beyond every memory, is no limit.
    let private tryBytes (text: string) =
        match Int64.TryParse text with
        | true, bytes when bytes > 0L && bytes < (1L <<< 60) -> Some bytes
        | _ -> None

    /// A folder and those above it, up to the root of its hierarchy. In a container the path may be one of the machine's, of which
    /// only the root can be seen.
    let private upwards (root: string) (path: string) =
        let parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries)

        [ for length in parts.Length .. -1 .. 0 -> Path.Combine(Array.append [| root |] (Array.truncate length parts)) ]

    /// The limits of the control groups that the process is in: of version 2, whose line in /proc/self/cgroup names no controller, and
    /// of version 1. `root` is the root of the file system.
    let private groupLimits (root: string) =
        let mount = Path.Combine(root, "sys/fs/cgroup")

        [ for line in tryRead (Path.Combine(root, "proc/self/cgroup")) |> Option.defaultValue "" |> _.Split('\n') do
              match line.Split(':', 3) with
              | [| _; ""; path |] ->
                  for folder in upwards mount path do
                      Path.Combine(folder, "memory.max")
              | [| _; controllers; path |] when controllers.Split ',' |> Array.contains "memory" ->
                  for folder in upwards (Path.Combine(mount, "memory")) path do
                      Path.Combine(folder, "memory.limit_in_bytes")
              | _ -> () ]
        |> List.choose (tryRead >> Option.bind tryBytes)

    /// What Linux says that the machine has.
    let private installed (root: string) =
        tryRead (Path.Combine(root, "proc/meminfo"))
        |> Option.bind (fun text ->
            text.Split '\n'
            |> Array.tryPick (fun line ->
                match line.Split(' ', StringSplitOptions.RemoveEmptyEntries) with
                | [| "MemTotal:"; kibibytes; "kB" |] -> tryBytes kibibytes |> Option.map (fun kibibytes -> kibibytes * 1024L)
                | _ -> None))

    /// Bytes of memory that the process may take at most: what its machine has or its control groups allow, as the files below the root
    /// tell it, or else what the runtime knows, which takes three quarters of a container for its heap.
    let memoryBelow root ofRuntime =
        match Option.toList (installed root) @ groupLimits root with
        | [] -> ofRuntime
        | known ->
            let least = List.min known
            // Whoever gives the runtime less means it.
            if ofRuntime > 0L && ofRuntime < least / 4L * 3L - (1L <<< 20) then ofRuntime else least

    /// A quarter of what there is, between 256 MiB and 4 GiB.
    let share available =
        available / 4L |> max (256L <<< 20) |> min (4L <<< 30)

    /// The memory for those who do not say how much.
    let usualMemory =
        lazy (share (memoryBelow "/" (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)))
