namespace SingleSharp.Core

open System.Reflection

/// Facts about the library itself.
module Library =

    /// The version of this library, such as 0.1.0.
    let version = Assembly.GetExecutingAssembly().GetName().Version.ToString(3)
