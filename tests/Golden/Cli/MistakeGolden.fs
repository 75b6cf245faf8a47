/// What makes no sense is told, every mistake at once; and what the buffers of --help tell.
module internal SingleSharp.Golden.MistakeGolden

open System
open Expecto
open SingleSharp.Cli
open SingleSharp.Golden.CommandGolden

let private mistakes line =
    match Requests.ofWords (words line) with
    | Ok request -> failtest $"{line}: {request.Task}"
    | Error mistakes -> mistakes

let private refused =
    [ "", [ "which command?" ]
      "--json", [ "which command?" ]
      "preproces a.h5ad", [ "no command preproces; did you mean preprocess?" ]
      "highly_variable_genes a.h5ad", [ "is called hvg here" ]
      "filter-cells a.h5ad", [ "is called filter here" ]
      "qc", [ "which FILE?"; "--out FILE or --in-place" ]
      "info", [ "which FILE?" ]
      "plan", [ "which FILE?" ]
      "plan hvg", [ "which FILE?" ]
      "plan convert a.h5 --out b.h5ad",
      [ "preprocess and pipeline would do, and convert is none of these; if convert is a file, say ./convert." ]
      "plan plan", [ "plan is none of these" ]
      "plan plan qc a.h5ad", [ "plan is none of these" ]
      "plan filter-cells a.h5ad", [ "scanpy's filter-cells is called filter here" ]
      "digest a.h5ad b.h5ad", [ "one FILE at a time" ]
      "report a.h5ad", [ "where should the page go? Say --out FILE." ]
      "report a.h5ad --out b --workers 2", [ "--workers has no effect: report reads with one thread" ]
      "qc a.h5ad --in-place --digest", [ "--digest has no effect: it is told on a page, and there is no --report" ]
      "hvg a.h5ad --in-place --report b", [ "hvg has no option --report; qc, preprocess and pipeline have." ]
      "pca a.h5ad b.h5ad --in-place", [ "several FILEs cannot be changed in place; say --out FILE" ]
      "convert a.h5", [ "where should the result go? Say --out FILE." ]
      "convert",
      [ "which FILE? Name an .h5ad file, a 10x .h5 file or a folder with matrix.mtx."
        "--out FILE" ]
      "convert a.h5 --in-place", [ "convert makes a new file; say --out FILE" ]
      "convert a b --out c --join left --sample-key a/b --sample-names a,,b",
      [ "--join must be inner or outer, not 'left'"
        "--sample-key must not have a slash"
        "--sample-names must be names as a,b,c, not 'a,,b'" ]
      "convert a --out b --n-comps 3", [ "convert has no option --n-comps" ]
      "digest a --genome mm10", [ "digest has no option --genome" ]
      "demo a.h5ad", [ "'a.h5ad'" ]
      "digest a.h5ad --scratch b", [ "digest has no option --scratch" ]
      "info a.h5ad --compression gzip", [ "info has no option --compression" ]
      "log1p a.h5ad --in-place --keep-counts", [ "log1p has no option --keep-counts; preprocess, pipeline and shard have." ]
      "qc a.h5ad --in-place --compression gzip:10", [ "--compression: gzip has the levels 0 to 9, not 10." ]
      "qc a.h5ad --in-place --compression lzf:1", [ "--compression: lzf has no levels; leave it out." ]
      "qc a.h5ad --in-place --compression bzip2",
      [ "--compression: it must be gzip, zstd, lzf or none, with a level as gzip:9, not 'bzip2'." ]
      "pca a.h5ad --in-place --out b.h5ad", [ "exclude each other" ]
      "pca a.h5ad --n-top 3 --in-place", [ "no option --n-top; did you mean --n-top-genes?" ]
      "pca a.h5ad --nonsense 3 --in-place", [ "no option --nonsense." ]
      "qc a.h5ad --in-place --n-comps 3 --min-genes 5", [ "qc has no option --n-comps; pca, pipeline and shard have."; "--min-genes" ]
      "qc a.h5ad --in-place --version", [ "--version" ]
      "--version --n-top-genes 5", [ "--version is said alone, without --n-top-genes" ]
      // An option is no value of the one before it.
      "qc a.h5ad --out b.h5ad --mt-prefix --no-log1p-columns", [ "'--mt-prefix' must be followed by <PREFIX>" ]
      "filter a.h5ad --out --min-genes 200", [ "'--out' must be followed by <FILE>" ]
      "normalize_total a.h5ad --in-place --key-added --quiet", [ "'--key-added' must be followed by <NAME>" ]
      "normalize_total a.h5ad --in-place --key-added --foo", [ "there is no option --foo" ]
      "hvg a.h5ad --n-top-genes --out b.h5ad", [ "'--n-top-genes' must be followed by <N>" ]
      "normalize_total a.h5ad --in-place --target-sum 10000 --median all",
      [ "--median goes with --target-sum median, not with --target-sum 10000" ]
      "pipeline a.h5ad --in-place --with qc", [ "--with must be one of subset, filter, scale, not 'qc'" ]
      "qc a.h5ad --in-place --allow-invalid", [ "qc has no option --allow-invalid" ]
      "hvg a.h5ad --in-place --gene-set s=prefix:A --min-genes 3", [ "hvg has no option --gene-set"; "hvg has no option --min-genes" ]
      "--version --json", [ "--version is said alone" ]
      "filter a.h5ad --in-place", [ "at least one limit" ]
      "filter a.h5ad --in-place --min-genes -1 --min-cells 1.5 --max-counts many",
      [ "--min-genes must be an integer from 0 up, not '-1'"
        "--max-counts must be a number"
        "--min-cells" ]
      "filter a.h5ad --in-place --max-pct mt --max-pct =3 --max-pct mt=much", [ "'mt'"; "'=3'"; "'mt=much'" ]
      "filter a.h5ad --in-place --max-pct ribo=3 --mt-prefix= --min-pct mt=1", [ "no gene set mt"; "no gene set ribo" ]
      "filter a.h5ad --in-place --max-pct mt=101", [ "between 0 and 100" ]
      "hvg a.h5ad --in-place --flavor seurat_v4 --n-top-genes 0 --n-bins x --span x --min-mean x --max-disp x",
      [ "--flavor must be one of seurat, cell_ranger, seurat_v3, seurat_v3_paper, not 'seurat_v4'; did you mean seurat_v3?"
        "--n-top-genes must be an integer from 1 up, not '0'"
        "--min-mean"
        "--max-disp"
        "--n-bins"
        "--span" ]
      "hvg a.h5ad --in-place --span 0", [ "--span" ]
      "hvg a.h5ad --in-place --exact-n", [ "--n-top-genes" ]
      "pca a.h5ad --in-place --n-comps 0 --mask-var=", [ "--n-comps"; "--mask-var must not be empty" ]
      "pca a.h5ad --in-place --key-added a/b", [ "--key-added must not have a slash, as 'a/b' has" ]
      "pipeline a.h5ad --in-place --pca-key=", [ "--pca-key must not be empty" ]
      "pipeline a.h5ad --skip qc,neighbors --target-sum x --workers 0 --memory 5X",
      [ "--skip must be one of"
        "--target-sum"
        "where should the result go?"
        "--workers"
        "--memory" ]
      "pipeline a.h5ad --in-place --skip=", [ "--skip must be followed by a step" ]
      "pipeline a.h5ad --in-place --skip qc,normalize_total,log1p,hvg,pca", [ "no steps" ]
      "pipeline a.h5ad --in-place --n-comps 3 --n-comps 4", [ "more than once" ]
      "pca a.h5ad --in-place --key-added x --pca-key y", [ "'--key-added' and '--pca-key' are one option" ]
      "pipeline a.h5ad --out", [ "must be followed by" ] ]

