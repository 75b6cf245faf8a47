/// A plot as plotly.js takes it, and the numbers that plots share.
namespace SingleSharp.Reporting

open System
open System.Buffers.Binary
open System.Text.Json.Nodes

/// A plot, or why it is not there.
type internal Figure =
    {
        /// The key of its place on the page, such as knee.
        Id: string
        Title: string
        /// What a reader must know to read it: samples, rules, columns.
        Notes: string list
        Traces: JsonNode list
        Layout: JsonNode
        /// Does it take the whole width?
        IsWide: bool
    }

[<RequireQualifiedAccess>]
type internal Section =
    | Drawn of Figure
    /// What columns would make it.
    | Missing of title: string * why: string

/// Numbers for JavaScript, which page.js decodes.
module internal Numbers =
    /// Stands for what is not drawn; the codes of numbers stay below it.
    let private noNumber = UInt16.MaxValue

    /// Can a plot have it? Axes are about float32, and the differences of such numbers are finite.
    let isDrawn (value: float) = Single.IsFinite(float32 value)

    let object' (members: (string * JsonNode) list) : JsonNode =
        let json = JsonObject()

        for name, value in members do
            json.Add(name, value)

        json

    let text (value: string) : JsonNode =
        JsonValue.Create(SingleSharp.Core.Escaped.whole value)

    let flag (value: bool) : JsonNode = JsonValue.Create value
    let integer (value: int64) : JsonNode = JsonValue.Create value

    /// As short as float32 is; JSON has no NaN, which is null.
    let number (value: float) : JsonNode =
        if isDrawn value then JsonValue.Create(float32 value) else null

    let list (values: seq<JsonNode>) : JsonNode = JsonArray(Array.ofSeq values)
    let numbers (values: seq<float>) = values |> Seq.map number |> list
    let texts (values: seq<string>) = values |> Seq.map text |> list

    /// A column in 16 bits each: a point lies at most 1/130,000 of the axis beside its place, and integers in a range below 65,535 are
    /// exact.
    let packed (values: float[]) : JsonNode =
        let finite = values |> Array.filter isDrawn
        let low = if finite.Length = 0 then 0.0 else Array.min finite
        let span = if finite.Length = 0 then 0.0 else Array.max finite - low

        let step =
            if span <= 65_534.0 && finite |> Array.forall (fun value -> value = Math.Floor value) then
                1.0
            else
                // What differs by less than a normal number is one place.
                match span / 65_534.0 with
                | step when Double.IsNormal step -> step
                | _ -> 0.0

        let bytes = Array.zeroCreate (2 * values.Length)

        for at in 0 .. values.Length - 1 do
            let code =
                if not (isDrawn values[at]) then noNumber
                elif step > 0.0 then uint16 (Math.Round((values[at] - low) / step))
                else 0us

            BinaryPrimitives.WriteUInt16LittleEndian(Span(bytes, 2 * at, 2), code)

        object'
            [ "type", text "u2"
              "offset", JsonValue.Create low
              "step", JsonValue.Create step
              "data", text (Convert.ToBase64String bytes) ]

    /// A column of float32: for logarithmic axes, where small differences of small numbers show.
    let singles (values: float[]) : JsonNode =
        let bytes = Array.zeroCreate (4 * values.Length)

        for at in 0 .. values.Length - 1 do
            BinaryPrimitives.WriteSingleLittleEndian(Span(bytes, 4 * at, 4), float32 values[at])

        object' [ "type", text "f4"; "data", text (Convert.ToBase64String bytes) ]

    /// Where a trace takes a whole column.
    let column (name: string) = object' [ "$column", text name ]
