/// Objects of JSON on stdout, and the kinds of fields that they have.
module internal SingleSharp.Cli.JsonFields

open System
open System.Text.Encodings.Web
open System.Text.Json
open SingleSharp
open SingleSharp.Core

let private options =
    JsonWriterOptions(Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping)

/// Writes one object to stdout in UTF-8, whatever the terminal's own encoding.
let print (fields: Utf8JsonWriter -> unit) =
    use out = Console.OpenStandardOutput()

    using (new Utf8JsonWriter(out, options)) (fun json ->
        json.WriteStartObject()
        fields json
        json.WriteEndObject())

    out.WriteByte(byte '\n')

/// JSON escapes what steers a terminal by itself; it cannot hold half a surrogate pair.
let text (json: Utf8JsonWriter) (name: string) (value: string) =
    json.WriteString(Escaped.whole name, Escaped.whole value)

let object' (json: Utf8JsonWriter) (name: string) fields =
    json.WriteStartObject name
    fields ()
    json.WriteEndObject()

let strings (json: Utf8JsonWriter) (name: string) (values: seq<string>) =
    json.WriteStartArray name
    values |> Seq.iter (fun (value: string) -> json.WriteStringValue(Escaped.whole value))
    json.WriteEndArray()

/// JSON has no NaN and no infinity; they are null, as is what was not computed.
let value (json: Utf8JsonWriter) (value: float option) =
    match value with
    | Some value when Double.IsFinite value -> json.WriteNumberValue value
    | _ -> json.WriteNullValue()

let number (json: Utf8JsonWriter) (name: string) number =
    json.WritePropertyName name
    value json number

let numbers (json: Utf8JsonWriter) (name: string) (numbers: seq<float>) =
    json.WriteStartArray name
    numbers |> Seq.iter (Some >> value json)
    json.WriteEndArray()

/// A number that may be missing.
let whole (json: Utf8JsonWriter) (name: string) (value: Nullable<int>) =
    if value.HasValue then json.WriteNumber(name, value.Value) else json.WriteNull name

let optional json name (value: string option) =
    match value with
    | Some value -> text json name value
    | None -> json.WriteNull name

let losses json name (losses: seq<LimitLoss>) =
    object' json name (fun () -> losses |> Seq.iter (fun loss -> json.WriteNumber(loss.Limit, loss.Lost)))

let geneSets json (sets: seq<GeneSetSize>) =
    object' json "gene_sets" (fun () -> sets |> Seq.iter (fun set -> json.WriteNumber(Escaped.whole set.Name, set.Genes)))
