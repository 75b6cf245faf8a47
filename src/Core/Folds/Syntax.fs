/// The words in which passes are written: one read, many answers.
namespace SingleSharp.Core

/// fold { let! a = … and! b = … return … } asks several questions of one read.
/// There is no Bind on purpose: a second read cannot be hidden inside the first.
[<Sealed>]
type FoldBuilder internal () =
    member _.MergeSources(left: Fold<'a, 'p>, right: Fold<'a, 'q>) =
        Fold.both left right |> Fold.map (fun (struct (p, q)) -> p, q)

    member _.BindReturn(fold: Fold<'a, 'r>, change) = Fold.map change fold

[<AutoOpen>]
module FoldSyntax =
    /// Law (syntax): fold { let! a = x and! b = y return f a b } = map (fun (struct (a, b)) -> f a b) (both x y)
    let fold = FoldBuilder()
