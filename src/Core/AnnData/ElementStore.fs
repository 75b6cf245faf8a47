/// Where AnnData elements lie: groups and arrays by name, with attributes. HDF5 is one such store (Hdf5Elements); Zarr would be another.
namespace SingleSharp.Core.AnnData

type internal StoreNode<'group, 'array> =
    | GroupNode of 'group
    | ArrayNode of 'array

/// What the values of an array are, as far as it makes another element of it.
[<RequireQualifiedAccess>]
type internal ArrayKind =
    /// Numbers, booleans, and whatever else has a shape.
    | Values
    | Strings
    /// One value without a shape.
    | Scalar
    /// Values of several fields each.
    | Records

/// What reading an element asks of a store. Editing is each store's own business: HDF5 clones a file and commits the clone.
type internal IElementStore<'group, 'array> =
    /// The object under a name; none where there is none. The path is that of the group, for messages.
    abstract TryMember: path: string * group: 'group * name: string -> StoreNode<'group, 'array> option

    /// Is there something under the name, whatever it leads to?
    abstract Has: group: 'group * name: string -> bool

    /// A string attribute.
    abstract Text: group: 'group * name: string -> string option

    /// An attribute of integers.
    abstract Integers: group: 'group * name: string -> int64 list option

    /// Is there a boolean attribute that is true?
    abstract IsTrue: group: 'group * name: string -> bool

    abstract Kind: 'array -> ArrayKind

    /// Throws the fault that something at the path contradicts itself.
    abstract Damaged: path: string * what: string -> 'a
