/// Elements are told apart by what they say of themselves or, in old files, by what they consist of; whatever store they lie in.
module internal SingleSharp.Properties.ElementLaws

open Expecto
open FsCheck.FSharp
open SingleSharp.Core.AnnData

/// A store in memory.
type private Tree =
    { Texts: Map<string, string>
      Numbers: Map<string, int64 list>
      Members: Map<string, StoreNode<Tree, ArrayKind * string>> }

type private MemoryStore() =
    interface IElementStore<Tree, ArrayKind * string> with
        member _.TryMember(_, group, name) = Map.tryFind name group.Members
        member _.Has(group, name) = group.Members.ContainsKey name
        member _.Text(group, name) = Map.tryFind name group.Texts
        member _.Integers(group, name) = Map.tryFind name group.Numbers

        member _.IsTrue(group, name) =
            Map.tryFind name group.Texts = Some "true"

        member _.Kind((kind, _)) = kind
        member _.Damaged(path, what) = failtest $"{path}: {what}"

let private group texts numbers members =
    { Texts = Map.ofList texts
      Numbers = Map.ofList numbers
      Members = Map.ofList members }

let private array name = ArrayKind.Values, name
let private strings name = ArrayKind.Strings, name
let private held name = name, ArrayNode(array name)
let private encoded name = [ "encoding-type", name ]

let private read node =
    Element.read (MemoryStore()) "here" node

/// An element as files of some year hold it, and what must be read.
let private anyElement =
    let sparse names shapeName isCsr =
        gen {
            let! encoding = Gen.elements names
            let! rows = Gen.choose (0, 9)
            let! columns = Gen.choose (0, 9)
            let shape = [ int64 rows; int64 columns ]

            let tree =
                group [ encoding ] [ shapeName, shape ] [ held "data"; held "indices"; held "indptr" ]

            let arrays =
                { Group = tree
                  ShapeName = shapeName
                  Shape = shape
                  Data = array "data"
                  Indices = array "indices"
                  Indptr = array "indptr" }

            return GroupNode tree, (if isCsr then Element.Csr arrays else Element.Csc arrays)
        }

    let nullable =
        gen {
            let! encoding =
                Gen.elements
                    [ []
                      encoded "nullable-integer"
                      encoded "nullable-boolean"
                      encoded "nullable-string-array" ]

            let! isMasked =
                if encoding.IsEmpty then Gen.constant true else Gen.elements [ true; false ]

            let tree =
                group
                    encoding
                    []
                    [ held "values"
                      if isMasked then
                          held "mask" ]

            let element: NullableElement<_, _> =
                { Group = tree
                  Values = array "values"
                  Mask = if isMasked then Some(array "mask") else None }

            return GroupNode tree, element
        }

    let categorical =
        gen {
            let! encoding = Gen.elements [ []; encoded "categorical" ]
            let! isOrdered = Gen.elements [ true; false ]
            let! labels, element = nullable

            let! labels, categories =
                Gen.elements
                    [ ArrayNode(strings "categories"), Categories.Array(strings "categories")
                      ArrayNode(array "categories"), Categories.Array(array "categories")
                      labels, Categories.Nullable element ]

            let tree =
                group
                    (encoding
                     @ [ if isOrdered then
                             "ordered", "true" ])
                    []
                    [ held "codes"; "categories", labels ]

            return
                GroupNode tree,
                Element.Categorical
                    { Group = Some tree
                      Codes = array "codes"
                      Categories = categories
                      IsOrdered = isOrdered }
        }

    let frame =
        gen {
            let! encoding = Gen.elements [ []; encoded "dataframe" ]
            // Columns may be called like parts of other elements.
            let! columns = Gen.subListOf [ "codes"; "categories"; "values"; "mask"; "data"; "a" ]
            let tree = group (("_index", "cell") :: encoding) [] (List.map held columns)
            return GroupNode tree, Element.DataFrame tree
        }

    let mapping =
        gen {
            let! encoding = Gen.elements [ None; Some "dict"; Some "raw"; Some "anndata" ]
            let! members = Gen.subListOf [ "codes"; "mask"; "X_pca" ]

            let tree =
                group (encoding |> Option.map encoded |> Option.defaultValue []) [] (List.map held members)

            return GroupNode tree, Element.Mapping(tree, encoding)
        }

    let arrays =
        Gen.elements
            [ ArrayKind.Values, Element.Array
              ArrayKind.Strings, Element.StringArray
              ArrayKind.Scalar, Element.Scalar
              ArrayKind.Records, Element.Record ]
        |> Gen.map (fun (kind, element) -> ArrayNode(kind, "a"), element (kind, "a"))

    let unknown =
        Gen.elements [ "awkward-array"; "tensor"; "" ]
        |> Gen.map (fun name -> GroupNode(group (encoded name) [] [ held "codes" ]), Element.Unknown $"its encoding is {name}")

    Gen.oneof
        [ arrays
          sparse [ "encoding-type", "csr_matrix" ] "shape" true
          sparse [ "h5sparse_format", "csr" ] "h5sparse_shape" true
          sparse [ "encoding-type", "csc_matrix" ] "shape" false
          sparse [ "h5sparse_format", "csc" ] "h5sparse_shape" false
          Gen.map (fun (node, element) -> node, Element.Nullable element) nullable
          categorical
          frame
          mapping
          unknown ]

let tests =
    testList
        "Element"
        [ Law.holds "an element of any year is read as what it is" (fun () ->
              Prop.forAll (Arb.fromGen anyElement) (fun (node, expected) -> read node = expected))

          test "every encoding of a group that anndata reads is an element, but for awkward arrays" {
              for encoding in Encoding.all |> List.filter _.IsGroup do
                  let node =
                      group (encoded encoding.Name @ [ "_index", "i" ]) [ "shape", [ 1L; 1L ] ] (List.map held encoding.Members)

                  match read (GroupNode node) with
                  | Element.Unknown _ -> Expect.equal encoding.Name "awkward-array" "the only one that is not known"
                  | _ -> ()
          }

          test "a shape that is missing is empty" {
              match read (GroupNode(group (encoded "csr_matrix") [] [ held "data"; held "indices"; held "indptr" ])) with
              | Element.Csr arrays -> Expect.equal (arrays.ShapeName, arrays.Shape) ("shape", []) "none"
              | other -> failtest $"{other}"
          } ]
