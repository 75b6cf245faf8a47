/// What bounds the others: a large array is copied.
namespace SingleSharp.Kernels

open System
open BenchmarkDotNet.Attributes

type Memory() =
    // More than the caches of a processor hold.
    let source: float32[] = Array.create (1 <<< 25) 1.0f
    let target: float32[] = Array.create source.Length 0.0f

    [<GlobalSetup>]
    member _.Prepare() =
        Work.say "Memory" "Copy" [] (Work.Values(source.Length, 8.0))

    [<Benchmark(Description = "copy a float32 array")>]
    member _.Copy() =
        Array.Copy(source, target, source.Length)
