/// The list of steps. A new one is a file, and a line here.
namespace SingleSharp.Core

[<RequireQualifiedAccess>]
module AllSteps =
    /// With their defaults, in the order in which they are taken.
    let inOrder =
        [ SubsetStep.step SubsetStep.defaults
          Filter.step Filter.defaults
          Qc.step Qc.defaults
          NormalizeTotal.step NormalizeTotal.defaults
          Log1p.step Log1p.defaults
          Hvg.step Hvg.defaults
          Scale.step Scale.defaults
          Pca.step Pca.defaults ]
