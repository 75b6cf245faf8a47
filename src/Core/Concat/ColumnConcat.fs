/// One column of several inputs, one after another, as anndata.concat and pandas join it; none where they cannot stand together.
namespace SingleSharp.Core.Concat

open System
open System.Collections.Generic
open SingleSharp.Core
open SingleSharp.Core.AnnData
open SingleSharp.Core.Inputs

[<RequireQualifiedAccess>]
module internal ColumnConcat =
    /// Rows that are missing at a time.
    let private batch = 16384

    /// Bytes that a text takes while it is sorted by its code points, and while it is sorted as people count.
    let private sorting, naturally = 200L, 450L

    /// Different numbers, ascending.
    let private ascending numeric (bytes: byte[]) =
        let size = DType.size numeric

        let sorted (key: byte[] -> 'key) =
            bytes |> Array.chunkBySize size |> Array.distinct |> Array.sortBy key |> Array.concat

        match numeric with
        | DType.UInt64 -> sorted (fun bytes -> BitConverter.ToUInt64(bytes, 0))
        | DType.Float32
        | DType.Float64 -> sorted (fun bytes -> BitConverter.ToDouble(ResultType.convert numeric DType.Float64 bytes, 0))
        | DType.Bool -> sorted (fun bytes -> int64 bytes[0])
        | _ -> sorted (fun bytes -> BitConverter.ToInt64(ResultType.convert numeric DType.Int64 bytes, 0))

    let private converted common labels =
        match labels with
        | Labels.Numbers(numeric, bytes) -> Labels.Numbers(common, ResultType.convert numeric common bytes)
        | Labels.Texts _ -> labels

    /// Labels of one kind, each once and in order.
    let private inOrder (labels: Labels list) =
        match labels.Head with
        | Labels.Texts _ -> labels |> Seq.collect Labels.keys |> Seq.distinct |> Array.ofSeq |> TextOrder.natural |> Labels.Texts
        | Labels.Numbers(numeric, _) ->
            let bytes =
                labels
                |> List.map (function
                    | Labels.Numbers(_, bytes) -> bytes
                    | Labels.Texts _ -> [||])

            Labels.Numbers(numeric, ascending numeric (Array.concat bytes))

    /// The labels of all, in natural order, unless the first has all of them: then pandas leaves them in its order.
    let private union (held: NameMemory) (labels: Labels list) =
        held.Borrow(naturally * (labels |> List.sumBy (Labels.count >> int64)))

        let types =
            labels
            |> List.choose (function
                | Labels.Numbers(numeric, _) -> Some numeric
                | Labels.Texts _ -> None)

        let all (labels: Labels list) =
            let all = inOrder labels
            // Of a damaged file, or of numbers that became equal, labels may come twice.
            let own = Labels.keys labels.Head |> Seq.distinct |> Seq.length

            if own = Labels.count all && own = Labels.count labels.Head then labels.Head else all

        if types.IsEmpty then
            Some(all labels)
        elif types.Length = labels.Length then
            ResultType.ofAll types |> Option.map (fun common -> labels |> List.map (converted common) |> all)
        else
            None

    /// The place of each label among all of them.
    let private placesAmong all labels =
        let places = Dictionary<string, int>()
        Labels.keys all |> Array.iteri (fun place key -> places[key] <- place)

        let own =
            match all with
            | Labels.Numbers(common, _) -> converted common labels
            | Labels.Texts _ -> labels

        Labels.keys own |> Array.map (fun key -> places[key])

    let private withLabels all ordered (parts: (int64 * Column option) list) =
        let codes (rows, field) =
            match field with
            | Some(Column.Categories(labels, _, codes)) ->
                let places = placesAmong all labels
                codes |> Seq.map (fun code -> if code < 0 then -1 else places[code])
            | _ -> Column.repeated rows -1

        Column.Categories(all, ordered, Seq.collect codes parts)

    /// Texts, categories of texts or rows without any, as texts.
    let private textsOf (rows, field) =
        match field with
        | Some(Column.Texts texts) -> Seq.map ValueSome texts
        | Some(Column.TextsOrNone(_, texts)) -> texts
        | Some(Column.Categories(Labels.Texts names, _, codes)) ->
            codes |> Seq.map (fun code -> if code < 0 then ValueNone else ValueSome names[code])
        | _ -> Column.repeated rows ValueNone

    let private texts (held: NameMemory) (parts: (int64 * Column option) list) =
        let fields = List.choose snd parts
        let all = Seq.collect textsOf parts

        let naValues =
            fields
            |> List.choose (function
                | Column.TextsOrNone(naValue, _) -> Some naValue
                | _ -> None)

        if not naValues.IsEmpty then
            Column.TextsOrNone((if List.forall ((=) naValues.Head) naValues then naValues.Head else None), all)
        elif parts |> List.forall (snd >> Option.exists _.IsTexts) then
            Column.Texts(all |> Seq.map ValueOption.get)
        else
            // What pandas calls objects becomes categories as soon as anndata writes it.
            let names =
                let known = HashSet<string>()

                for text in all do
                    if text.IsSome && known.Add text.Value then
                        held.Label text.Value |> ignore

                held.Borrow(int64 known.Count * sorting)
                Array.ofSeq known |> TextOrder.natural

            let places = Dictionary<string, int>()
            names |> Array.iteri (fun place name -> places[name] <- place)

            let code text =
                match text with
                | ValueSome name -> places[name]
                | ValueNone -> -1

            Column.Categories(Labels.Texts names, false, Seq.map code all)

    /// Numbers, categories of numbers or rows without any, as numbers some of which may be missing.
    let private numbersOf size (rows: int64, field) : seq<struct (byte[] * bool[])> =
        match field with
        | Some(Column.Numbers(numeric, batches)) ->
            batches |> Seq.map (fun bytes -> struct (bytes, Array.zeroCreate (bytes.Length / DType.size numeric)))
        | Some(Column.NumbersOrNone(_, batches)) -> batches
        | Some(Column.Categories(Labels.Numbers(_, labels), _, codes)) ->
            codes
            |> Seq.chunkBySize batch
            |> Seq.map (fun codes ->
                let bytes = Array.zeroCreate (codes.Length * size)

                codes
                |> Array.iteri (fun row code ->
                    if code >= 0 then
                        Buffer.BlockCopy(labels, code * size, bytes, row * size, size))

                struct (bytes, codes |> Array.map (fun code -> code < 0)))
        | _ ->
            seq {
                for first in 0L .. int64 batch .. rows - 1L do
                    let count = int (min (int64 batch) (rows - first))
                    struct (Array.zeroCreate (count * size), Array.create count true)
            }

    let private typeOf field =
        match field with
        | Column.Numbers(numeric, _)
        | Column.NumbersOrNone(numeric, _)
        | Column.Categories(Labels.Numbers(numeric, _), _, _) -> Some numeric
        | _ -> None

    let private numbers (parts: (int64 * Column option) list) (types: DType list) =
        let fields = List.choose snd parts
        let isNullable = fields |> List.exists _.IsNumbersOrNone

        let areMissing =
            parts
            |> List.exists (fun (_, field) ->
                match field with
                | Some(Column.Categories(_, _, codes)) -> Seq.exists ((>) 0) codes
                | Some _ -> false
                // Also of an input without rows, as anndata has it.
                | None -> true)

        let all target : seq<struct (byte[] * bool[])> =
            parts
            |> Seq.collect (fun (rows, field) ->
                let own = field |> Option.bind typeOf |> Option.defaultValue target

                numbersOf (DType.size own) (rows, field)
                |> Seq.map (fun (struct (bytes, missing)) -> struct (ResultType.convert own target bytes, missing)))

        let present target =
            Column.Numbers(target, all target |> Seq.map (fun (struct (bytes, _)) -> bytes))

        let orNoNumber target =
            Column.Numbers(target, all target |> Seq.map (ResultType.withoutNumber target))

        ResultType.ofAll types
        |> Option.map (fun common ->
            if DType.isFloat common then orNoNumber common
            elif isNullable || areMissing && common = DType.Bool then Column.NumbersOrNone(common, all common)
            elif areMissing then orNoNumber DType.Float64
            else present common)

    let private isTextual field =
        match field with
        | Column.Texts _
        | Column.TextsOrNone _
        | Column.Categories(Labels.Texts _, _, _) -> true
        | _ -> false

    /// As what the categories mean, whatever stands beside them.
    let private decoded held parts =
        let fields = List.choose snd parts
        let types = List.choose typeOf fields

        if List.forall isTextual fields then Some(texts held parts)
        elif types.Length = fields.Length then numbers parts types
        else None

    /// Categories of nothing have no value, whatever they would be categories of: beside others they are rows without any.
    let private withoutNothing (parts: (int64 * Column option) list) =
        let says field =
            match field with
            | Some(Column.Categories(labels, _, _)) -> Labels.count labels > 0
            | _ -> field.IsSome

        if List.exists (snd >> says) parts then
            parts |> List.map (fun (rows, field) -> rows, (if says field then field else None))
        else
            parts

    /// The column of all inputs: of each one how many rows it has, and the column, if it has it. What is missing is marked as
    /// pandas marks it: no number, no boolean, no text, no category. What has to be held for it is counted.
    let join held (parts: (int64 * Column option) list) =
        let parts = withoutNothing parts
        let fields = List.choose snd parts

        let categories =
            fields
            |> List.choose (function
                | Column.Categories(labels, ordered, _) -> Some(labels, ordered)
                | _ -> None)

        if categories.Length < fields.Length then
            decoded held parts
        elif categories |> List.exists snd then
            // An order that not all agree about is none, and then the categories are none either.
            if categories |> List.forall (fun (labels, ordered) -> ordered && Labels.areSame labels (fst categories.Head)) then
                Some(withLabels (fst categories.Head) true parts)
            else
                decoded held parts
        else
            union held (List.map fst categories) |> Option.map (fun all -> withLabels all false parts)
