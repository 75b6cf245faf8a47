/// Options and results that C# programs hold compare by value, lists inside as well.
module internal SingleSharp.Golden.FacadeRecords

open System
open System.Collections.Generic
open System.Reflection
open Expecto
open FSharp.Reflection
open SingleSharp.Golden.FacadeTypes

/// Is it a record of C#?
let private isRecord (part: Type) =
    not (isNull (part.GetMethod "<Clone>$"))

let private properties (part: Type) =
    part.GetProperties(BindingFlags.Public ||| BindingFlags.Instance)

let private isOf (definition: Type) (part: Type) =
    part.IsGenericType && part.GetGenericTypeDefinition() = definition

/// A list of F#, as the core gives it.
let private listOf (item: Type) (items: obj list) : obj =
    let cases = FSharpType.GetUnionCases(typedefof<list<_>>.MakeGenericType item)

    (FSharpValue.MakeUnion(cases[0], [||]), List.rev items)
    ||> List.fold (fun list item -> FSharpValue.MakeUnion(cases[1], [| item; list |]))

/// A value of a type, nothing of which is shared with another one: all of `different` ones is different.
let rec private made different (part: Type) : obj =
    let all (fields: PropertyInfo[]) =
        fields |> Array.map (fun field -> made different field.PropertyType)

    if part = typeof<string> then
        String((if different then "other" else "text").ToCharArray())
    elif part = typeof<bool> then
        not different
    elif part = typeof<int> then
        if different then 8 else 7
    elif part = typeof<int64> then
        if different then 8L else 7L
    elif part = typeof<float> then
        if different then 0.75 else 0.5
    elif part.IsEnum then
        let values = Enum.GetValues part
        values.GetValue(if different then values.Length - 1 else 0)
    elif isOf typedefof<Nullable<_>> part then
        made different (part.GetGenericArguments()[0])
    elif isOf typedefof<IReadOnlyList<_>> part || isOf typedefof<list<_>> part then
        let item = part.GetGenericArguments()[0]
        listOf item [ made false item; made different item ]
    elif FSharpType.IsUnion(part, true) then
        let cases = FSharpType.GetUnionCases(part, true)
        let case = if different then Array.last cases else cases[0]
        FSharpValue.MakeUnion(case, all (case.GetFields()), true)
    elif FSharpType.IsRecord part then
        FSharpValue.MakeRecord(part, all (FSharpType.GetRecordFields part))
    elif isRecord part then
        let record = usual part

        for property in properties part do
            property.SetValue(record, madeByCaller different property.PropertyType)

        record
    else
        failtest $"nobody can make a {part}"

/// A list as a program in C# gives it.
and private madeByCaller different (part: Type) : obj =
    if isOf typedefof<IReadOnlyList<_>> part then
        let item = part.GetGenericArguments()[0]
        let items = Array.CreateInstance(item, 2)
        items.SetValue(made false item, 0)
        items.SetValue(made different item, 1)
        items
    else
        made different part

/// A record of C# with nothing set that need not be.
and private usual (part: Type) : obj =
    let constructor =
        part.GetConstructors() |> Array.minBy (fun constructor -> constructor.GetParameters().Length)

    constructor.Invoke(constructor.GetParameters() |> Array.map (fun parameter -> made false parameter.ParameterType))

let private areEqual what (one: obj) (same: obj) =
    Expect.isFalse (obj.ReferenceEquals(one, same)) $"{what}: two of them"
    Expect.isTrue (one.Equals same) $"{what}: equal content"
    Expect.equal (one.GetHashCode()) (same.GetHashCode()) $"{what}: the hash of equal content"

let private options =
    test "options" {
        let records = facade.Value.GetExportedTypes() |> Array.filter isRecord
        Expect.isGreaterThan records.Length 8 "records"

        for part in records do
            areEqual part.Name (made false part) (made false part)
            areEqual $"{part.Name} as it is usual" (usual part) (usual part)

            // One property at a time makes the difference.
            for property in properties part do
                let changed = made false part
                property.SetValue(changed, madeByCaller true property.PropertyType)
                Expect.isFalse ((made false part).Equals changed) $"{part.Name}.{property.Name}: other content"
    }

let private results =
    test "results" {
        for part in FacadeGolden.results do
            areEqual part.Name (made false part) (made false part)
            Expect.isFalse ((made false part).Equals(made true part)) $"{part.Name}: other content"
    }

let private copies =
    test "a list that options were given is copied" {
        let part = shown "ConvertOptions"
        let names = [| "a"; "b" |]
        let given = usual part
        let property = part.GetProperty "SampleNames"
        property.SetValue(given, names)
        names[0] <- "c"
        Expect.equal (property.GetValue given :?> IReadOnlyList<string> |> List.ofSeq) [ "a"; "b" ] "what it holds"
    }

let tests: Test =
    testSequencedGroup "packages" (testList "facade records" [ options; results; copies ])
