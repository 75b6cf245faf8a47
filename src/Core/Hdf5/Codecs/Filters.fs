/// What becomes of the filters of a dataset here.
namespace SingleSharp.Core.Hdf5

[<RequireQualifiedAccess>]
module internal Filters =
    /// The first filter, if any, that cannot be undone here.
    let unsupported (filters: Filter list) =
        filters |> List.tryFind (fun filter -> (Codecs.tryFind filter.Id).IsNone)

    let private advice =
        "read the file with anndata and write it again with compression=\"gzip\" or none"

    /// Why a chunk is refused that is compressed with something, and what to do.
    let refusalOf name =
        $"it is compressed with {name}; {advice}"

    /// Why a dataset with such a filter is refused, and what to do.
    let refusal (filter: Filter) =
        refusalOf (Dataset.filterName filter.Id)

    /// Does HDF5 itself pass this filter over? It leaves filters that it cannot set up for a type, such as strings, without the
    /// parameter that they need.
    let isIdle (filter: Filter) =
        filter.Parameters.Length = 0 && Codecs.tryFind filter.Id |> Option.exists _.NeedsParameters

    /// The filters that every chunk is stored without: bit i for filter i.
    let mask (filters: Filter list) =
        filters |> List.indexed |> List.fold (fun mask (i, filter) -> if isIdle filter then mask ||| (1u <<< i) else mask) 0u
