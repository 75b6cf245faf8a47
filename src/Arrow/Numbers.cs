namespace SingleSharp.Arrow;

/// <summary>Work with values of a type of number.</summary>
internal interface INumberWork<TResult>
{
    TResult Do<T>()
        where T : unmanaged;
}

/// <summary>From a dtype to the type of .NET.</summary>
internal static class Numbers
{
    public static TResult Dispatch<TResult>(Core.DType number, INumberWork<TResult> work) => number.Tag switch
    {
        Core.DType.Tags.Int8 => work.Do<sbyte>(),
        Core.DType.Tags.UInt8 => work.Do<byte>(),
        Core.DType.Tags.Int16 => work.Do<short>(),
        Core.DType.Tags.UInt16 => work.Do<ushort>(),
        Core.DType.Tags.Int32 => work.Do<int>(),
        Core.DType.Tags.UInt32 => work.Do<uint>(),
        Core.DType.Tags.Int64 => work.Do<long>(),
        Core.DType.Tags.UInt64 => work.Do<ulong>(),
        Core.DType.Tags.Float32 => work.Do<float>(),
        Core.DType.Tags.Float64 => work.Do<double>(),
        _ => work.Do<bool>(),
    };
}
