/// Files that are written once more, object after object, are the same to whoever reads them.
module internal SingleSharp.Golden.PackedGolden

open System.IO
open System.Threading
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Subset
open SingleSharp.Golden.Shared
open SingleSharp.Answers

let private pack (source: string) (target: string) =
    use store = Hdf5File.openRead source

    use disk =
        new RandomAccessFile(target, File.OpenHandle(target, FileMode.CreateNew, FileAccess.ReadWrite), 0L)

    Packed.tryWrite store disk CancellationToken.None

let private digest path =
    Pipeline.digest Settings.standard path |> need

/// What verify finds; the path is not among it.
let private findings path =
    (Pipeline.verify Settings.standard path |> need).Findings |> List.ofSeq

let tests =
    testList
        "Packed"
        [ test "files of many tools, written once more, have the same objects and findings" {
              use sandbox = new Sandbox()

              let packed =
                  [ for folder in [ "data/real"; "data/wild" ] do
                        for name in list folder "*.h5ad" do
                            let source = require $"{folder}/{name}"
                            let target = sandbox.File name

                            let isPacked =
                                try
                                    pack source target
                                with FaultException _ ->
                                    // Nobody can read it.
                                    false

                            if isPacked then
                                Expect.equal (digest target) (digest source) name
                                Expect.equal (findings target) (findings source) name

                                Expect.isLessThan (FileInfo(target).Length) (FileInfo(source).Length + 65536L) name

                                name

                            File.Delete target ]

              // All but those with object references, named types and the like.
              Expect.isGreaterThan packed.Length 55 $"{packed}"
          }

          test "a few cells of a file take little room, and many leave it as it is" {
              use sandbox = new Sandbox()
              let input = require "data/real/pbmc_facs_4k.h5ad"

              let filtered name least =
                  let output = sandbox.File name

                  let recipe =
                      Recipe.ofSteps
                          [ Filter.step
                                { Filter.defaults with
                                    MinGenes = Some least } ]

                  let report =
                      Pipeline.run recipe Settings.standard (Input.file input) (Output.NewFile output) |> need

                  struct (report.CellsKept, FileInfo(output).Length)

              let struct (few, short) = filtered "few.h5ad" 2000
              let struct (_, long) = filtered "many.h5ad" 200
              let length = FileInfo(input).Length
              Expect.isTrue (few > 0L && few < 100L) $"{few} cells"
              Expect.isLessThan short (length / 4L) "few"
              Expect.isGreaterThanOrEqual long length "many"
          } ]
