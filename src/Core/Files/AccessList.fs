/// Who may do what with a file: a POSIX access list, or the permission bits that are a short one.
namespace SingleSharp.Core.Files

open System
open System.Buffers.Binary

/// Rights are three bits: 4 to read, 2 to write, 1 to execute.
type internal AccessList =
    {
        Owner: int
        /// Named users and groups have no more than the mask allows, and the file's own group neither.
        Users: (uint32 * int) list
        Group: int
        Groups: (uint32 * int) list
        Mask: int voption
        Other: int
    }

[<RequireQualifiedAccess>]
module internal AccessList =
    let ofMode mode =
        { Owner = mode >>> 6 &&& 7
          Users = []
          Group = mode >>> 3 &&& 7
          Groups = []
          Mask = ValueNone
          Other = mode &&& 7 }

    /// The nine bits of permissions that ls shows.
    let mode list =
        list.Owner <<< 6 ||| (ValueOption.defaultValue list.Group list.Mask <<< 3) ||| list.Other

    /// Do the permission bits say it all?
    let isShort list =
        list.Users.IsEmpty && list.Groups.IsEmpty && list.Mask.IsNone

    let private version = 2u
    let private ownerTag = 0x01us
    let private userTag = 0x02us
    let private groupOwnerTag = 0x04us
    let private groupTag = 0x08us
    let private maskTag = 0x10us
    let private otherTag = 0x20us

    /// The list as Linux keeps it in the attribute system.posix_acl_access, or none if that is something else.
    let tryRead (bytes: byte[]) =
        let u16 at =
            BinaryPrimitives.ReadUInt16LittleEndian(ReadOnlySpan(bytes, at, 2))

        let u32 at =
            BinaryPrimitives.ReadUInt32LittleEndian(ReadOnlySpan(bytes, at, 4))

        if bytes.Length < 4 || bytes.Length % 8 <> 4 || u32 0 <> version then
            None
        else
            let entries =
                [ for at in 4..8 .. bytes.Length - 8 -> struct (u16 at, u32 (at + 4), int (u16 (at + 2)) &&& 7) ]

            let all tag =
                [ for struct (own, id, rights) in entries do
                      if own = tag then
                          id, rights ]

            match all ownerTag, all groupOwnerTag, all otherTag, all maskTag with
            | [ _, owner ], [ _, group ], [ _, other ], ([] | [ _ ] as masks) ->
                Some
                    { Owner = owner
                      Users = all userTag
                      Group = group
                      Groups = all groupTag
                      Mask = masks |> List.map snd |> List.tryHead |> ValueOption.ofOption
                      Other = other }
            | _ -> None

    /// Law (list): tryRead (bytes list) = Some list.
    let bytes list =
        let entry tag (id: uint32) rights =
            let entry = Array.zeroCreate 8
            BinaryPrimitives.WriteUInt16LittleEndian(Span(entry, 0, 2), tag)
            BinaryPrimitives.WriteUInt16LittleEndian(Span(entry, 2, 2), uint16 (rights: int))
            BinaryPrimitives.WriteUInt32LittleEndian(Span(entry, 4, 4), id)
            entry

        let nobody = UInt32.MaxValue

        Array.concat
            [ Bytes.u32 version
              entry ownerTag nobody list.Owner
              for id, rights in list.Users do
                  entry userTag id rights
              entry groupOwnerTag nobody list.Group
              for id, rights in list.Groups do
                  entry groupTag id rights
              match list.Mask with
              | ValueSome mask -> entry maskTag nobody mask
              | ValueNone -> ()
              entry otherTag nobody list.Other ]

    let private mask list = ValueOption.defaultValue 7 list.Mask

    /// What all of these have.
    let private common list entries =
        entries |> List.fold (fun rights (_, some) -> rights &&& some &&& mask list) 7

    /// For a file that has got another group. Whoever is in the new group had the rights of others, or those of a group that is
    /// named; whoever is in the old one has those of others from now on.
    /// Law (group): nobody but the owner may do what he might not do before.
    let withoutGroup list =
        let group = list.Group &&& mask list

        { list with
            Group = group &&& list.Other &&& common list list.Groups
            Other = list.Other &&& group }

    /// For a file system that knows no lists, or a list that cannot be set.
    /// Law (short): nobody but the owner may do what he might not do before.
    let short list =
        let named = common list list.Users

        { ofMode 0 with
            Owner = list.Owner
            Group = list.Group &&& mask list &&& named
            Other = list.Other &&& named &&& common list list.Groups }
