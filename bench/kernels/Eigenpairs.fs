/// The fifty leading eigenpairs of a symmetric matrix, on one thread. The matrix, which is overwritten, is copied first.
namespace SingleSharp.Kernels

open System
open BenchmarkDotNet.Attributes
open SingleSharp.Core.Numerics

type Eigenpairs() =
    let mutable upper: float[] = Array.Empty()
    let mutable copy: float[] = Array.Empty()

    [<Params(500, 1_000, 2_000, 5_000)>]
    member val Genes = 0 with get, set

    [<GlobalSetup>]
    member eigenpairs.Prepare() =
        upper <- Samples.symmetric eigenpairs.Genes
        copy <- Array.zeroCreate upper.Length

    [<Benchmark(Description = "50 leading eigenpairs, genes")>]
    member eigenpairs.Leading() =
        Array.Copy(upper, copy, upper.Length)
        (Eigen.leading Watch.none eigenpairs.Genes 50 copy).Values[0]
