/// What follows on these steps in an analysis and is scanpy's work: the line of Python that does it.
namespace SingleSharp.Cli

[<RequireQualifiedAccess>]
module ScanpyFunctions =
    let private neighbors = "sc.pp.neighbors(adata)"

    /// What people call a function, and the calls that it takes.
    let private calls =
        [ "neighbors", [ neighbors ]
          "umap", [ neighbors; "sc.tl.umap(adata)" ]
          "leiden", [ neighbors; "sc.tl.leiden(adata)" ]
          "louvain", [ neighbors; "sc.tl.louvain(adata)" ]
          "diffmap", [ neighbors; "sc.tl.diffmap(adata)" ]
          "draw_graph", [ neighbors; "sc.tl.draw_graph(adata)" ]
          "paga", [ neighbors; "sc.tl.leiden(adata)"; "sc.tl.paga(adata, 'leiden')" ]
          "tsne", [ "sc.tl.tsne(adata)" ]
          "rank_genes_groups", [ "sc.tl.rank_genes_groups(adata, 'leiden')" ]
          "dendrogram", [ "sc.tl.dendrogram(adata, 'leiden')" ]
          "score_genes", [ "sc.tl.score_genes(adata, ['CD3D', 'CD3E'])" ]
          "scrublet", [ "sc.pp.scrublet(adata)" ]
          "combat", [ "sc.pp.combat(adata, 'batch')" ]
          "regress_out", [ "sc.pp.regress_out(adata, ['total_counts'])" ]
          "harmony", [ "sc.external.pp.harmony_integrate(adata, 'batch')" ]
          "harmony_integrate", [ "sc.external.pp.harmony_integrate(adata, 'batch')" ]
          "scanorama_integrate", [ "sc.external.pp.scanorama_integrate(adata, 'batch')" ]
          "bbknn", [ "sc.external.pp.bbknn(adata, 'batch')" ] ]

    let private quoted (path: string) =
        "'" + path.Replace("\\", "\\\\").Replace("'", "\\'") + "'"

    let isName (name: string) =
        calls |> List.exists (fun (known, _) -> known = name.Replace('-', '_'))

    /// A sentence for a word that names one; the line reads the file that stands behind it.
    let tryExplain (name: string) (files: string list) =
        calls
        |> List.tryFind (fun (known, _) -> known = name.Replace('-', '_'))
        |> Option.map (fun (known, calls) ->
            let file =
                files |> List.tryFind (fun (file: string) -> file.EndsWith ".h5ad") |> Option.defaultValue "result.h5ad"

            let line =
                "import scanpy as sc" :: $"adata = sc.read_h5ad({quoted file})" :: calls |> String.concat "; "

            $"{known} is a function of scanpy, which takes the output of singlesharp; type in Python: {line}.")
