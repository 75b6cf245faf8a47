/// What the libraries offer is written down in docs/api: a change of it is seen where it is made, and is a line of CHANGELOG.md.
module internal SingleSharp.Golden.ApiGolden

open System
open System.IO
open System.Runtime.Loader
open Expecto
open PublicApiGenerator
open SingleSharp.Golden.Shared

let private isWriting =
    Environment.GetEnvironmentVariable "SINGLESHARP_WRITE_DOCS" = "1"

/// Attributes that say how a compiler has written something down, not what it offers.
let private options =
    ApiGeneratorOptions(
        IncludeAssemblyAttributes = false,
        ExcludeAttributes =
            [| "Microsoft.FSharp.Core.CompilationMappingAttribute"
               "Microsoft.FSharp.Core.CompilationArgumentCountsAttribute"
               "Microsoft.FSharp.Core.CompilationSourceNameAttribute"
               "System.Runtime.CompilerServices.CompilerGeneratedAttribute"
               "System.Diagnostics.DebuggerDisplayAttribute"
               "System.Diagnostics.DebuggerBrowsableAttribute" |]
    )

/// Each in a context of its own: to the usual one SingleSharp and the tool singlesharp, which is loaded already, are the same name.
let private offered name =
    let path = Path.Combine(root, "artifacts", "bin", name, "release", $"{name}.dll")
    let context = AssemblyLoadContext(name, true)

    context.add_Resolving (fun context wanted ->
        let beside = Path.Combine(Path.GetDirectoryName path, $"{wanted.Name}.dll")
        if File.Exists beside then context.LoadFromAssemblyPath beside else null)

    let assembly = context.LoadFromAssemblyPath path
    Expect.equal (assembly.GetName().Name) name "the assembly"

    ApiGenerator.GeneratePublicApi(assembly, options).Replace("\r\n", "\n") + "\n"

let private written name =
    test name {
        let path = Path.Combine(root, "docs", "api", $"{name}.txt")
        let offered = offered name

        if isWriting then
            File.WriteAllText(path, offered)

        Expect.equal
            (File.ReadAllText(path).Replace("\r\n", "\n"))
            offered
            "if it was meant, write it anew with a line in CHANGELOG.md: SINGLESHARP_WRITE_DOCS=1 dotnet SingleSharp.Golden.dll --filter-test-list Api"
    }

let all =
    testList
        "Api"
        [ for name in [ "SingleSharp"; "SingleSharp.Core"; "SingleSharp.Report"; "SingleSharp.Arrow" ] do
              written name ]
