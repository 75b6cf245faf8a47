/// Several inputs as one: the genes that they share, and the columns that belong together, as anndata.concat joins them.
namespace SingleSharp.Core.Concat

open System.Collections.Generic
open SingleSharp.Core
open SingleSharp.Core.AnnData
open SingleSharp.Core.Inputs

[<RequireQualifiedAccess>]
module internal Concat =
    let private intersection (left: string[]) (right: string[]) =
        let known = HashSet right
        left |> Array.filter known.Contains

    /// pandas sorts a union, unless both are the same or one is empty.
    let private union (left: string[]) (right: string[]) =
        if left = right || right.Length = 0 then left
        elif left.Length = 0 then right
        else TextOrder.byCodePoint (Array.distinct (Array.append left right))

    /// The genes of the joined matrix. Names must be unique within each input.
    let genes join (inputs: string[] list) =
        inputs |> List.reduce (if join = Join.Inner then intersection else union)

    /// The place of each of some names among the genes, −1 where it has none.
    let places (genes: string[]) (names: string[]) =
        let known = Dictionary<string, int>()
        genes |> Array.iteri (fun place gene -> known[gene] <- place)

        names
        |> Array.map (fun name ->
            match known.TryGetValue name with
            | true, place -> place
            | _ -> -1)

    /// The first name that occurs twice.
    let tryRepeated (names: seq<string>) =
        let known = HashSet<string>()
        names |> Seq.tryFind (fun name -> not (known.Add name))

    /// What all inputs have of their rows by name, in the order of the first one, and the names of what does not go together.
    let private byName place join (together: (int64 * 'part option) list -> 'part option) (inputs: (int64 * (string * 'part) list) list) =
        let joined =
            inputs
            |> List.collect (snd >> List.map fst)
            |> List.distinct
            |> List.map (fun name ->
                let parts =
                    inputs
                    |> List.map (fun (rows, parts) -> rows, parts |> List.tryFind (fun (other, _) -> other = name) |> Option.map snd)

                name, (if join = Join.Outer || List.forall (snd >> Option.isSome) parts then together parts else None))

        joined |> List.choose (fun (name, part) -> part |> Option.map (fun part -> name, part)),
        joined |> List.filter (fun (_, part) -> part.IsNone) |> List.map (fun (name, _) -> $"{place}/{name}")

    let private columns held place join inputs =
        byName place join (ColumnConcat.join held) inputs

    /// Columns with one value per cell, of inputs of N cells: those that every input has or, with an outer join, any.
    let obs held join (inputs: (int64 * (string * Column) list) list) = columns held "obs" join inputs

    /// Arrays with a row for each cell: those that every input has or, with an outer join, any; and the names of the others.
    let obsm join (inputs: (int64 * (string * ObsmArray) list) list) =
        byName "obsm" join (ObsmArray.join (join = Join.Outer)) inputs

    /// Columns with one value per gene: those that every input has and in which all agree about every gene that they share.
    let var held (genes: string[]) (inputs: (string[] * (string * Column) list) list) =
        let found, missing =
            inputs |> List.map (fun (names, columns) -> names.LongLength, columns) |> columns held "var" Join.Inner

        /// Where each gene of an input stands in columns of all inputs one after another.
        let starts = inputs |> List.scan (fun start (names, _) -> start + names.Length) 0

        /// The row of each joined gene: in the first input that has it.
        let first = Array.create genes.Length -1

        /// The rows about which inputs must agree.
        let extents = List<struct (int * int)>()

        for start, (names, _) in List.zip (List.take inputs.Length starts) inputs do
            places genes names
            |> Array.iteri (fun row place ->
                if place >= 0 then
                    if first[place] < 0 then
                        first[place] <- start + row
                    else
                        extents.Add(struct (first[place], start + row)))

        let one, other =
            extents.ToArray() |> Array.map (fun (struct (one, other)) -> one, other) |> Array.unzip

        let agreed, disputed =
            found |> List.partition (fun (_, field) -> Column.areSame (Column.choose one field) (Column.choose other field))

        agreed |> List.map (fun (name, field) -> name, NameMemory.texts held (Column.choose first field)),
        missing @ (disputed |> List.map (fun (name, _) -> $"var/{name}"))
