/// Identifiers of Ensembl are told from symbols as its own rules say.
module internal SingleSharp.Properties.SymbolsLaws

open System.Text.RegularExpressions
open Expecto
open FsCheck.FSharp
open SingleSharp.Core.AnnData

/// ENS, the letters of the species, G, eleven digits, and a version.
let private pattern =
    Regex(@"\AENS[A-Z]*G[0-9]{11}(\..*)?\z", RegexOptions.Singleline)

let private anyName =
    gen {
        let! head =
            Gen.elements [ "ENSG"; "ENSMUSG"; "ENS"; "ENG"; "ensg"; "ENST"; "GENSG"; "ENSÄG"; "MT-"; "" ]

        let! digits =
            Gen.elements
                [ "00000198888"
                  "0000019888"
                  "000001988880"
                  "0000019888٣"
                  "0000019888X"
                  "" ]

        let! tail = Gen.elements [ ""; ""; ".2"; "."; ".a.b"; "-1"; " "; "\n" ]
        return head + digits + tail
    }

let private anyNames =
    Arb.fromGen (
        gen {
            let! count = Gen.choose (0, 9)
            return! Gen.listOfLength count anyName
        }
    )

let tests =
    testList
        "Symbols"
        [ Law.holdsFor 500 "an identifier is what the pattern says" (fun () ->
              Prop.forAll (Arb.fromGen anyName) (fun name -> Symbols.isEnsembl name = pattern.IsMatch name))

          Law.holds "names are identifiers where more than half of them are" (fun () ->
              Prop.forAll anyNames (fun names ->
                  let such = names |> List.filter Symbols.isEnsembl |> List.length
                  Symbols.areEnsembl names = (such > names.Length - such))) ]
