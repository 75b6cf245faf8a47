namespace SingleSharp;

/// <summary>Facts about the library itself.</summary>
public static class Library
{
    /// <summary>The version of this library, such as <c>0.1.0</c>.</summary>
    public static string Version => Core.Library.version;
}
