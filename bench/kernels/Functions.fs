/// Logarithms and exponentials, value by value.
namespace SingleSharp.Kernels

open System
open BenchmarkDotNet.Attributes
open SingleSharp.Core.Numerics

type Functions() =
    let random = Random 1
    let values = Array.init 4096 (fun _ -> 20.0 * random.NextDouble())
    let results: float[] = Array.zeroCreate values.Length

    [<GlobalSetup>]
    member _.Prepare() =
        for method in [ "Log"; "Log1p"; "Exp"; "Expm1"; "Math" ] do
            Work.say "Functions" method [] (Work.Values(values.Length, 16.0))

    [<Benchmark(Description = "log")>]
    member _.Log() =
        for i in 0 .. values.Length - 1 do
            results[i] <- Elementary.log values[i]

    [<Benchmark(Description = "log1p")>]
    member _.Log1p() =
        for i in 0 .. values.Length - 1 do
            results[i] <- Elementary.log1p values[i]

    [<Benchmark(Description = "exp")>]
    member _.Exp() =
        for i in 0 .. values.Length - 1 do
            results[i] <- Elementary.exp values[i]

    [<Benchmark(Description = "expm1")>]
    member _.Expm1() =
        for i in 0 .. values.Length - 1 do
            results[i] <- Elementary.expm1 values[i]

    /// For comparison: its last bit differs between platforms.
    [<Benchmark(Description = "Math.Log of .NET")>]
    member _.Math() =
        for i in 0 .. values.Length - 1 do
            results[i] <- Math.Log values[i]
