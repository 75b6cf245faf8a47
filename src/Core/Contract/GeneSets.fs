/// Sets of genes, such as the mitochondrial ones.
namespace SingleSharp

open System

/// Which genes make up the set mt.
[<RequireQualifiedAccess>]
type Mitochondrial =
    /// Genes whose name begins with MT-, or with mt- where none does.
    | Auto
    /// Genes whose name begins with this.
    | Prefix of prefix: string
    /// There is no set called mt.
    | None

/// Which genes belong to a set.
[<RequireQualifiedAccess>]
type GeneRule =
    internal
    /// Genes whose name begins with one of these.
    | Prefixes of string list
    /// Genes that are True in a boolean column of var.
    | Column of name: string
    /// These genes, by name; those that the file does not have are passed over.
    | Names of string list
    /// The genes that a text file lists, one per line; those that the file does not have are passed over, with a warning.
    | ListedIn of path: string

/// A named set of genes, for columns such as pct_counts_ribo. One that is called mt replaces the mitochondrial one.
type GeneSet =
    { Name: string
      Rule: GeneRule }

    /// Genes whose name begins with one of the prefixes.
    static member WithPrefix(name: string, [<ParamArray>] prefixes: string[]) =
        { Name = name
          Rule = GeneRule.Prefixes(List.ofArray prefixes) }

    /// Genes that are True in a boolean column of var.
    static member FromColumn(name: string, column: string) =
        { Name = name
          Rule = GeneRule.Column column }

    /// These genes, by name; those that the file does not have are passed over.
    static member OfGenes(name: string, [<ParamArray>] genes: string[]) =
        { Name = name
          Rule = GeneRule.Names(List.ofArray genes) }

    /// The genes that a text file lists, one per line.
    static member ListedIn(name: string, path: string) =
        { Name = name
          Rule = GeneRule.ListedIn path }
