/// The superblock: the one place of an HDF5 file that says where everything begins and ends.
namespace SingleSharp.Core.Hdf5

open System
open System.IO
open SingleSharp.Core
open SingleSharp.Core.Files

type internal Superblock =
    {
        Version: int
        /// Where the file ends, counted from the superblock like every address here (the file itself counts from its first byte).
        EndOfFile: int64
        /// The object header of the root group.
        Root: int64
        /// Half the number of children that a node of a chunk index of the old kind can have.
        ChunkNodeK: int
        /// The superblock as it is on disk.
        Image: byte[]
    }

[<RequireQualifiedAccess>]
module internal Superblock =
    let private signature = [| 0x89uy; 0x48uy; 0x44uy; 0x46uy; 13uy; 10uy; 26uy; 10uy |]

    // Field offsets by version: HDF5 File Format Specification 3.0, section II.A.
    let private baseAt version =
        match version with
        | 0 -> 24
        | 1 -> 28
        | _ -> 12

    let private endOfFileAt version =
        match version with
        | 0 -> 40
        | 1 -> 44
        | _ -> 28

    let private rootAt version =
        match version with
        | 0 -> 64
        | 1 -> 68
        | _ -> 36

    /// Where the superblock stands: at 0, or behind a user block of 512, 1024, 2048 … bytes.
    let origin path (device: Device) =
        let length = device.Length
        let found = Array.zeroCreate<byte> 8

        let read at =
            try
                device.Read(at, Span found)
            with :? IOException as trouble ->
                Fault.throw (Unreadable(path, Fault.reason trouble))

        let rec search at =
            if at + 8L > length then
                Fault.throw (
                    NotAnnData(path, "it is not an HDF5 file, or was changed on its way; check the name, or download it again as it is")
                )
            elif read at = 8 && found = signature then
                at
            else
                search (if at = 0L then 512L else at * 2L)

        search 0L

    /// What the extension of a newer superblock says: half the number of children of a chunk index node. Whatever else it
    /// says about the file as a whole would have to be kept up to date, and is refused.
    let private readExtension (disk: RandomAccessFile) address =
        let refuse what why = disk.Unsupported what why

        (32, (if address = Bytes.undefined then [] else (Header.read disk address).Messages))
        ||> List.fold (fun k message ->
            match message.Type with
            | Header.TreeNodeSizes -> Cursor(disk, "the superblock", message.Body, 1).U16()
            | Header.SharedMessageTable -> refuse "its metadata" "it uses a shared message table; write it again with h5py or anndata"
            | Header.DriverInfo -> refuse "its data" "it is one file of a family of files; write it again as one file"
            | Header.FileSpaceInfo when message.Body.Length > 2 && message.Body[2] = 0uy -> k
            | Header.FileSpaceInfo ->
                refuse "its free space" "it keeps track of free space across sessions; write it again with h5py or anndata"
            | other -> refuse "its superblock" $"it has a message of type {other}, which this program does not know")

    let read (disk: RandomAccessFile) =
        let head = disk.Read(0L, 16L)
        let version = int head[8]
        let refuse what = disk.Unsupported "its superblock" what

        if version > 3 then
            refuse $"superblock version {version} is newer than this program"

        let size =
            match version with
            | 0 -> 96
            | 1 -> 100
            | _ -> 48

        let image = disk.Read(0L, int64 size)

        let cursor at =
            Cursor(disk, "the superblock", image, at)

        let widths = if version < 2 then 13 else 9

        if image[widths] <> 8uy || image[widths + 1] <> 8uy then
            refuse $"its addresses have {image[widths]} bytes instead of 8"

        if version >= 2 then
            if Checksum.lookup3 (ReadOnlySpan(image, 0, 44)) <> (cursor 44).U32() then
                disk.Damaged "the superblock" "its checksum does not fit"

            if version = 3 && image[11] &&& 1uy <> 0uy then
                Fault.throw (
                    Unreadable(disk.Path, "another program has it open for writing, or crashed while it had (h5clear -s removes the mark)")
                )

        elif (cursor (endOfFileAt version + 8)).I64() <> Bytes.undefined then
            refuse "it is one file of a family of files"

        let baseAddress = (cursor (baseAt version)).I64()
        let endOfFile = (cursor (endOfFileAt version)).I64() - baseAddress

        if baseAddress <> disk.Origin then
            refuse $"it counts addresses from byte {baseAddress} instead of from itself"

        if endOfFile > disk.Length || endOfFile < int64 size then
            disk.Damaged "the end" $"it should have {endOfFile} bytes but has {disk.Length}: it is cut off"

        let chunkNodeK =
            match version with
            | 0 -> 32
            | 1 -> (cursor 24).U16()
            | _ -> readExtension disk ((cursor 20).I64())

        if chunkNodeK < 1 then
            disk.Damaged "the superblock" "nodes of chunk indexes are said to have no room"

        { Version = version
          EndOfFile = endOfFile
          Root = (cursor (rootAt version)).I64()
          ChunkNodeK = chunkNodeK
          Image = image }

    /// Does it say more of itself elsewhere?
    let isExtended (superblock: Superblock) =
        superblock.Version >= 2 && BitConverter.ToInt64(superblock.Image, 20) <> Bytes.undefined

    /// The superblock as it must be written once the root group and the end of the file have moved.
    let moved root endOfFile (superblock: Superblock) =
        let image = Array.copy superblock.Image
        let baseAddress = BitConverter.ToInt64(image, baseAt superblock.Version)
        (Bytes.i64 (endOfFile + baseAddress)).CopyTo(image, endOfFileAt superblock.Version)
        (Bytes.i64 root).CopyTo(image, rootAt superblock.Version)

        if superblock.Version < 2 then
            // The root entry caches the addresses of the old root group's tree and heap: nothing is cached now.
            Array.Clear(image, rootAt superblock.Version + 8, 24)
        else
            (Bytes.u32 (Checksum.lookup3 (ReadOnlySpan(image, 0, 44)))).CopyTo(image, 44)

        { superblock with
            EndOfFile = endOfFile
            Root = root
            Image = image }
