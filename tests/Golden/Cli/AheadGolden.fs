/// What eng/ahead.fsx makes of assemblies before they are compiled ahead of time.
module internal SingleSharp.Golden.AheadGolden

open System
open System.IO
open System.Reflection
open System.Reflection.Metadata
open System.Reflection.PortableExecutable
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Packages

/// Each type: its name, whether it has a static constructor, and its flags.
let private types (path: string) =
    use image = new PEReader(File.OpenRead path)
    let metadata = image.GetMetadataReader()

    [ for handle in metadata.TypeDefinitions do
          let definition = metadata.GetTypeDefinition handle

          let hasStaticConstructor =
              definition.GetMethods()
              |> Seq.exists (fun method -> metadata.GetString (metadata.GetMethodDefinition method).Name = ".cctor")

          metadata.GetString definition.Name, hasStaticConstructor, definition.Attributes ]

let private mark (sandbox: Sandbox) (assemblies: string list) =
    let list = sandbox.File "assemblies.txt"
    File.WriteAllLines(list, assemblies)
    Command.run sandbox.Folder [] "dotnet" [ "fsi"; Path.Combine(root, "eng", "ahead.fsx"); list ] |> ignore

let tests =
    testList
        "Ahead"
        [ test "types without a static constructor are marked, and nothing else changes" {
              use sandbox = new Sandbox()

              let assemblies =
                  [ typeof<Fold<int, int>>.Assembly.Location
                    typeof<list<int>>.Assembly.Location ]

              mark sandbox assemblies

              for assembly in assemblies do
                  let name = Path.GetFileName assembly
                  let copy = sandbox.File name

                  let wanted =
                      [ for name, hasStaticConstructor, flags in types assembly do
                            name, hasStaticConstructor, if hasStaticConstructor then flags else flags ||| TypeAttributes.BeforeFieldInit ]

                  Expect.equal (types copy) wanted name

                  let marked =
                      (types assembly, wanted)
                      ||> List.zip
                      |> List.filter (fun ((_, _, before), (_, _, after)) -> before <> after)
                      |> List.length

                  Expect.isGreaterThan marked 100 name

                  // The flag is one bit.
                  let differences =
                      (File.ReadAllBytes assembly, File.ReadAllBytes copy)
                      ||> Array.map2 (fun before after -> before ^^^ after)
                      |> Array.filter ((<>) 0uy)

                  Expect.equal differences (Array.create marked 0x10uy) name
          }

          test "a copy that is as it should be keeps its time" {
              use sandbox = new Sandbox()
              let assembly = typeof<Fold<int, int>>.Assembly.Location
              let copy = sandbox.File(Path.GetFileName assembly)
              mark sandbox [ assembly ]
              let before = DateTime(2020, 2, 2, 0, 0, 0, DateTimeKind.Utc)
              File.SetLastWriteTimeUtc(copy, before)
              mark sandbox [ assembly ]
              Expect.equal (File.GetLastWriteTimeUtc copy) before "not written"
              let bytes = File.ReadAllBytes copy
              File.WriteAllBytes(copy, [| 1uy |])
              mark sandbox [ assembly ]
              Expect.isTrue (File.ReadAllBytes copy = bytes) "written anew"
          } ]
