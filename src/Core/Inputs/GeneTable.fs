/// The names of the genes of a matrix.mtx: genes.tsv or features.tsv beside it.
namespace SingleSharp.Core.Inputs

open System.Collections.Generic
open System.IO
open SingleSharp.Core
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Contract

/// What each gene has: an identifier, a name, and perhaps a type.
type internal GeneTable =
    { Ids: string[]
      Names: string[]
      Types: string[] option }

[<RequireQualifiedAccess>]
module internal GeneTable =
    let private refuseFew (lines: TextLines) (fields: string[]) : unit =
        if lines.Number = 1L then
            Fault.throw (
                Unsupported(
                    lines.Path,
                    "the names of genes",
                    "its line 1 has one column where an identifier and a name are needed; write both on each line, with a tab between them (paste FILE FILE gives each identifier as its name)"
                )
            )
        else
            lines.Damaged $"""it has {Plural.things fields.LongLength "column"} where 2 are needed"""

    /// Reads N genes. Features of Cell Ranger 3 have types; where only some of them have one, nobody can say which genes are
    /// meant, unless all are.
    let read path (count: int64) isAllWanted (held: NameMemory) =
        let ids = List<string>()
        let names = List<string>()
        let types = List<string>()

        // Folders of Cell Ranger 2 have genes.tsv, and its genes have no type.
        let mayHaveTypes = (Path.GetFileName(path: string)).StartsWith "features"
        let mutable firstWithout = 0L
        let mutable without = 0

        NameTable.visit path count "gene" (fun lines fields ->
            if fields.Length < 2 then
                refuseFew lines fields

            ids.Add(held.Add fields[0])
            names.Add(held.Add fields[1])

            if mayHaveTypes then
                let kind = if fields.Length > 2 then fields[2].Trim() else ""

                if kind = "" then
                    without <- without + 1

                    if firstWithout = 0L then
                        firstWithout <- lines.Number

                types.Add(held.Word kind))

        if without > 0 && without < types.Count && not isAllWanted then
            Fault.throw (
                Unsupported(
                    path,
                    "the types of features",
                    $"line {firstWithout} has none where others have one; write it there, or take all with ⟨feature_type=all⟩"
                )
            )

        { Ids = ids.ToArray()
          Names = names.ToArray()
          Types = if mayHaveTypes && without < types.Count then Some(types.ToArray()) else None }
