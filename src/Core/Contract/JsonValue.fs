/// JSON as a value: what recipes and the notes of runs are written in.
namespace SingleSharp.Core.Contract

open System
open System.Globalization
open System.IO
open System.Text
open System.Text.Encodings.Web
open System.Text.Json

[<RequireQualifiedAccess>]
type internal JsonValue =
    | Null
    | Flag of bool
    | Integer of int64
    | Number of float
    | Text of string
    | List of JsonValue list
    | Object of (string * JsonValue) list

/// Text that is no JSON: the end of a sentence about it.
exception internal NoJson of why: string

[<RequireQualifiedAccess>]
module internal JsonValue =
    /// JSON has no numbers for these.
    let private special = [ "inf", infinity; "-inf", -infinity; "nan", nan ]

    let specialNames = List.map fst special

    let private nameOf value =
        special |> List.find (fun (_, other) -> other.Equals value) |> fst

    /// A number, or the word for one that JSON does not have.
    let ofFloat (value: float) =
        if Double.IsFinite value then JsonValue.Number value else JsonValue.Text(nameOf value)

    let tryFloat value =
        match value with
        | JsonValue.Integer number -> Some(float number)
        | JsonValue.Number number -> Some number
        | JsonValue.Text word -> special |> List.tryFind (fun (name, _) -> name = word) |> Option.map snd
        | _ -> None

    let rec private put (json: Utf8JsonWriter) value =
        match value with
        | JsonValue.Null -> json.WriteNullValue()
        | JsonValue.Flag value -> json.WriteBooleanValue value
        | JsonValue.Integer number -> json.WriteNumberValue number
        | JsonValue.Number number -> json.WriteNumberValue number
        | JsonValue.Text text -> json.WriteStringValue(Printable.whole text)
        | JsonValue.List values ->
            json.WriteStartArray()
            List.iter (put json) values
            json.WriteEndArray()
        | JsonValue.Object members ->
            json.WriteStartObject()

            for name, value in members do
                json.WritePropertyName(Printable.whole name)
                put json value

            json.WriteEndObject()

    let private written isIndented value =
        use stream = new MemoryStream()

        let options =
            JsonWriterOptions(Indented = isIndented, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping)

        using (new Utf8JsonWriter(stream, options)) (fun json -> put json value)
        Encoding.UTF8.GetString(stream.GetBuffer(), 0, int stream.Length)

    /// On one line; the same text for the same value on every machine.
    let line value = written false value

    /// On several lines, with a break at the end.
    let lines value = written true value + "\n"

    let private number (text: string) =
        match Int64.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) with
        // An integer has no sign of zero.
        | true, whole when text <> "-0" -> JsonValue.Integer whole
        | _ ->
            match Double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
            // JSON Schema takes 1.0 for an integer, and many programs write integers so.
            | number when number = Math.Floor number && abs number < 9.2e18 && not (Double.IsNegative number && number = 0.0) ->
                JsonValue.Integer(int64 number)
            | number when Double.IsFinite number -> JsonValue.Number number
            | _ -> raise (NoJson $"the number {text} is too large")

    let rec private ofElement (element: JsonElement) =
        match element.ValueKind with
        | JsonValueKind.True -> JsonValue.Flag true
        | JsonValueKind.False -> JsonValue.Flag false
        | JsonValueKind.Number -> number (element.GetRawText())
        | JsonValueKind.String -> JsonValue.Text(element.GetString())
        | JsonValueKind.Array -> JsonValue.List [ for inner in element.EnumerateArray() -> ofElement inner ]
        | JsonValueKind.Object ->
            let members =
                [ for inner in element.EnumerateObject() -> inner.Name, ofElement inner.Value ]

            match members |> List.countBy fst |> List.tryFind (fun (_, count) -> count > 1) with
            | Some(name, _) -> raise (NoJson $"\"{name}\" is there twice in one object")
            | None -> JsonValue.Object members
        | _ -> JsonValue.Null

    /// Reads a text, or says why it is none.
    let parse (text: string) : Result<JsonValue, string> =
        try
            use document = JsonDocument.Parse text
            Ok(ofElement document.RootElement)
        with
        | NoJson why -> Error why
        | :? JsonException as trouble when trouble.LineNumber.HasValue && trouble.BytePositionInLine.HasValue ->
            Error $"it is not JSON from line {trouble.LineNumber.Value + 1L}, byte {trouble.BytePositionInLine.Value + 1L} on"
        // Text that no UTF-8 can hold, and strings with half a surrogate pair.
        | :? JsonException
        | :? InvalidOperationException
        | :? ArgumentException -> Error "it is not JSON"
