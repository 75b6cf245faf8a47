/// The file of a part: what one task of a stage, or the merge of one, has made. It appears whole, and says what it was made of.
namespace SingleSharp.Core.Shards

open System
open System.IO
open System.Security.Cryptography
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Files

/// What a part belongs to: the plan by its id, the stage, and the task, -1 for what a merge has made.
type internal PartName =
    { Plan: byte[]
      Stage: string
      Task: int
      Tasks: int }

[<RequireQualifiedAccess>]
module internal PartFile =
    /// The last byte is the version of the format.
    let private magic = "SingleSharp part\004"B

    let private rows, state, counts, value, known', output, ending =
        1uy, 2uy, 3uy, 4uy, 5uy, 6uy, 255uy

    /// A last frame with the SHA-256 of all before.
    let private endBytes = int64 (Frame.head + SHA256.HashSizeInBytes)

    let private header (name: PartName) =
        use bytes = new MemoryStream()
        use writer = new BinaryWriter(bytes)
        writer.Write magic
        writer.Write name.Plan
        // Another version may save states in another form.
        writer.Write Contract.Release.version
        writer.Write name.Stage
        writer.Write name.Task
        writer.Write name.Tasks
        writer.Flush()
        bytes.ToArray()

    /// What is written of a part.
    [<Sealed>]
    type Writer internal (frames: FrameWriter) =
        member _.Counts write = frames.Record(counts, write)
        member _.Value write = frames.Record(value, write)
        member _.Known write = frames.Record(known', write)

        /// Says that values are in this unfinished output, before all else.
        member _.Output(name: string) = frames.Record(output, _.Write(name))

        interface PartWriter with
            member _.Rows write = frames.Record(rows, write)

            member _.State(range, write) =
                frames.Record(
                    state,
                    fun writer ->
                        writer.Write range.First
                        writer.Write range.Stop
                        write writer
                )

    let private remove (path: string) =
        try
            File.Delete path
        with
        | :? IOException
        | :? UnauthorizedAccessException -> ()

    /// Writes a part, which takes its name once it is complete and on the device. Another attempt at the same task has another temporary
    /// name, and whichever comes last leaves the same bytes.
    let write (path: string) name (work: Writer -> 'r) =
        let temporary = $"{path}.{Guid.NewGuid():N}.tmp"

        try
            try
                let result =
                    use file =
                        new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 1)

                    use frames = new FrameWriter(file)
                    frames.Record(0uy, (fun writer -> writer.Write(header name)))
                    let result = work (Writer frames)
                    let hash = frames.Hash()
                    frames.Record(ending, (fun writer -> writer.Write hash))
                    file.Flush true
                    result

                File.Move(temporary, path, true)
                FolderSync.flush (Path.GetDirectoryName path)
                result
            with Fault.WriteTrouble trouble ->
                Fault.throw (Fault.ofWrite path trouble)
        finally
            remove temporary

    /// Trouble with a part makes it one that is not there; the reason is the end of a sentence.
    let private guarded (work: unit -> 'r) =
        try
            work ()
        with
        | :? FileNotFoundException
        | :? DirectoryNotFoundException -> raise (PartTrouble "is missing")
        | :? EndOfStreamException -> raise (PartTrouble "is cut off")
        | :? IOException as trouble -> raise (PartTrouble $"cannot be read ({Fault.reason trouble})")
        | :? UnauthorizedAccessException -> raise (PartTrouble "may not be read")

    let private opened (path: string) (work: FileStream -> 'r) =
        guarded (fun () ->
            use file =
                new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read ||| FileShare.Delete, 1)

            work file)

    /// Behind the header; refuses what is no part, one of something else, or cut off.
    let private begun isThorough (file: FileStream) name =
        let frames = new FrameReader(file, isThorough)
        let wanted = header name
        let found: byte[] = Array.zeroCreate wanted.Length

        if file.Length < endBytes + int64 (Frame.head + magic.Length) then
            raise (PartTrouble "is cut off")

        if frames.Next() <> 0uy then
            raise (PartTrouble "is no part of a run")

        frames.Begin()
        let got = frames.ReadAtLeast(Span found, found.Length, false)
        let start = ReadOnlySpan(found, 0, min got magic.Length)

        if not (start.SequenceEqual(ReadOnlySpan magic)) then
            raise (PartTrouble "is no part of a run, or of another version")

        let ofPlan =
            ReadOnlySpan(found, magic.Length, min name.Plan.Length (max 0 (got - magic.Length)))

        if not (ofPlan.SequenceEqual(ReadOnlySpan name.Plan)) then
            raise (PartTrouble "belongs to another plan")

        if got < found.Length || not (found.AsSpan().SequenceEqual(ReadOnlySpan wanted)) then
            raise (PartTrouble "belongs to another task")

        let end' = file.Position
        file.Seek(file.Length - endBytes, SeekOrigin.Begin) |> ignore

        if file.ReadByte() <> int ending then
            raise (PartTrouble "is cut off")

        file.Seek(end', SeekOrigin.Begin) |> ignore
        frames

    let private each isThorough path name kind (visit: BinaryReader -> unit) =
        opened path (fun file ->
            use frames = begun isThorough file name
            use reader = new BinaryReader(frames)
            let mutable found = frames.Next()

            while found <> ending do
                if found = kind then
                    frames.Begin()
                    visit reader
                else
                    frames.Pass()

                found <- frames.Next()

            // A file may be cut off where what is left looks like its end.
            if file.Position + int64 SHA256.HashSizeInBytes <> file.Length then
                raise (PartTrouble "is cut off"))

    /// What a part holds; whatever is wrong with it throws PartTrouble. Thoroughly, rows are read past all that the part has, each byte of which
    /// is checked.
    let reader isThorough path name =
        { new PartReader with
            member _.Rows visit = each isThorough path name rows visit

            member _.States visit =
                each false path name state (fun reader ->
                    let first = reader.ReadInt64()
                    let stop = reader.ReadInt64()
                    visit { First = first; Stop = stop } reader) }

    let counts' path name visit = each false path name counts visit
    let known path name visit = each false path name known' visit
    let values path name visit = each false path name value visit

    /// The unfinished output that values of the part are in.
    let tryOutput path name =
        opened path (fun file ->
            use frames = begun false file name

            if frames.Next() = output then
                frames.Begin()
                use reader = new BinaryReader(frames)
                Some(reader.ReadString())
            else
                None)

    /// Throws PartTrouble unless the part is there, of this task, and ends as it should.
    let requireThere path name =
        opened path (fun file -> (begun false file name).Dispose())

    /// The same, and each byte is what was written.
    let requireWhole path name =
        opened path (fun file ->
            (begun false file name).Dispose()
            file.Seek(0L, SeekOrigin.Begin) |> ignore
            use hash = IncrementalHash.CreateHash HashAlgorithmName.SHA256
            let mutable left = file.Length - endBytes
            let buffer: byte[] = Array.zeroCreate (int (min left (1L <<< 20)))

            while left > 0L do
                let now = int (min left (int64 buffer.Length))
                file.ReadExactly(buffer, 0, now)
                hash.AppendData(buffer, 0, now)
                left <- left - int64 now

            // The last frame is checked like any other: whoever reads the part comes by it.
            use last = new FrameReader(file)
            let said: byte[] = Array.zeroCreate SHA256.HashSizeInBytes

            if last.Next() <> ending then
                raise (PartTrouble "is cut off")

            last.Begin()
            last.ReadExactly(said, 0, said.Length)

            if not (hash.GetHashAndReset().AsSpan().SequenceEqual(ReadOnlySpan said)) then
                raise (PartTrouble "is damaged"))
