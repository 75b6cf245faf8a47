/// Other spellings of one command line mean the same: short options, --, Python's values and scanpy's names; what has no counterpart is told.
module internal SingleSharp.Golden.SpellingGolden

open Expecto
open SingleSharp.Cli
open SingleSharp.Golden.CommandGolden

/// The request of a line, with recipes as they can be compared.
let private meaning line =
    match Requests.ofWords (words line) with
    | Error mistakes -> failtest $"{line}: {mistakes}"
    | Ok request ->
        match request.Task with
        | Run(command, input, recipe, output) -> $"{(command, input, output)} {comparable recipe}"
        | Plan(command, input, recipe) -> $"{(command, input)} {comparable recipe}"
        | Help command -> $"help of {command |> Option.map _.Name}"
        | task -> $"{task}"

let private same =
    [ "pca a.h5ad -o b.h5ad", "pca a.h5ad --out b.h5ad"
      "pca a.h5ad --output=b.h5ad", "pca a.h5ad --out b.h5ad"
      "report a.h5ad -o b.html", "report a.h5ad --out b.html"
      "-V", "--version"
      "version", "--version"
      "help", "--help"
      "help pca", "pca --help"
      "help normalize-total", "normalize_total --help"
      "info -- a.h5ad", "info a.h5ad"
      "info -- -a.h5ad", "info ./-a.h5ad"
      "plan -- qc", "plan ./qc"
      "plan --min-genes 3 -- --help", "plan ./--help --min-genes 3"
      "qc --in-place --percent-top 5 10 -- 20", "qc 20 --in-place --percent-top 5,10"
      "qc a.h5ad --inplace True", "qc a.h5ad --in-place"
      "qc a.h5ad --in_place --use_raw False", "qc a.h5ad --in-place"
      "qc a.h5ad --in-place --use_raw=True", "qc a.h5ad --in-place --use-raw"
      "qc a.h5ad --in-place --layer None", "qc a.h5ad --in-place"
      "qc a.h5ad --in-place --log1p False", "qc a.h5ad --in-place --no-log1p-columns"
      "qc a.h5ad --in-place --log1p True", "qc a.h5ad --in-place"
      "qc a.h5ad --in-place --log1p", "qc a.h5ad --in-place"
      "pipeline a.h5ad --in-place --log1p_columns False", "pipeline a.h5ad --in-place --no-log1p-columns"
      "qc a.h5ad --in-place --percent_top None", "qc a.h5ad --in-place --percent-top none"
      "qc a.h5ad --in-place --qc_vars mt,ribo", "qc a.h5ad --in-place --gene-set mt=column:mt --gene-set ribo=column:ribo"
      "qc a.h5ad --in-place --qc_vars None", "qc a.h5ad --in-place"
      "normalize_total a.h5ad --in-place --target_sum None", "normalize_total a.h5ad --in-place --target-sum median"
      "normalize_total a.h5ad --in-place --exclude_highly_expressed True", "normalize_total a.h5ad --in-place --exclude-highly-expressed"
      "normalize_total a.h5ad --in-place --exclude_highly_expressed=False", "normalize_total a.h5ad --in-place"
      "log1p a.h5ad --in-place --base None", "log1p a.h5ad --in-place --base e"
      "hvg a.h5ad --in-place --n_top_genes None --batch_key None", "hvg a.h5ad --in-place"
      "pca a.h5ad --in-place --zero_center False", "pca a.h5ad --in-place --no-zero-center"
      "pca a.h5ad --in-place --zero_center None", "pca a.h5ad --in-place"
      "pca a.h5ad --in-place --no-zero-center False", "pca a.h5ad --in-place"
      "pipeline a.h5ad --in-place --scale_zero_center False --with scale", "pipeline a.h5ad --in-place --no-scale-zero-center --with scale"
      "pca a.h5ad --in-place --mask_var None", "pca a.h5ad --in-place --mask-var none"
      "pca a.h5ad --in-place --use_highly_variable", "pca a.h5ad --in-place --mask-var highly_variable"
      "pca a.h5ad --in-place --use_highly_variable=True", "pca a.h5ad --in-place --mask-var highly_variable"
      "pca a.h5ad --in-place --use_highly_variable False", "pca a.h5ad --in-place --mask-var none"
      "pca a.h5ad --in-place --use-highly-variable None", "pca a.h5ad --in-place"
      "filter a.h5ad --in-place --min_genes 200 --max_genes None", "filter a.h5ad --in-place --min-genes 200" ]

let private refused =
    [ "pca a.h5ad --in-place --n_pcs 40", [ "--n_pcs is an option of scanpy's neighbors; --n-comps says how many" ]
      "pca a.h5ad --svd_solver arpack --random-state 0", [ "--svd_solver is no option here"; "--random-state is no option here" ]
      "pca a.h5ad --in-place --n_comp 5", [ "there is no option --n_comp; did you mean --n-comps?" ]
      "pipeline a.h5ad --in-place --n_top_genes None", [ "pipeline chooses 2000 genes unless a limit is given" ]
      "plan a.h5ad --n_top_genes None", [ "pipeline chooses 2000 genes unless a limit is given" ]
      "pipeline a.h5ad --in-place --log1p False", [ "--log1p is an option of qc, called --no-log1p-columns beside other steps" ]
      "pca a.h5ad --in-place --recipe r.json --zero_center True", [ "--zero-center True cannot take back what --recipe says" ]
      "pca a.h5ad --in-place --recipe r.json --use_raw False", [ "--use-raw False cannot take back what --recipe says" ]
      "qc a.h5ad --in-place --qc_vars", [ "'--qc_vars' must be followed by <COLUMNS>" ]
      "normalize_total a.h5ad --in-place --max_fraction None", [ "--max-fraction must be a number, not 'None'" ]
      "neighbors a.h5ad --n_neighbors 15",
      [ "neighbors is a function of scanpy, which takes the output of singlesharp; type in Python: import scanpy as sc; adata = sc.read_h5ad('a.h5ad'); sc.pp.neighbors(adata)." ]
      "rank-genes-groups", [ "adata = sc.read_h5ad('result.h5ad'); sc.tl.rank_genes_groups(adata, 'leiden')." ]
      "help umap", [ "sc.pp.neighbors(adata); sc.tl.umap(adata)." ]
      "plan harmony a.h5ad", [ "sc.external.pp.harmony_integrate(adata, 'batch')." ]
      "help qc pca", [ "help tells of one command at a time" ]
      "version qc", [ "version is said alone, without qc" ]
      "-- qc", [ "there is no command ./qc." ] ]

let all =
    testList
        "Spellings"
        [ testList
              "same"
              [ for line, other in same do
                    test $"singlesharp {line}" { Expect.equal (meaning line) (meaning other) other } ]
          testList
              "told"
              [ for line, parts in refused do
                    test $"singlesharp {line}" {
                        match Requests.ofWords (words line) with
                        | Ok request -> failtest $"{request.Task}"
                        | Error mistakes ->
                            Expect.equal mistakes.Length parts.Length $"{mistakes}"

                            for mistake, part in List.zip mistakes parts do
                                Expect.stringContains mistake part "the mistake"
                    } ] ]
