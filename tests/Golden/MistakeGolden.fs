/// What makes no sense is told, every mistake at once; and what the pages of --help tell.
module SingleSharp.Golden.MistakeGolden

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
      "digest a.h5ad b.h5ad", [ "one FILE at a time" ]
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
      "pca a.h5ad --in-place --out b.h5ad", [ "exclude each other" ]
      "pca a.h5ad --n-top 3 --in-place", [ "no option --n-top; did you mean --n-top-genes?" ]
      "pca a.h5ad --nonsense 3 --in-place", [ "no option --nonsense." ]
      "qc a.h5ad --in-place --n-comps 3 --min-genes 5", [ "qc has no option --n-comps; pca and pipeline have."; "--min-genes" ]
      "qc a.h5ad --in-place --version", [ "--version" ]
      "filter a.h5ad --in-place", [ "at least one limit" ]
      "filter a.h5ad --in-place --min-genes -1 --min-cells 1.5 --max-counts many",
      [ "--max-counts must be a number"
        "--min-genes must be a whole number"
        "--min-cells" ]
      "filter a.h5ad --in-place --max-pct mt --max-pct =3 --max-pct mt=much", [ "'mt'"; "'=3'"; "'mt=much'" ]
      "filter a.h5ad --in-place --max-pct ribo=3 --mt-prefix= --min-pct mt=1", [ "no gene set mt"; "no gene set ribo" ]
      "filter a.h5ad --in-place --max-pct mt=101", [ "between 0 and 100" ]
      "hvg a.h5ad --in-place --flavor seurat_v4 --n-top-genes 0 --n-bins x --span x --min-mean x --max-disp x",
      [ "--flavor must be one of seurat, cell_ranger, seurat_v3, seurat_v3_paper, not 'seurat_v4'; did you mean seurat_v3?"
        "--n-top-genes must be a whole number from 1 up, not '0'"
        "--min-mean"
        "--max-disp"
        "--n-bins"
        "--span" ]
      "hvg a.h5ad --in-place --span 0", [ "--span" ]
      "hvg a.h5ad --in-place --exact-n", [ "--n-top-genes" ]
      "pca a.h5ad --in-place --n-comps 0 --mask-var=", [ "--n-comps"; "--mask-var must not be empty" ]
      "pca a.h5ad --in-place --key-added a/b", [ "the key of pca must not have a slash, as 'a/b' has" ]
      "pipeline a.h5ad --in-place --pca-key=", [ "the key of pca must not be empty" ]
      "pipeline a.h5ad --skip qc,neighbors --target-sum x --workers 0 --memory 5X",
      [ "--skip must be one of"
        "--target-sum"
        "where should the result go?"
        "--workers"
        "--memory" ]
      "pipeline a.h5ad --in-place --skip=", [ "--skip must be followed by a step" ]
      "pipeline a.h5ad --in-place --skip qc,normalize_total,log1p,hvg,pca", [ "no steps" ]
      "pipeline a.h5ad --in-place --n-comps 3 --n-comps 4", [ "more than once" ]
      "pipeline a.h5ad --out", [ "must be followed by" ] ]

/// The mistakes are these, in this order.
let private refusal (line, parts: string list) =
    test $"singlesharp {line}" {
        let mistakes = mistakes line
        Expect.equal mistakes.Length parts.Length $"{mistakes}"

        for mistake, part in List.zip mistakes parts do
            Expect.stringContains mistake part "the mistake"
    }

let private remarks =
    [ for line, parts in
          [ "pipeline a.h5ad --in-place", []
            "pipeline a.h5ad --in-place --min-mean 1", []
            "pipeline a.h5ad --in-place --n-top-genes 9 --skip hvg --min-mean 1", []
            "hvg a.h5ad --in-place --n-top-genes 9 --min-mean 1 --max-disp 3", [ "--min-mean and --max-disp are ignored" ]
            "hvg a.h5ad --in-place --flavor seurat_v3 --min-disp 1 --n-bins 3", [ "--min-disp is ignored"; "--n-bins is ignored" ]
            "hvg a.h5ad --in-place --span 0.5", [ "--span is ignored" ] ] do
          test line {
              let remarks = (work line).Wish.Remarks
              Expect.equal remarks.Length (List.length parts) $"{remarks}"

              for remark, part in List.zip remarks parts do
                  Expect.stringContains remark part "the remark"
          } ]

let private pages =
    [ test "a command's page has its options and no others" {
          for command in Command.all do
              let listed =
                  [ for line in (Help.page (Some command)).Split '\n' do
                        if line.StartsWith "    --" then
                            line.Split([| ' '; ',' |], StringSplitOptions.RemoveEmptyEntries)[0] ]

              let taken =
                  [ for chapter in command.Chapters do
                        for form in Argument.forms do
                            if form.Chapter = chapter && chapter <> Chapter.Input then
                                Command.spelling command form
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
          testList "remarks" remarks
          testList "pages" pages ]
