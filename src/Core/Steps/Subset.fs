/// The step subset: the cells and genes that a query of their columns or a list of their names chooses, as adata[obs, var] does.
namespace SingleSharp.Core

open System.Collections.Generic
open SingleSharp
open SingleSharp.Core.Contract
open SingleSharp.Core.Rows
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Query
open SingleSharp.Core.Steps

/// The options of subset. What is given of cells, or of genes, must all be met. The order of cells and genes stays that of the file.
type SubsetOptions =
    {
        /// A query of the columns of obs, such as n_genes > 500 and batch in a,b.
        ObsQuery: string option
        /// A query of the columns of var, such as highly_variable.
        VarQuery: string option
        /// A text file that lists the names of the cells, one a line.
        Obs: string option
        /// The same of genes.
        Var: string option
    }

[<RequireQualifiedAccess>]
module SubsetStep =
    /// Nothing is asked for; the start of a subset of one's own.
    let defaults =
        { ObsQuery = None
          VarQuery = None
          Obs = None
          Var = None }

    let private options =
        [ StepOption.textOrNone
              "obs_query"
              "QUERY"
              defaults
              _.ObsQuery
              (fun value options -> { options with ObsQuery = value })
              "keep the cells for which a query of the columns of obs is true, such as 'n_genes > 500 and batch in a,b'."
          StepOption.textOrNone
              "var_query"
              "QUERY"
              defaults
              _.VarQuery
              (fun value options -> { options with VarQuery = value })
              "keep the genes for which a query of the columns of var is true, such as highly_variable."
          StepOption.textOrNone
              "obs"
              "FILE"
              defaults
              _.Obs
              (fun value options -> { options with Obs = value })
              "keep the cells whose names this text file lists, one a line; their order stays as it is."
          StepOption.textOrNone
              "var"
              "FILE"
              defaults
              _.Var
              (fun value options -> { options with Var = value })
              "keep the genes whose names this text file lists, one a line." ]

    let private parse option text =
        try
            Query.parse text
        with QueryException(place, why) ->
            Fault.throw (InvalidOption(option, $"at character {place} of the query, {why}"))

    let private queries (options: SubsetOptions) =
        [ "obs_query", options.ObsQuery; "var_query", options.VarQuery ]

    let private check (_: Common) (options: SubsetOptions) =
        [ if options = defaults then
              InvalidStep("subset", "say what to keep, such as ⟨obs_query='n_genes > 500'⟩ or ⟨var_query=highly_variable⟩")

          for option, query in queries options do
              match query with
              | Some text ->
                  try
                      parse option text |> ignore
                  with FaultException fault ->
                      fault
              | None -> () ]

    /// Names of a list that are told where they are not there.
    let private mostNamed = 3

    /// The rows whose names a file lists, all of which must be there.
    let private listed (file: AnnDataFile) (frame: DataFrame) option memory path =
        let wanted = NameList.read memory path
        let isThere = Dictionary<string, bool>(wanted.Length)

        for name in wanted do
            isThere[name] <- false

        let rows =
            RowMask.ofSeq
                frame.Rows
                (DataFrame.names file.Store frame 0L frame.Rows
                 |> Seq.map (fun name ->
                     let isWanted = isThere.ContainsKey name

                     if isWanted then
                         isThere[name] <- true

                     isWanted))

        let missing = wanted |> List.filter (fun name -> not isThere[name])

        if not missing.IsEmpty then
            let first = missing |> List.truncate mostNamed |> String.concat ", "
            let dots = if missing.Length > mostNamed then ", ..." else ""

            Fault.throw (
                InvalidOption(
                    option,
                    $"""{Plural.say missing.Length "name" "names"} of the {wanted.Length} that {path} lists {if missing.Length = 1 then "is" else "are"} not in {frame.Path}: {first}{dots}"""
                )
            )

        rows

    let private both (masks: RowMask list) length =
        match masks with
        | [] -> RowMask.all length
        | [ mask ] -> mask
        | _ ->
            RowMask.ofSeq
                length
                (seq {
                    for row in 0L .. length - 1L do
                        masks |> List.forall (fun mask -> mask.Has row)
                })

    /// Rows that one of the two conditions chooses, and how many each of them drops.
    let private choose (file: AnnDataFile) (frame: DataFrame) memory warn (queryOption, query) (listOption, list) =
        let chosen =
            [ match query with
              | Some text ->
                  let rows = QueryRows(file.Store, frame, queryOption, memory)
                  queryOption, rows.Answer(parse queryOption text)
                  rows.Warnings |> List.iter warn
              | None -> ()
              match list with
              | Some path -> listOption, listed file frame listOption memory path
              | None -> () ]

        struct (both (List.map snd chosen) frame.Rows, [ for option, mask in chosen -> option, frame.Rows - mask.Count ])

    let private select (file: AnnDataFile) memory warn options =
        let struct (cells, lostCells) =
            choose file file.Obs memory warn ("obs_query", options.ObsQuery) ("obs", options.Obs)

        let struct (genes, lostGenes) =
            choose file file.Var memory warn ("var_query", options.VarQuery) ("var", options.Var)

        { Selection = { Cells = cells; Genes = genes }
          LostCells = lostCells
          LostGenes = lostGenes }

    /// The plan for a selection that is made when it is first asked for.
    let private planned (context: PlanContext) (options: SubsetOptions) (known: Lazy<KnownSelection>) (warnings: List<string>) =
        let file = context.File

        { StepPlan.nothing "subset" context with
            Selector =
                Some
                    { DropsCells = options.ObsQuery.IsSome || options.Obs.IsSome
                      DropsGenes = options.VarQuery.IsSome || options.Var.IsSome
                      By = Known known
                      CellColumns = CellColumns.concat []
                      GeneColumns = [] }
            Main =
                Some
                    { Budget.nothing with
                        Once = file.X.Cells / 2L + int64 file.X.Genes / 2L }
            Start =
                fun _ before ->
                    { MainPart.nothing before with
                        Fold =
                            Fold.always (fun _ ->
                                { Outcome.nothing with
                                    Warnings = List.ofSeq warnings }) } }

    let private plan (context: PlanContext) (options: SubsetOptions) =
        let file = context.File

        for frame, (option, query) in List.zip [ file.Obs; file.Var ] (queries options) do
            query |> Option.iter (fun text -> QueryRows.Require(frame, option, parse option text))

        let warnings = List<string>()

        planned context options (lazy (select file context.Settings.Memory warnings.Add options)) warnings

    let internal kind =
        { StepKind.make "subset" defaults options plan with
            Line = "keep the cells and genes that a query or a list of names chooses."
            About =
                "Keeps the cells and genes that are asked for, as adata[obs, var] does: a subset of X, layers, obs, var, obsm, varm, obsp, varp, and of raw by cells. A query compares columns (==, !=, <, <=, >, >=), looks whether a value is in a list, and joins conditions by and, or, not and brackets; index stands for the names. Names with spaces are put in quotes."
            Examples =
                [ "singlesharp subset counts.h5ad ⟨out=a.h5ad⟩ ⟨obs_query=\"sample in one,two\"⟩"
                  "singlesharp subset counts.h5ad ⟨in_place⟩ ⟨var_query=\"index not in MALAT1\"⟩" ]
            IsOptional = true
            Selects = true
            FileOptions = [ "obs"; "var" ]
            Check = check }

    /// The step with these options.
    let step options = Step(StepBody.make kind options)

    /// The same where somebody knows what its queries choose, of a file that is to be subset.
    let internal knowing (select: AnnDataFile -> KnownSelection) options =
        let plan (context: PlanContext) options =
            planned context options (lazy (select context.File)) (List())

        Step(
            StepBody.make
                { kind with
                    Plan = plan
                    Check = fun _ _ -> [] }
                options
        )
