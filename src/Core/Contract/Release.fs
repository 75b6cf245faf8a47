/// Which SingleSharp this is, and which bits it computes.
namespace SingleSharp.Core.Contract

open System.Reflection

[<RequireQualifiedAccess>]
module internal Release =
    /// The version of the library, such as 0.1.0.
    let version = Assembly.GetExecutingAssembly().GetName().Version.ToString 3

    /// Raise this number by one with every change after which some input and recipe have other bits as their result; CHANGELOG.md names the
    /// change. It is noted in each output, so that two people can tell whether the same bits are to be expected of them.
    let bits = 1
