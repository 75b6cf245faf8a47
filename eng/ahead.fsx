// Marks the types of assemblies that have no static constructor as `beforefieldinit`, before they are compiled ahead of time.
//
//     dotnet fsi eng/ahead.fsx LIST
//
// The F# compiler leaves that flag out of modules. The ahead-of-time compiler then expects a static constructor, and leaves each generic function of
// a module, List.map as much as our own, to the runtime, which compiles it at each start. Without a static constructor the flag means nothing
// else. LIST has the path of an assembly in each line, and its folder gets the copies. A strong name is not signed anew, which .NET does not ask for.
open System
open System.IO
open System.Reflection
open System.Reflection.Metadata
open System.Reflection.Metadata.Ecma335
open System.Reflection.PortableExecutable

/// The bytes of an assembly with its types marked.
let marked (path: string) =
    let bytes = File.ReadAllBytes path
    use image = new PEReader(new MemoryStream(bytes, writable = false))
    let metadata = image.GetMetadataReader()

    let hasStaticConstructor (definition: TypeDefinition) =
        definition.GetMethods()
        |> Seq.exists (fun method -> metadata.StringComparer.Equals(metadata.GetMethodDefinition(method).Name, ".cctor"))

    // The flags are the first column of the table of types, four bytes.
    let table =
        image.PEHeaders.MetadataStartOffset + metadata.GetTableMetadataOffset TableIndex.TypeDef

    let row = metadata.GetTableRowSize TableIndex.TypeDef

    for handle in metadata.TypeDefinitions do
        let definition = metadata.GetTypeDefinition handle

        if not (hasStaticConstructor definition) then
            let flags = definition.Attributes ||| TypeAttributes.BeforeFieldInit
            let at = table + row * (MetadataTokens.GetRowNumber handle - 1)
            BitConverter.TryWriteBytes(Span(bytes, at, sizeof<int>), int flags) |> ignore

    bytes

match fsi.CommandLineArgs with
| [| _; list |] ->
    for path in File.ReadAllLines list do
        let copy = Path.Combine(Path.GetDirectoryName list, Path.GetFileName path)
        let bytes = marked path

        // A copy that is as it should be keeps its time, so that it is not compiled again.
        if not (File.Exists copy && (File.ReadAllBytes copy).AsSpan().SequenceEqual bytes) then
            File.WriteAllBytes(copy, bytes)
| _ -> failwith "dotnet fsi eng/ahead.fsx LIST"
