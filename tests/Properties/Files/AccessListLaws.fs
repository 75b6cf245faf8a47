/// Laws of access lists that are cut down: whatever cannot be kept, nobody gets a right that he had not.
module internal SingleSharp.Properties.AccessListLaws

open Expecto
open FsCheck
open FsCheck.FSharp
open SingleSharp.Core.Files

/// Somebody who is not the owner: his number, and his groups.
type private Person = { User: uint32; Groups: uint32 list }

/// What Linux lets him do, as acl(5) tells it.
let private rights (list: AccessList) group person =
    let mask = ValueOption.defaultValue 7 list.Mask

    match List.tryFind (fun (user, _) -> user = person.User) list.Users with
    | Some(_, rights) -> [ rights &&& mask ]
    | None ->
        let ofGroups =
            [ if List.contains group person.Groups then
                  list.Group &&& mask
              for named, rights in list.Groups do
                  if List.contains named person.Groups then
                      rights &&& mask ]

        if ofGroups.IsEmpty then [ list.Other ] else ofGroups

/// One entry alone has to give a right; each of the three is asked for by itself.
let private mayDo list group person =
    rights list group person |> List.fold (|||) 0

let private oldGroup, newGroup = 1u, 2u

/// Users 10 to 13, groups 1 to 4.
let private people =
    [ for user in 10u .. 14u do
          for chosen in 0..15 do
              { User = user
                Groups =
                  [ for group in 1u .. 4u do
                        if chosen >>> int group - 1 &&& 1 = 1 then
                            group ] } ]

type private Lists =
    static member AccessList() =
        gen {
            let rights = Gen.choose (0, 7)

            let named numbers =
                gen {
                    let! some = Gen.subListOf numbers
                    let! theirs = Gen.listOfLength some.Length rights
                    return List.zip (List.ofSeq some) theirs
                }

            let! owner = rights
            let! group = rights
            let! other = rights
            let! users = named [ 10u .. 12u ]
            let! groups = named [ 2u .. 4u ]
            let! mask = rights
            let! hasMask = Gen.elements [ true; false ]

            return
                { Owner = owner
                  Users = users
                  Group = group
                  Groups = groups
                  Mask = if hasMask || not (users.IsEmpty && groups.IsEmpty) then ValueSome mask else ValueNone
                  Other = other }
        }
        |> Arb.fromGen

let private holds name (law: AccessList -> bool) =
    testCase name (fun () -> Check.One(Config.QuickThrowOnFailure.WithMaxTest(500).WithArbitrary [ typeof<Lists> ], law))

let private isWithin before group after afterGroup =
    people |> List.forall (fun person -> mayDo after afterGroup person &&& ~~~(mayDo before group person) = 0)

let tests =
    testList
        "AccessList"
        [ holds "list" (fun list -> AccessList.tryRead (AccessList.bytes list) = Some list)

          holds "group" (fun list -> isWithin list oldGroup (AccessList.withoutGroup list) newGroup)

          holds "short" (fun list -> isWithin list oldGroup (AccessList.short list) oldGroup)

          holds "short without the group" (fun list -> isWithin list oldGroup (AccessList.short (AccessList.withoutGroup list)) newGroup)

          holds "mode" (fun list -> AccessList.ofMode (AccessList.mode list) = AccessList.short list || not (AccessList.isShort list))

          test "a list that is kept whole where nothing is lost" {
              for mode in 0..0o777 do
                  Expect.equal (AccessList.mode (AccessList.short (AccessList.ofMode mode))) mode "the mode"
          }

          test "what is no list is none" {
              let bytes = AccessList.bytes (AccessList.ofMode 0o640)

              for wrong in [ [||]; bytes[..10]; bytes[..19]; Array.append [| 9uy |] bytes[1..] ] do
                  Expect.isNone (AccessList.tryRead wrong) "no list"
          } ]
