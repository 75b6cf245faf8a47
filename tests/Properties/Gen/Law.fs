/// A law is a property with a name; one that fails prints the line that replays it.
module internal SingleSharp.Properties.Law

open System.Collections.Concurrent
open Expecto
open FsCheck
open SingleSharp
open SingleSharp.Properties.Gen

/// How a failure is told: what was found, and a line to paste in the place of the law's own.
let failure name (seed: uint64) (gamma: uint64) size (original: obj list) (shrunk: obj list) (reason: string) =
    let show values =
        values |> List.map (sprintf "%A") |> String.concat "\n"

    String.concat
        "\n"
        [ $"{name} does not hold: {reason}"
          $"for\n{show shrunk}"
          (if shrunk <> original then $"shrunk from\n{show original}" else "")
          "Replay it with"
          $"    Law.replays ({seed}UL, {gamma}UL, {size}) \"{name}\"" ]

let private reasonOf outcome =
    match outcome with
    | Outcome.Failed trouble -> trouble.Message
    | Outcome.Rejected -> "no case fits its condition"
    | Outcome.Passed -> "passed"

/// Turns FsCheck's verdict into Expecto's.
let private runner =
    { new IRunner with
        member _.OnStartFixture _ = ()
        member _.OnArguments(_, _, _) = ()
        member _.OnShrink(_, _) = ()

        member _.OnFinished(name, result) =
            match result with
            | TestResult.Passed _ -> ()
            | TestResult.Exhausted data -> failtest $"{name}: only {data.NumberOfTests} cases were found that fit its condition"
            | TestResult.Failed(_, original, shrunk, outcome, seed, _, size) ->
                failtest (failure name seed.Seed seed.Gamma size original shrunk (reasonOf outcome)) }

/// How many times as many cases are tried as usual: SINGLESHARP_CASES=20 hunts what one run in twenty finds.
let private factor =
    match System.Int32.TryParse(System.Environment.GetEnvironmentVariable "SINGLESHARP_CASES") with
    | true, factor when factor > 0 -> factor
    | _ -> 1

let private usual =
    Config.Quick.WithArbitrary([ typeof<Arbitraries>; typeof<GenHdf5.Arbitraries> ]).WithRunner(runner).WithQuietOnSuccess(true)

let private config = usual.WithMaxTest(factor * usual.MaxTest)

/// Holds for everything that the generators come up with.
let holds name (property: 'a -> 'b) : Test =
    testCase name (fun () -> Check.One(name, config, property))

/// The same, tried so many times.
let holdsFor times name (property: 'a -> 'b) : Test =
    testCase name (fun () -> Check.One(name, config.WithMaxTest(factor * times), property))

/// The same for a property that tells how each case ends: too few results would mean that the law says little.
let holdsWithResults times least name (property: (Result<unit, FaultKind> -> unit) -> 'a -> 'b) : Test =
    testCase name (fun () ->
        let ends = ConcurrentQueue<Result<unit, FaultKind>>()
        Check.One(name, config.WithMaxTest(factor * times), property ends.Enqueue)
        let told = ends |> Seq.countBy id |> List.ofSeq

        if ends |> Seq.filter _.IsOk |> Seq.length < least then
            failtest $"{name}: fewer than {least} of {ends.Count} cases have a result: %A{told}")

/// Only the case that failed, from its seed and size.
let replays (seed: uint64, gamma: uint64, size: int) name (property: 'a -> 'b) : Test =
    let replay =
        { Rnd = Rnd(seed, gamma)
          Size = Some size }

    testCase name (fun () -> Check.One(name, config.WithReplay(Some replay).WithMaxTest 1, property))
