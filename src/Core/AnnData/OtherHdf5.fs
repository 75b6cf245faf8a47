/// HDF5 files that other programs write: what they are, and how to get from them to one that can be read.
namespace SingleSharp.Core.AnnData

open SingleSharp.Core.Hdf5

[<RequireQualifiedAccess>]
module internal OtherHdf5 =
    /// What a file without X is instead, if that is known.
    let tell (store: Hdf5File) =
        let has names =
            names |> List.forall (fun name -> (Links.tryFind name store.Root).IsSome)

        let members name =
            match store.TryFind name with
            | Some(GroupObject group) -> group.Links |> List.map _.Name
            | _ -> []

        if has [ "row_attrs"; "col_attrs" ] then
            Some "it is a loom file; read it with scanpy.read_loom, write it with write_h5ad, and name that file"
        elif has [ "mod" ] then
            let names =
                match members "mod" with
                | [] -> ""
                | names -> let list = String.concat ", " names in $" ({list})"

            Some
                $"it is a MuData file, which holds an AnnData for each modality{names}; take one with mudata.read(\"FILE/MODALITY\"), write it with write_h5ad, and name that file"
        elif has [ "assays"; "cell.names" ] then
            Some "it is an h5Seurat file; convert it in R with SeuratDisk::Convert(FILE, dest = \"h5ad\"), and name that file"
        elif has [ "barcode_idx" ] && (has [ "feature_idx" ] || has [ "gene" ] || has [ "umi" ]) then
            Some
                "it lists the molecules of a run of Cell Ranger and holds no matrix; name filtered_feature_bc_matrix.h5, which lies beside it"
        else
            None
