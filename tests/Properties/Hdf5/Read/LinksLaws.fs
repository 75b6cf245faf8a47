/// Groups as files keep them: symbol tables, link messages, fractal heaps; behind user blocks too.
module internal SingleSharp.Properties.LinksLaws

open Expecto
open SingleSharp.Core.Hdf5

let private linksOf fixture path =
    GenFiles.withBytes (GenFiles.fixtureBytes fixture) (fun file ->
        GenFiles.withStore file (fun store -> (GenFiles.findGroup store path).Links))

let private targetOf name (links: Link list) =
    (links |> List.find (fun link -> link.Name = name)).Target

let private files = [ "groups"; "groups_old" ]

let tests =
    testList
        "Links"
        [ Listing.fixture "groups" "groups"
          Listing.fixture "groups_old" "groups"
          Listing.fixture "user_block" "groups"
          Listing.fixture "user_block_old" "groups"

          test "eight links are compact, nine are dense, five hundred fill indirect blocks" {
              for count in [ 8; 9; 500 ] do
                  for file in files do
                      let names = linksOf file $"holds_{count}" |> List.map _.Name
                      Expect.hasLength (List.distinct names) count file

                      let expected =
                          Set [ for i in 0 .. count - 1 -> $"member {i * 7919 % count:D3}" + String.replicate (i % 5) "ä" ]

                      Expect.equal (Set names) expected file
          }

          test "soft and external links are kept as they are" {
              for file in files do
                  let links = linksOf file ""

                  for name, kind in [ "soft", 1uy; "dangling", 1uy; "outside", 64uy ] do
                      match targetOf name links with
                      | Elsewhere(_, found) -> Expect.equal found kind $"{name} of {file}"
                      | Hard _ -> failtest $"{name} of {file} is hard"

                  Expect.isNone
                      (Links.tryFind
                          "soft"
                          { Header = Unchecked.defaultof<_>
                            Links = links
                            OrderFlags = 0 })
                      "no address"
          }

          test "soft links are followed by whoever looks for a name, in a group or along a path" {
              for file in files do
                  GenFiles.withBytes (GenFiles.fixtureBytes file) (fun path ->
                      GenFiles.withStore path (fun store ->
                          let root = store.Root
                          let tracked = GenFiles.findGroup store "tracked"
                          let alpha = store.TryPlace("tracked", tracked, "alpha")
                          Expect.isSome alpha "a hard link"
                          Expect.equal (store.TryPlace("", root, "soft")) alpha "a soft link"
                          Expect.equal (store.TryPlace("tracked", tracked, "soft")) alpha "one behind another"
                          let struct (parent, link) = store.LinkAt "tracked/soft"
                          Expect.equal (parent, link.Target.IsHard) (tracked.Header.Address, false) "the link itself, along a path"
                          Expect.equal (alpha.Value.Parent, alpha.Value.Name) (tracked.Header.Address, "alpha") "where the hard link is"
                          Expect.isNone (store.TryFind("", root, "nothing")) "no name"

                          GenFiles.isFault "dangling: it is a soft link to /nowhere/at all" (fun () ->
                              store.TryFind("", root, "dangling"))

                          GenFiles.isFault "an external link to other.h5" (fun () -> store.TryFind("tracked", tracked, "outside"))
                          GenFiles.isFault "nowhere" (fun () -> store.LinkAt "nowhere/at all")))
          }

          test "two names of one group lead to one address" {
              for file in files do
                  let links = linksOf file ""
                  Expect.equal (targetOf "second name" links) (targetOf "shared" links) file
          }

          test "the order in which links were made is known where it is tracked" {
              for file in files do
                  for path, names in
                      [ "tracked", [ "zeta"; "alpha"; "mid"; "soft"; "outside" ]
                        "tracked_many", [ for i in 0..59 -> $"{i * 37 % 60:D2}" ] ] do
                      let found = linksOf file path |> List.sortBy _.Order |> List.map _.Name
                      Expect.equal found names $"{path} of {file}"
          } ]
