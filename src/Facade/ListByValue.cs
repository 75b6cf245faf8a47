using System.Collections;

namespace SingleSharp;

/// <summary>A list that options hold: a copy of what was given, equal to any other of the same items, so that records compare by value.</summary>
internal sealed class ListByValue<T> : IReadOnlyList<T>
{
    private readonly T[] _items;

    private ListByValue(T[] items) => _items = items;

    public static IReadOnlyList<T> Empty { get; } = new ListByValue<T>([]);

    public int Count => _items.Length;

    public T this[int index] => _items[index];

    /// <summary>The items of a list. A null stays one, and is refused where it is used.</summary>
    public static IReadOnlyList<T> Of(IReadOnlyList<T> items) => items is null ? null! : new ListByValue<T>([.. items]);

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)_items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override bool Equals(object? obj) => obj is ListByValue<T> other && _items.AsSpan().SequenceEqual(other._items);

    public override int GetHashCode()
    {
        HashCode hash = default;

        foreach (var item in _items)
        {
            hash.Add(item);
        }

        return hash.ToHashCode();
    }

    public override string ToString() => $"[{string.Join(", ", _items)}]";
}
