/// HDF5 files to try laws on: new ones that go away again, and those committed under fixtures/.
module internal SingleSharp.Properties.GenFiles

open System
open System.IO
open System.IO.Compression
open System.Reflection
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

/// Every file of a run lies in this folder, which goes when the program ends.
let private folder =
    let folder = Directory.CreateTempSubdirectory "singlesharp-laws-"
    AppDomain.CurrentDomain.ProcessExit.Add(fun _ -> Directory.Delete(folder.FullName, true))
    folder.FullName

/// A path that nobody has used yet.
let freshPath () =
    Path.Combine(folder, $"{Guid.NewGuid():N}.h5ad")

/// Gives the path of a file that does not exist yet, and removes the file afterwards.
let withPath (work: string -> 'a) =
    let path = freshPath ()

    try
        work path
    finally
        File.Delete path

let withBytes (bytes: byte[]) work =
    withPath (fun path ->
        File.WriteAllBytes(path, bytes)
        work path)

/// What is committed as fixtures/NAME, made by fixtures/make.py.
let private resource name =
    let stream =
        Assembly.GetExecutingAssembly().GetManifestResourceStream $"fixtures/{name}"

    if isNull stream then
        failtest $"fixtures/{name} is not embedded"

    stream

let fixtureText name =
    use reader = new StreamReader(resource name)
    reader.ReadToEnd()

let fixtureBytes name =
    use packed = new GZipStream(resource $"{name}.h5.gz", CompressionMode.Decompress)
    use plain = new MemoryStream()
    packed.CopyTo plain
    plain.ToArray()

/// The golden edge file of a name, which is part of this repository.
let goldenEdge name =
    let rec search (folder: DirectoryInfo) =
        if isNull folder then
            failtest $"tests/Golden/edge/{name} is not here"
        else
            let path =
                Path.Combine(folder.FullName, "tests", "Golden", "edge", name, "input.h5ad")

            if File.Exists path then path else search folder.Parent

    search (DirectoryInfo AppContext.BaseDirectory)

/// A disk of its own over some bytes, for what needs no whole file.
let withDisk (bytes: byte[]) (work: RandomAccessFile -> 'a) =
    withBytes bytes (fun path ->
        use disk =
            new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)

        work disk)

/// The door of tests to a file's X: without a limit of memory, which a run always has.
let openRead path =
    AnnDataFile.openReadWithin Int64.MaxValue MatrixName.X path

/// The same, for changing the file itself.
let openWrite path =
    AnnDataFile.openWriteWithin Int64.MaxValue MatrixName.X path

let withStore (path: string) (work: Hdf5File -> 'a) =
    use store = Hdf5File.openRead path
    work store

/// The object at a path such as "a/b"; the root group for "".
let find (store: Hdf5File) (path: string) =
    ((GroupObject store.Root, ""), path.Split('/', StringSplitOptions.RemoveEmptyEntries))
    ||> Array.fold (fun (node, parent) name ->
        match node with
        | GroupObject group ->
            match store.TryFind(parent, group, name) with
            | Some node -> node, (if parent = "" then name else $"{parent}/{name}")
            | None -> failtest $"{path} is not there"
        | DatasetObject _ -> failtest $"{parent} is a dataset")
    |> fst

let findDataset store path =
    match find store path with
    | DatasetObject dataset -> dataset
    | GroupObject _ -> failtest $"{path} is a group"

let findGroup store path =
    match find store path with
    | GroupObject group -> group
    | DatasetObject _ -> failtest $"{path} is a dataset"

/// The fault that the work ends with; any other end fails the test.
let faultOf (work: unit -> 'a) =
    try
        work () |> ignore
        failtest "no fault"
    with FaultException fault ->
        fault

/// Fails unless the work ends with a fault that says so.
let isFault (part: string) work =
    let sentence = Fault.sentence (faultOf work)
    Expect.stringContains sentence part "the sentence of the fault"

/// Is some damage refused with a sentence about the path? Without a fault, or with any other exception, the test fails.
let isRefused damage (path: string) (work: unit -> unit) =
    let fault =
        try
            work ()
            failtest $"{damage}: no fault"
        with trouble ->
            match Fault.tryFind trouble with
            | Some fault -> fault
            | None -> reraise ()

    let sentence = Fault.sentence fault
    let isOne = sentence.EndsWith '.' && not (sentence.Contains '\n')
    (isOne && sentence.Contains path) || failtest $"{damage}: {sentence}"

/// The file behind 512 bytes of somebody else; the superblock of version 0 says where it stands.
let behindUserBlock (bytes: byte[]) =
    let moved = Array.append (Array.init 512 (fun i -> byte (i + 1))) bytes
    (Bytes.i64 512L).CopyTo(moved, 512 + 24)
    (Bytes.i64 (512L + BitConverter.ToInt64(bytes, 40))).CopyTo(moved, 512 + 40)
    moved
