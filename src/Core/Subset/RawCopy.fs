/// raw as adata.raw = adata makes it: X and var as they are before genes are dropped.
namespace SingleSharp.Core.Subset

open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Writing

[<RequireQualifiedAccess>]
module internal RawCopy =
    let private tryVarm (file: AnnDataFile) =
        match file.Store.TryFind("", file.Store.Root, "varm") with
        | Some(GroupObject varm) -> Some varm
        | _ -> None

    /// Refuses a file that has a raw, and one whose X or var could not be written a second time.
    let require (file: AnnDataFile) =
        let store = file.Store

        if [ "raw"; "raw.X" ] |> List.exists (fun name -> (Links.tryFind name store.Root).IsSome) then
            Fault.throw (InvalidOption("keep_raw", "there is a raw already; delete it with anndata (del adata.raw), or leave this out"))

        CountsLayer.requireCopyable file
        let var = file.Var.Group

        if (Links.tryFind OldCategories.Name var).IsSome then
            store.Disk.Unsupported
                file.Var.Path
                "its categories stand apart, as in anndata 0.7, and cannot be written a second time for raw (⟨keep_raw⟩); read the file with anndata and write it again"

        AlignedFrame.frame file file.Var.Path var Along.Genes |> ignore

    /// Bytes that it adds, about.
    let bytes (file: AnnDataFile) compression =
        let elements =
            [ AlignedFrame.frame file file.Var.Path file.Var.Group Along.Genes
              match tryVarm file with
              | Some varm -> AlignedElement.mapping file "varm" varm [ Along.Genes ]
              | None -> () ]

        elements
        |> List.collect Aligned.datasets
        |> List.map (fun dataset -> Memory.times dataset.Count (int64 dataset.ElementSize))
        |> List.fold Memory.plus (CountsLayer.bytes file compression)

    /// X, var and varm of the file once more, as the links of raw; `made` are the members of varm that came after raw was to be kept.
    /// Law (raw): it holds what X, var and varm hold before genes are dropped, in the same types and the same order.
    let links (file: AnnDataFile) (editor: FileEditor) compression made cancel : (string * (string * int64) list) list =
        let again aligned = Subset.again file editor cancel aligned

        let varm =
            match tryVarm file with
            | None -> []
            | Some group ->
                [ for name, path, node in AlignedFrame.members file.Store "varm" group do
                      if not (List.contains name made) then
                          Links.hard name (AlignedElement.ofNode file path node [ Along.Genes ] |> again) ]

        [ "raw",
          [ "X", CountsLayer.whole file editor compression cancel
            "var", AlignedFrame.frame file file.Var.Path file.Var.Group Along.Genes |> again
            "varm", editor.PutGroup(varm, NewElement.encoding editor "dict" "0.1.0") ] ]
