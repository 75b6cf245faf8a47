module SingleSharp.Cli.Program

open SingleSharp.Core

[<EntryPoint>]
let main _ =
    System.Console.Out.WriteLine $"singlesharp {Library.version}"
    0
