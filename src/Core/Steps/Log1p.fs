/// The step log1p: the logarithm of 1 + x (scanpy-semantics, section 4).
namespace SingleSharp.Core

open System
open SingleSharp
open SingleSharp.Core.Numerics
open SingleSharp.Core.AnnData
open SingleSharp.Core.Writing
open SingleSharp.Core.Steps

/// The options of log1p.
type Log1pOptions =
    {
        /// The base of the logarithm, positive and not 1; none for the natural one.
        Base: float option
        /// Take the logarithm of X although uns/log1p says that it is logged already, as scanpy does, instead of refusing it.
        AllowLogged: bool
    }

[<RequireQualifiedAccess>]
module Log1p =
    let defaults = { Base = None; AllowLogged = false }

    let private readBase text =
        match text, StepOption.tryFloat text with
        | "e", _ -> Ok None
        | _, Some basis -> Ok(Some basis)
        | _ -> Error $"must be a number, not '{text}'"

    let private showBase basis =
        match basis with
        | Some basis -> StepOption.showFloat basis
        | None -> "None"

    let private options =
        [ StepOption.value
              "base"
              "B"
              "float | None"
              (JsonForm.orNull JsonForm.float)
              defaults
              readBase
              _.Base
              (fun value options -> { options with Base = value })
              showBase
              "base of the logarithm: e, 2, 10 or another number. Default: e."
          StepOption.switch
              "allow_logged"
              defaults
              _.AllowLogged
              (fun value options -> { options with AllowLogged = value })
              "take the logarithm although uns/log1p says that X is logged already, as scanpy does, instead of refusing it." ]

    let private check _ (options: Log1pOptions) =
        [ match options.Base with
          | Some basis when not (basis > 0.0 && basis <> 1.0 && Double.IsFinite basis) ->
              InvalidOption("base", "it must be positive and not 1")
          | _ -> () ]

    /// What is logged is not logged again by mistake.
    let private require (file: AnnDataFile) (common: Common) (options: Log1pOptions) =
        if common.Matrix = MatrixName.X && AnnDataFile.isLogged file && not options.AllowLogged then
            Fault.throw (
                Unsuitable(
                    "log1p",
                    $"{file.X.Path} is already log-transformed, as uns/log1p says; leave the step out (pipeline: ⟨skip=qc,normalize_total,log1p⟩), or pass ⟨allow_logged⟩ to take the logarithm again, as scanpy does"
                )
            )

    /// An empty dict means the natural logarithm; old anndata cannot read a null.
    let private note (options: Log1pOptions) =
        NewElement.Dict
            [ match options.Base with
              | Some basis -> "base", NewElement.Number basis
              | None -> () ]

    let private plan (context: PlanContext) (options: Log1pOptions) =
        let file = context.File
        let precision = Precision.afterLog1p context.State.Type

        { StepPlan.nothing "log1p" context with
            State =
                { Type = Precision.dtype precision
                  IsLoggedHere = true
                  LogBase = options.Base
                  SeenAs = Precision.dtype precision }
            ChangesValues = true
            RefusesInvalid = true
            Groups = [ "uns" ]
            Warnings =
                [ if AnnDataFile.isLogged file then
                      if context.Common.Matrix = MatrixName.X then
                          $"{file.X.Path} is already log-transformed (uns/log1p is there); it is transformed again, which needs ⟨allow_logged⟩"
                      else
                          $"{file.X.Path} may be log-transformed already (uns/log1p is there, which tells of X); it is transformed now" ]
            Start =
                fun _ before ->
                    { MainPart.nothing before with
                        Transformation =
                            { before with
                                Logarithm = ValueSome(Option.toValueOption options.Base, precision) }
                        Fold =
                            Fold.always (fun _ ->
                                { Outcome.nothing with
                                    Members = [ "uns", [ "log1p", note options ] ] }) } }

    let internal kind =
        { StepKind.make "log1p" defaults options plan with
            Line = "take ln(1 + x) of X."
            About =
                "Takes ln(1 + x) of every value of X, as scanpy's log1p, and notes it in uns/log1p. Integers become float64, as they do there."
            Examples =
                [ "singlesharp log1p normalized.h5ad ⟨in_place⟩"
                  "singlesharp log1p normalized.h5ad ⟨out=logged.h5ad⟩ ⟨base=2⟩" ]
            ChangesValues = fun _ -> true
            RefusesInvalid = true
            Check = check
            Require = require }

    /// The step with these options.
    let step options = Step(StepBody.make kind options)