/// The mistakes are these, in this order.
let private refusal (line, parts: string list) =
    test $"singlesharp {line}" {
        let mistakes = mistakes line
        Expect.equal mistakes.Length parts.Length $"{mistakes}"

        for mistake, part in List.zip mistakes parts do
            Expect.stringContains mistake part "the mistake"
    }

/// Every option of every command where it says nothing, and what has an effect beside it.
let private without =
    let mistake (option, why) = $"{option} has no effect: ", why
    // So the core tells it, after the name of the option.
    let toldByCore option what = $"{option}: {what}"

    let skipped (option: string) step =
        Array.head (option.Split ' '), $"it belongs to {step}, which --skip leaves out"

    let several = "it is about several FILEs, and there is one"
    let sets = "only qc and limits such as --max-pct"

    [ for command in
          [ "info a"
            "plan a"
            "convert a --out b"
            "qc a --in-place"
            "pipeline a --in-place" ] do
          for option in [ "--join inner"; "--sample-key s"; "--sample-names a"; "--index-unique -" ] do
              $"{command} {option}", [ (option.Split ' ')[0], several ]

      for option, step in
          [ "--min-genes 1", "filter"
            "--max-genes 1", "filter"
            "--min-counts 1", "filter"
            "--max-counts 1", "filter"
            "--max-pct mt=1", "filter"
            "--min-pct mt=1", "filter"
            "--min-cells 1", "filter"
            "--max-cells 1", "filter"
            "--gene-min-counts 1", "filter"
            "--gene-max-counts 1", "filter"
            "--percent-top 5", "qc"
            "--no-log1p-columns", "qc"
            "--target-sum 1", "normalize_total"
            "--median all", "normalize_total"
            "--exclude-highly-expressed", "normalize_total"
            "--key-added k", "normalize_total"
            "--base 2", "log1p"
            "--allow-logged", "log1p"
            "--flavor seurat", "hvg"
            "--n-top-genes 5", "hvg"
            "--min-mean 1", "hvg"
            "--max-mean 1", "hvg"
            "--min-disp 1", "hvg"
            "--max-disp 1", "hvg"
            "--n-bins 5", "hvg"
            "--span 0.5", "hvg"
            "--batch-key b", "hvg"
            "--exact-n", "hvg"
            "--n-comps 5", "pca"
            "--mask-var m", "pca"
            "--no-zero-center", "pca"
            "--pca-key k", "pca" ] do
          $"pipeline a --in-place {option} --skip {step}", [ skipped option step ]

      "pipeline a --in-place --skip filter", [ "--skip filter", "it is only taken where it or an option of it is asked for" ]

      for flavor in [ "seurat_v3"; "seurat_v3_paper" ] do
          for option in [ "--min-mean 0.0125"; "--max-mean 3"; "--min-disp 0.5"; "--max-disp inf" ] do
              $"hvg a --in-place --flavor {flavor} {option}", [ (option.Split ' ')[0], "choose --n-top-genes" ]

          $"hvg a --in-place --flavor {flavor} --n-bins 20", [ "--n-bins", "only the flavor seurat" ]
          $"hvg a --in-place --flavor {flavor} --exact-n", [ "--exact-n", "exactly --n-top-genes anyway" ]

      for option in [ "--min-mean 0.0125"; "--max-mean 3"; "--min-disp 0.5"; "--max-disp inf" ] do
          $"hvg a --in-place --n-top-genes 5 {option}", [ (option.Split ' ')[0], "--n-top-genes says how many" ]
          $"pipeline a --in-place --n-top-genes 5 {option}", [ (option.Split ' ')[0], "--n-top-genes says how many" ]

      "hvg a --in-place --flavor cell_ranger --n-bins 20", [ "--n-bins", "only the flavor seurat" ]
      "hvg a --in-place --span 0.3", [ "--span", "only seurat_v3" ]
      "hvg a --in-place --flavor cell_ranger --span 0.3", [ "--span", "only seurat_v3" ]
      "hvg a --in-place --n-top-genes 9 --min-mean 1 --max-disp 3",
      [ "--min-mean", "--n-top-genes says how many"
        "--max-disp", "--n-top-genes says how many" ]

      "filter a --in-place --min-genes 1 --gene-set s=prefix:A", [ toldByCore "--gene-set" "s", sets ]
      "filter a --in-place --max-pct s=1 --gene-set s=prefix:A --gene-set t=prefix:B", [ toldByCore "--gene-set" "t", sets ]
      "filter a --in-place --min-genes 1 --mt-prefix MT", [ toldByCore "--mt-prefix" "it", sets ]
      "filter a --in-place --min-genes 1 --mt-prefix=", [ toldByCore "--mt-prefix" "it", sets ]
      "filter a --in-place --min-genes 1 --gene-symbols c", [ toldByCore "--gene-symbols" "it", "no gene set is made of names" ]
      "pipeline a --in-place --skip qc --gene-set s=prefix:A", [ toldByCore "--gene-set" "s", sets ]
      "pipeline a --in-place --skip qc --mt-prefix MT", [ toldByCore "--mt-prefix" "it", sets ]
      "qc a --in-place --mt-prefix= --gene-symbols c", [ toldByCore "--gene-symbols" "it", "no gene set is made of names" ]
      "qc a --in-place --gene-set mt=column:m --gene-symbols c", [ toldByCore "--gene-symbols" "it", "no gene set is made of names" ]

      "pipeline a --in-place --skip normalize_total,log1p --allow-invalid", [ "--allow-invalid", "only normalize_total and log1p" ]

      "pipeline a --in-place --skip normalize_total,log1p --keep-counts", [ toldByCore "--keep-counts" "it", "no step changes values of X" ]

      for command in [ "digest"; "verify" ] do
          $"{command} a --workers 2", [ "--workers", "one thread" ] ]
    |> List.map (fun (line, parts) ->
        test $"in vain: {line}" {
            let mistakes = mistakes line
            Expect.equal mistakes.Length (List.length parts) $"{mistakes}"

            for told, part in List.zip mistakes parts do
                let start, why = mistake part
                Expect.stringStarts told start "the option"
                Expect.stringContains told why "the reason"
        })

