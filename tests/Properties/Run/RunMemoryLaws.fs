/// Laws of memory and workers: what is usual, what fits, how often a chunk is decoded, and that no claim of a file goes beyond it.
module internal SingleSharp.Properties.RunMemoryLaws

open System
open System.Collections.Generic
open System.IO
open System.Text
open System.Threading
open Expecto
open FsCheck
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Contract
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Verify
open SingleSharp.Core.Steps
open SingleSharp.Core.Run
open SingleSharp.Properties.Gen

let private mebibyte = 1L <<< 20

/// The root of a file system with some files, as far as the memory of a machine is told there.
let private withRoot (files: (string * string) list) (work: string -> 'a) =
    GenFiles.withPath (fun root ->
        for path, content in files do
            let path = Path.Combine(root, path)
            Directory.CreateDirectory(Path.GetDirectoryName path) |> ignore
            File.WriteAllText(path, content)

        try
            work root
        finally
            if Directory.Exists root then
                Directory.Delete(root, true))

let private machine =
    "proc/meminfo", "MemTotal:       16777216 kB\nMemFree:  1 kB\n"

let private available =
    [ "a machine alone", [ machine ], 0L, 16384L
      "no limit",
      [ machine
        "proc/self/cgroup", "0::/user.slice\n"
        "sys/fs/cgroup/user.slice/memory.max", "max\n" ],
      0L,
      16384L
      "a limit of version 2",
      [ machine
        "proc/self/cgroup", "0::/a/b\n"
        "sys/fs/cgroup/a/b/memory.max", "1073741824\n" ],
      0L,
      1024L
      "a limit of a group above",
      [ machine
        "proc/self/cgroup", "0::/a/b\n"
        "sys/fs/cgroup/a/b/memory.max", "max\n"
        "sys/fs/cgroup/a/memory.max", "536870912\n" ],
      0L,
      512L
      "a limit that the container sees at its root",
      [ machine
        "proc/self/cgroup", "0::/docker/of/the/machine\n"
        "sys/fs/cgroup/memory.max", "268435456\n" ],
      0L,
      256L
      "a limit of version 1",
      [ machine
        "proc/self/cgroup", "4:cpu,cpuacct:/x\n3:memory:/x\n"
        "sys/fs/cgroup/memory/x/memory.limit_in_bytes", "2147483648\n" ],
      0L,
      2048L
      "a limit of version 1 that is none",
      [ machine
        "proc/self/cgroup", "3:memory:/\n"
        "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n" ],
      0L,
      16384L
      "three quarters of a container, which the runtime takes",
      [ machine
        "proc/self/cgroup", "0::/\n"
        "sys/fs/cgroup/memory.max", "1073741824\n" ],
      768L,
      1024L
      "less, as the runtime was told", [ machine ], 300L, 300L
      "a system without such files", [], 5000L, 5000L ]

/// Hands everything on to a device, and counts how often a read begins at each of its places.
[<Sealed>]
type private Counter(device: Device) =
    let reads = Dictionary<int64, int>()

    member _.At position = reads.GetValueOrDefault position

    interface Device with
        member _.Length = device.Length
        member _.Stamp = device.Stamp

        member _.Read(position, target) =
            lock reads (fun () -> reads[position] <- reads.GetValueOrDefault position + 1)
            device.Read(position, target)

        member _.Write(position, source) = device.Write(position, source)
        member _.SetLength length = device.SetLength length
        member _.StartFlush() = ()
        member _.Flush() = device.Flush()
        member _.Handle = ValueNone
        member _.Dispose() = device.Dispose()

/// Tall chunks of a dense matrix, several of them side by side: their rows are more than any slab has.
let private tall: Rows =
    { Genes = 2000
      Rows = List.init 2200 (fun cell -> [ cell * 7 % 2000, float (1 + cell % 5) ]) }

/// How often the chunks of X are read from the file, at most, while somebody works with it in so much memory.
let private mostReads path memory (work: Hdf5File -> unit) =
    let counter =
        new Counter(new FileDevice(Hdf5File.openHandle path FileAccess.Read FileShare.Read))

    let store = Hdf5File.onDeviceWithin memory path counter

    let chunks =
        match GenFiles.find store "X" with
        | DatasetObject dataset -> (Chunks.load store.Disk dataset).Entries |> Array.map _.Address
        | GroupObject _ -> failtest "X is a group"

    work store
    chunks |> Array.map counter.At |> Array.max

let private decoded =
    test "each chunk is decoded about once, however tall it is" {
        GenFiles.withPath (fun path ->
            GenForms.write path (GenForms.AnyForm.Chunks(1100, 100, true)) DType.Float32 tall

            let digest (store: Hdf5File) =
                using store (fun store -> Digest.ofStore store CancellationToken.None |> ignore)

            let verify (store: Hdf5File) =
                using store (fun store ->
                    let found = Verify.ofStore store (FindingList()) CancellationToken.None
                    Expect.isEmpty (found.Findings |> Seq.filter (fun finding -> finding.Path = "X")) "findings")

            let qc (store: Hdf5File) =
                GenFiles.withPath (fun target ->
                    using (AnnDataFile.opened MatrixName.X store) (fun file ->
                        Runner.onFile file (Recipe.ofSteps [ Qc.step Qc.defaults ]) Settings.standard (NewFile target) |> ignore))

            let keep (store: Hdf5File) =
                GenFiles.withPath (fun target ->
                    using (AnnDataFile.opened MatrixName.X store) (fun file ->
                        Runner.onFile
                            file
                            (Recipe.ofSteps
                                [ Filter.step
                                      { Filter.defaults with
                                          MinGenes = Some 1L } ])
                            Settings.standard
                            (NewFile target)
                        |> ignore))

            Expect.equal (mostReads path Int64.MaxValue digest) 1 "digest"
            Expect.isLessThanOrEqual (mostReads path 1L digest) 4 "digest in the least memory"
            Expect.equal (mostReads path Int64.MaxValue verify) 1 "verify"
            // Counted, put together in rows, and copied.
            Expect.isLessThanOrEqual (mostReads path Int64.MaxValue qc) 3 "qc"
            Expect.isLessThanOrEqual (mostReads path Int64.MaxValue keep) 4 "filter")
    }

let private bands =
    test "a band of chunks that fits in no part is refused with the number" {
        GenFiles.withPath (fun path ->
            GenForms.write
                path
                (GenForms.AnyForm.Chunks(3, 2, true))
                DType.Float32
                { Genes = 4
                  Rows = List.replicate 6 [ 0, 1.0 ] }

            use store = Hdf5File.openRead path

            let dataset =
                { GenFiles.findDataset store "X" with
                    Space = Simple([ 100_000L; 1000L ], [ 100_000L; 1000L ])
                    Layout = Chunked([| 100_000L; 1L |], TreeVersion1, Bytes.undefined, false) }

            let rows memory =
                store.Disk.Allowed <- memory
                Hyperslab.rowsAtOnce store.Disk dataset (4L * mebibyte) 1L

            Expect.equal (rows (1L <<< 40)) 100_000L "a whole band"

            let needed =
                match GenFiles.faultOf (fun () -> rows (64L * mebibyte)) with
                | InsufficientMemory(_, needed, allowed, _) ->
                    Expect.equal allowed (64L * mebibyte) "allowed"
                    needed
                | other -> failtest $"{other}"

            Expect.equal (rows needed) 25_000L "a quarter fits the number"
            GenFiles.isFault "memory" (fun () -> rows (needed - 4000L)))
    }

let private bytesOf (memory: int64) size (work: RandomAccessFile -> unit) =
    let bytes: byte[] = Array.zeroCreate size
    Encoding.ASCII.GetBytes("GCOL").CopyTo(bytes, 0)
    BitConverter.GetBytes(int64 size).CopyTo(bytes, 8)
    // One object that fills the rest.
    BitConverter.GetBytes(1us).CopyTo(bytes, 16)
    BitConverter.GetBytes(int64 (size - 32)).CopyTo(bytes, 24)

    GenFiles.withDisk bytes (fun disk ->
        disk.Allowed <- memory
        work disk)

let private refuses (work: unit -> unit) =
    match GenFiles.faultOf work with
    | InsufficientMemory _ -> ()
    | other -> failtest $"{other}"

let private extents =
    test "metadata and strings that do not fit are refused" {
        let size = 30 <<< 20

        let reference =
            Array.concat
                [ BitConverter.GetBytes(uint32 (size - 32))
                  BitConverter.GetBytes 0L
                  BitConverter.GetBytes 1 ]

        bytesOf (16L * mebibyte) size (fun disk -> refuses (fun () -> disk.Read(0L, int64 size) |> ignore))
        bytesOf (200L * mebibyte) size (fun disk -> Expect.equal (disk.Read(0L, int64 size)).Length size "what fits")

        /// An address of 0 means that there is no string, so that the heap stands at 8.
        let onDisk memory work =
            bytesOf memory size (fun disk ->
                use shifted = new RandomAccessFile(disk.Path, disk.Device, -8L)
                shifted.Allowed <- memory
                let moved = Array.copy reference
                BitConverter.GetBytes(8L).CopyTo(moved, 4)
                work (GlobalHeap shifted) moved)

        onDisk (100L * mebibyte) (fun heap reference -> refuses (fun () -> heap.Resolve(ReadOnlySpan reference, 1) |> ignore))

        onDisk (200L * mebibyte) (fun heap reference ->
            Expect.isTrue (heap.IsUtf8(ReadOnlySpan reference)) "zeros are UTF-8"
            Expect.equal (heap.Resolve(ReadOnlySpan reference, 1)).Length (size - 32) "what fits")
    }

let tests =
    testList
        "RunMemory"
        [ testList
              "available"
              [ for name, files, ofRuntime, expected in available ->
                    test name {
                        let found =
                            withRoot files (fun root -> Machine.memoryBelow root (ofRuntime * mebibyte))

                        Expect.equal (found / mebibyte) expected "MiB"
                    } ]

          Law.holds "a share is a quarter between 256 MiB and 4 GiB" (fun (NonNegativeInt size) ->
              let available = int64 size * 100L * mebibyte
              let share = Machine.share available

              share >= 256L * mebibyte
              && share <= 4096L * mebibyte
              && (share = available / 4L || share = 256L * mebibyte || share = 4096L * mebibyte))

          Law.holdsFor 30 "workers that nobody asked for never stand in the way" (fun (state: uint16) (cells: uint16) (asked: byte) ->
              use file = GenFiles.openRead (GenFiles.goldenEdge "plain_csr_f32")

              let matrix =
                  { file.X with
                      Cells = int64 cells * 10L }

              let blocks = max 1L (Blocks.count matrix.Cells)

              let need =
                  { Budget.nothing with
                      State = int64 state * 1000L
                      Buffer = 1000L }

              let fit workers memory =
                  Budget.tryFit
                      matrix
                      { Settings.standard with
                          Workers = workers
                          Memory = memory }
                      need

              let least workers =
                  match fit workers 1L with
                  | Error needed -> needed
                  | Ok _ -> 0L

              let asked = 1 + int asked

              match fit 0 (least 1), fit asked (least asked), fit asked (least asked - 1L), fit 0 (1L <<< 40) with
              | Ok one, Ok many, Error _, Ok most ->
                  one.Workers = 1
                  && int64 many.Workers = min (int64 asked) blocks
                  && many.Memory <= least asked
                  && int64 most.Workers = min (int64 Machine.processors) blocks
              | _ -> false)

          Law.holds "running means" (fun (series: float list list) ->
              let width = series |> List.fold (fun width values -> max width values.Length) 0
              let means = RunningMeans width

              for values in series do
                  means.Add(Array.init width (fun i -> values |> List.tryItem i |> Option.defaultValue nan))

              let expected =
                  Array.init width (fun i ->
                      series |> List.choose (List.tryItem i) |> List.filter (Double.IsNaN >> not) |> Array.ofList |> Bins.mean)

              Array.forall2
                  (fun (a: float) b ->
                      BitConverter.DoubleToInt64Bits a = BitConverter.DoubleToInt64Bits b || Double.IsNaN a && Double.IsNaN b)
                  means.Means
                  expected)

          decoded
          bands
          extents ]
