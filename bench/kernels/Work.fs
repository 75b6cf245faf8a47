/// What one call of a kernel does, and the columns of the table that follow from it.
namespace SingleSharp.Kernels

open System.Collections.Concurrent
open System.Globalization
open System.Reflection
open BenchmarkDotNet.Attributes
open BenchmarkDotNet.Columns
open BenchmarkDotNet.Reports
open BenchmarkDotNet.Running

/// The work of one call.
[<RequireQualifiedAccess>]
type internal Work =
    /// So many values, for each of which so many bytes are read and written, at least; none where cells take fewer bytes than values.
    | Values of count: int * bytes: float
    /// So many plain bytes.
    | Bytes of count: int
    /// So many additions and multiplications.
    | Operations of count: float

[<RequireQualifiedAccess>]
module internal Work =
    let private known = ConcurrentDictionary<string, Work>()

    let private name kind method (parameters: obj seq) =
        String.concat " " (Seq.append [ kind; method ] (Seq.map string parameters))

    /// Says what a method of a class does with some parameters. Classes say it while they prepare, in the process of the table.
    let say kind method parameters work =
        known[name kind method parameters] <- work

    let private ofCase (case: BenchmarkCase) =
        let parameters = case.Parameters.Items |> Seq.map _.Value

        match known.TryGetValue(name case.Descriptor.Type.Name case.Descriptor.WorkloadMethod.Name parameters) with
        | true, work -> Some work
        | _ -> None

    let private nanoseconds (summary: Summary) (case: BenchmarkCase) =
        match summary[case] with
        | null -> None
        | report -> report.ResultStatistics |> Option.ofObj |> Option.map _.Mean

    /// The bytes that are read and written in a nanosecond by copying a large array, if that is part of the run.
    let private bandwidth (summary: Summary) =
        summary.BenchmarksCases
        |> Seq.filter (fun case -> case.Descriptor.WorkloadMethod.Name = "Copy")
        |> Seq.tryPick (fun case ->
            match ofCase case, nanoseconds summary case with
            | Some(Work.Values(count, bytes)), Some time -> Some(float count * bytes / time)
            | _ -> None)

    let private invariant (number: float) (format: string) =
        number.ToString(format, CultureInfo.InvariantCulture)

    let private perValue summary case =
        match ofCase case, nanoseconds summary case with
        | Some(Work.Values(count, _)), Some time -> invariant (time / float count) "F2"
        | _ -> ""

    let private bound summary case =
        match ofCase case, bandwidth summary with
        | Some(Work.Values(_, bytes)), Some bandwidth when bytes > 0.0 -> invariant (bytes / bandwidth) "F2"
        | _ -> ""

    let private rate summary case =
        match ofCase case, nanoseconds summary case with
        | Some(Work.Values(count, bytes)), Some time when bytes > 0.0 -> invariant (float count * bytes / time) "F1" + " GB/s"
        | Some(Work.Bytes count), Some time -> invariant (1000.0 * float count / time) "F0" + " MB/s"
        | Some(Work.Operations count), Some time -> invariant (count / time) "F2" + " GFLOP/s"
        | _ -> ""

    let private column name legend isText (show: Summary -> BenchmarkCase -> string) =
        { new IColumn with
            member _.Id = "SingleSharp " + name
            member _.ColumnName = name
            member _.GetValue(summary, case) = show summary case
            member _.GetValue(summary, case, _) = show summary case
            member _.IsDefault(_, _) = false
            member _.IsAvailable _ = true
            member _.AlwaysShow = true
            member _.Category = if isText then ColumnCategory.Job else ColumnCategory.Custom
            member _.PriorityInCategory = 0
            member _.IsNumeric = not isText
            member _.UnitType = UnitType.Dimensionless
            member _.Legend = legend }

    /// What a kernel does, as its class says.
    let kernel =
        column "kernel" "What is timed" true (fun _ case ->
            case.Descriptor.WorkloadMethod.GetCustomAttribute<BenchmarkAttribute>().Description)

    /// The parameters of its class.
    let parameters =
        column "of" "What it is timed with" true (fun _ case ->
            case.Parameters.Items |> Seq.map (fun item -> string item.Value) |> String.concat ", ")

    /// Nanoseconds for a value, the least that its bytes take by way of memory, and how much is done in a second.
    let columns =
        [| column "ns/value" "Nanoseconds for each value" false perValue
           column "bound" "Nanoseconds that copying memory takes for the bytes which the kernel reads and writes for a value" false bound
           column "rate" "Bytes that are read and written, plain bytes of a codec, or floating-point operations" false rate |]
