/// Queries cut into words, signs and texts.
namespace SingleSharp.Core.Query

open System
open System.Text

/// A mistake in a query: where it is, counted from 1, and what is wrong there.
exception internal QueryException of place: int * why: string

type internal QueryToken =
    /// A word without quotes; a text within quotes; a name within backquotes.
    | Bare of string
    | Quoted of string
    | Backquoted of string
    /// An operator, a bracket or a comma.
    | Sign of string
    | End

[<RequireQualifiedAccess>]
module internal QueryTokens =
    let private refuse place why : 'a = raise (QueryException(place, why))

    let private signs =
        [ "=="
          "!="
          "<="
          ">="
          "<>"
          "&&"
          "||"
          "<"
          ">"
          "="
          "&"
          "|"
          "~"
          "!"
          "("
          ")"
          "["
          "]"
          "," ]

    let private isOfWord (letter: char) =
        not (Char.IsWhiteSpace letter) && not ("()[],<>=!&|~'\"`".Contains letter)

    /// What stands within quotes that begin at a place, and where it goes on behind them. A backslash takes the letter behind it as it is.
    let private within (text: string) start =
        let quote = text[start]
        let inside = StringBuilder()

        let rec next at =
            if at >= text.Length then
                refuse (start + 1) $"the text that begins with {quote} has no end"
            elif text[at] = '\\' && quote <> '`' && at + 1 < text.Length then
                inside.Append text[at + 1] |> ignore
                next (at + 2)
            elif text[at] = quote then
                at + 1
            else
                inside.Append text[at] |> ignore
                next (at + 1)

        let behind = next (start + 1)
        struct (inside.ToString(), behind)

    /// The tokens of a query, each with its place, counted from 1; the last one is its end.
    let all (text: string) =
        let rec from at taken =
            if at >= text.Length then
                List.rev ((text.Length + 1, End) :: taken)
            elif Char.IsWhiteSpace text[at] then
                from (at + 1) taken
            elif text[at] = '\'' || text[at] = '"' || text[at] = '`' then
                let struct (inside, behind) = within text at
                from behind ((at + 1, (if text[at] = '`' then Backquoted inside else Quoted inside)) :: taken)
            else
                match signs |> List.tryFind (fun sign -> String.CompareOrdinal(text, at, sign, 0, sign.Length) = 0) with
                | Some sign -> from (at + sign.Length) ((at + 1, Sign sign) :: taken)
                | None ->
                    let rec last behind =
                        if behind < text.Length && isOfWord text[behind] then last (behind + 1) else behind

                    let behind = last at
                    from behind ((at + 1, Bare(text.Substring(at, behind - at))) :: taken)

        from 0 []

    let told token =
        match token with
        | Bare word -> word
        | Quoted text -> $"\"{text}\""
        | Backquoted name -> $"`{name}`"
        | Sign sign -> sign
        | End -> "its end"
