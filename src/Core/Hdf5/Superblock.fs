/// The superblock: the one place of an HDF5 file that says where everything begins and ends.
namespace SingleSharp.Core

open System
open System.IO

type Superblock =
    {
        Version: int
        /// Where the file ends, counted from the superblock.
        EndOfFile: int64
        /// The object header of the root group.
        Root: int64
        /// Half the number of children that a node of a chunk index of the old kind can have.
        ChunkNodeK: int
        /// The superblock as it is on disk.
        Image: byte[]
    }

[<RequireQualifiedAccess>]
module Superblock =
    let private signature = [| 0x89uy; 0x48uy; 0x44uy; 0x46uy; 13uy; 10uy; 26uy; 10uy |]

    // Field offsets by version: HDF5 File Format Specification 3.0, section II.A.
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
    let origin path (handle: Microsoft.Win32.SafeHandles.SafeFileHandle) =
        let length = RandomAccess.GetLength handle
        let found = Array.zeroCreate<byte> 8

        let rec search at =
            if at + 8L > length then Fault.throw (NotAnnData(path, "it is not an HDF5 file"))
            elif RandomAccess.Read(handle, Span found, at) = 8 && found = signature then at
            else search (if at = 0L then 512L else at * 2L)

        search 0L

    /// The messages of the extension that say more about the file than its superblock can.
    let private refuseExtension (disk: Disk) address =
        if address <> Bytes.undefined then
            for message in (Header.read disk address).Messages do
                match message.Type with
                | Header.SharedMessageTable ->
                    disk.Unsupported "its metadata" "it uses a shared message table; write it again with h5py or anndata"
                | Header.DriverInfo -> disk.Unsupported "its data" "it is one file of a family of files; write it again as one file"
                | Header.FileSpaceInfo when message.Body.Length > 2 && message.Body[2] <> 0uy ->
                    disk.Unsupported "its free space" "it keeps track of free space across sessions; write it again with h5py or anndata"
                | _ -> ()

    let read (disk: Disk) =
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

            refuseExtension disk ((cursor 20).I64())
        elif (cursor (endOfFileAt version + 8)).I64() <> Bytes.undefined then
            refuse "it is one file of a family of files"

        let endOfFile = (cursor (endOfFileAt version)).I64()

        if endOfFile > disk.Length || endOfFile < int64 size then
            disk.Damaged "the end" $"it should have {endOfFile} bytes but has {disk.Length}: it is cut off"

        { Version = version
          EndOfFile = endOfFile
          Root = (cursor (rootAt version)).I64()
          ChunkNodeK = if version = 1 then (cursor 24).U16() else 32
          Image = image }

    /// The superblock as it must be written once the root group and the end of the file have moved.
    let moved root endOfFile (superblock: Superblock) =
        let image = Array.copy superblock.Image
        (Bytes.i64 endOfFile).CopyTo(image, endOfFileAt superblock.Version)
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