/// What is next to these and has an effect.
let private within =
    [ for line in
          [ "convert a b --out c --join inner --sample-key s --sample-names a,b --index-unique -"
            "hvg a --in-place --n-top-genes 5 --exact-n"
            "hvg a --in-place --flavor seurat_v3 --span 0.3"
            "hvg a --in-place --n-bins 20 --min-mean 0.0125"
            "hvg a --in-place --flavor cell_ranger --n-top-genes 5 --exact-n --batch-key b"
            "pipeline a --in-place --exact-n"
            "filter a --in-place --max-pct s=1 --gene-set s=prefix:A --gene-symbols c"
            "filter a --in-place --max-pct mt=1 --mt-prefix MT"
            "pipeline a --in-place --skip qc --max-pct mt=1 --mt-prefix MT"
            "qc a --in-place --gene-symbols c"
            "qc a --in-place --gene-set s=column:m --gene-symbols c"
            "pipeline a --in-place --skip log1p --allow-invalid"
            "digest a --quiet"
            "verify a --quiet --memory 200M"
            "verify a --quiet --json"
            "info a --json --quiet --workers 2" ] do
          test $"not in vain: {line}" { request line |> ignore } ]

let private pages =
    [ test "a command's page has its options and no others" {
          for command in Command.all do
              let listed =
                  [ for line in (Help.page (Some command)).Split '\n' do
                        if line.StartsWith "    --" then
                            line.Split([| ' '; ',' |], StringSplitOptions.RemoveEmptyEntries)[0] ]

              let taken =
                  [ yield! Command.stepSpellings command
                    for group in command.Groups do
                        for form in Argument.forms () do
                            if form.Group = group && group <> OptionGroup.Input then
                                form.Spelling

                        if group = OptionGroup.General then
                            "--help" ]

              Expect.equal listed taken $"the options on the page of {command.Name}"
      }
      test "no line is wider than 80 letters" {
          for command in None :: List.map Some Command.all do
              for line in (Help.page command).Split '\n' do
                  Expect.isLessThanOrEqual line.Length 80 line
      }
      test "the front page has every command" {
          for command in Command.all do
              Expect.stringContains (Help.page None) $"\n    {command.Name} " "the page"
      }
      test "--help is of the command that is named" {
          for line, name in
              [ "hvg a.h5ad --help", Some "hvg"
                "-h normalize-total", Some "normalize_total"
                "-h", None ] do
              match (request line).Task with
              | Help command -> Expect.equal (command |> Option.map _.Name) name line
              | other -> failtest $"{other}"
      } ]

let all =
    testList
        "Mistakes"
        [ testList "mistakes" (List.map refusal refused)
          testList "in vain" without
          testList "not in vain" within
          testList "pages" pages ]
