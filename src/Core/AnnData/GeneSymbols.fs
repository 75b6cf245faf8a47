/// Names of genes as sets of genes go by them: the index of var, or a column of it that holds symbols.
namespace SingleSharp.Core.AnnData

open System
open SingleSharp.Core

[<RequireQualifiedAccess>]
module internal Symbols =
    /// What columns of symbols are called: by cellxgene, Cell Ranger and scanpy, Ensembl, HGNC, and tutorials.
    let private usual =
        [ "feature_name"
          "gene_symbols"
          "gene_symbol"
          "gene_name"
          "gene_names"
          "symbol"
          "symbols"
          "hgnc_symbol"
          "mgi_symbol"
          "gene_short_name"
          "external_gene_name"
          "gene" ]

    /// Is it the stable identifier of a gene, such as ENSG00000198888, ENSMUSG00000064341 or ENSG00000198888.2?
    let isEnsembl (name: string) =
        let digits = name.AsSpan().Slice(0, (name + ".").IndexOf '.')
        let tail = digits.TrimStart("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        let head = name.Substring(0, digits.Length - tail.Length)

        head.StartsWith("ENS", StringComparison.Ordinal)
        && head.EndsWith 'G'
        && tail.Length = 11
        && not (tail.ContainsAnyExceptInRange('0', '9'))

    /// Are most of the names such identifiers?
    let areEnsembl (names: seq<string>) =
        let mutable all = 0L
        let mutable such = 0L

        for name in names do
            all <- all + 1L

            if isEnsembl name then
                such <- such + 1L

        2L * such > all

    /// The values of a column of var as text, one for each gene; an empty text where one is missing.
    let ofColumn (file: AnnDataFile) option column =
        let refuse why : 'a =
            Fault.throw (InvalidOption(option, $"the column {column} of {file.Var.Path} {why}"))

        if not (List.contains column file.Var.Columns) then
            refuse "does not exist"

        let values =
            try
                DataFrame.names file.Store { file.Var with IndexName = column } 0L file.Var.Rows |> Array.ofSeq
            with FaultException(Unsupported _) ->
                refuse "holds no text"

        if values.LongLength <> file.Var.Rows then
            refuse "has another length than there are genes"

        values

    /// The names that sets of genes go by.
    let names (file: AnnDataFile) symbols =
        match symbols with
        | Some column -> ofColumn file "gene_symbols" column
        | None -> AnnDataFile.geneNames file.Store file.Var

    /// A column that seems to hold symbols where the index does not.
    let tryFind (file: AnnDataFile) =
        let spelled (column: string) =
            column.ToLowerInvariant().Replace('-', '_').Replace(' ', '_')

        usual
        |> List.collect (fun name -> file.Var.Columns |> List.filter (fun column -> spelled column = name))
        |> List.tryFind (fun column ->
            try
                not (areEnsembl (ofColumn file "gene_symbols" column))
            with FaultException _ ->
                false)

    /// What to do where a set has no genes because the names are identifiers; none where they are not.
    let hint (file: AnnDataFile) symbols =
        if Option.isSome symbols || not (areEnsembl (DataFrame.names file.Store file.Var 0L file.Var.Rows)) then
            None
        else
            match tryFind file with
            | Some column ->
                Some
                    $"names of genes are Ensembl identifiers; the column {column} of {file.Var.Path} seems to hold symbols: pass ⟨gene_symbols={column}⟩"
            | None ->
                Some
                    $"names of genes are Ensembl identifiers, and no column of {file.Var.Path} is called like one with symbols; name one with ⟨gene_symbols⟩, or list the genes with ⟨gene_set=NAME=file:...⟩"
