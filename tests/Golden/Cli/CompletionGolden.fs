/// Shells complete the words of a command line with our scripts: bash, zsh and fish in earnest, where they are installed.
module internal SingleSharp.Golden.CompletionGolden

open System
open System.IO
open Expecto
open SingleSharp.Cli
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample

/// A folder with the script of a shell and something to complete to.
let private prepared shell =
    let sandbox = new Sandbox()
    File.WriteAllText(sandbox.File "completion", Completion.script shell)
    File.WriteAllText(sandbox.File "my file.h5ad", "")
    Directory.CreateDirectory(sandbox.File "folder") |> ignore
    sandbox

let private lines (text: string) =
    text.Split('\n', StringSplitOptions.RemoveEmptyEntries) |> List.ofArray

/// What bash completes the last of some words to. It takes --option=value for three words.
let private bash (words: string list) =
    use sandbox = prepared "bash"

    let script =
        "cd \"$1\" && source ./completion && shift && COMP_WORDS=(\"$@\") && COMP_CWORD=$(($# - 1)) && _singlesharp && printf '%s\\n' \"${COMPREPLY[@]}\""

    must "/bin/bash" ([ "-c"; script; "bash"; sandbox.Folder; "singlesharp" ] @ words) |> lines

let private optionsOf name =
    CompletionWords.options (Command.tryFind name).Value |> List.map _.Spelling

let private flavors = [ "seurat"; "cell_ranger"; "seurat_v3"; "seurat_v3_paper" ]

let private inBash =
    [ for words, expected in
          [ [ "" ], Command.all |> List.map _.Name
            [ "pipe" ], [ "pipeline" ]
            [ "--v" ], [ "--version" ]
            [ "hvg"; "--fl" ], [ "--flavor" ]
            [ "hvg"; "--flavor"; "" ], flavors
            [ "hvg"; "--flavor"; "=" ], flavors
            [ "hvg"; "--flavor"; "="; "cell" ], [ "cell_ranger" ]
            [ "normalize_total"; "--median"; "" ], [ "positive"; "all" ]
            [ "hvg"; "my" ], [ "my file.h5ad" ]
            [ "hvg"; "my file.h5ad"; "--out"; "my" ], [ "my file.h5ad" ]
            [ "hvg"; "-o"; "my" ], [ "my file.h5ad" ]
            [ "hvg"; "--"; "my" ], [ "my file.h5ad" ]
            [ "demo"; "--out-dir"; "" ], [ "folder" ]
            [ "demo"; "my" ], []
            [ "plan"; "hvg"; "--n-" ], [ "--n-top-genes"; "--n-bins" ]
            [ "plan"; "--n-" ], [ "--n-top-genes"; "--n-bins"; "--n-comps" ]
            [ "pipeline"; "--with"; "" ], [ "subset"; "filter"; "scale" ]
            [ "pca"; "--n-comps"; "" ], []
            [ "help"; "pl" ], [ "plan" ]
            [ "completion"; "" ], CompletionWords.shells ] do
          test $"""bash: singlesharp {String.concat " " words}""" { Expect.equal (bash words) expected "COMPREPLY" }
      test "bash: the options of every command" {
          for command in Command.all do
              Expect.equal (bash [ command.Name; "-" ]) (optionsOf command.Name) command.Name
      } ]

/// What fish completes a line to.
let private fish line =
    use sandbox = prepared "fish"

    must
        "/usr/bin/fish"
        [ "--no-config"
          "-c"
          "cd $argv[1]; and source completion; and complete -C $argv[2]"
          sandbox.Folder
          line ]
    |> lines
    |> List.map (fun line -> (line.Split '\t')[0])

let private inFish =
    [ for line, expected in
          [ "singlesharp pipe", [ "pipeline" ]
            "singlesharp hvg --fl", [ "--flavor" ]
            "singlesharp hvg --flavor cell", [ "cell_ranger" ]
            "singlesharp hvg my", [ "my file.h5ad" ]
            "singlesharp hvg --out my", [ "my file.h5ad" ]
            "singlesharp completion po", [ "powershell" ] ] do
          test $"fish: {line}" { Expect.equal (fish line) expected "the completions" }
      test "fish: the options of a command" { Expect.equal (set (fish "singlesharp pca --")) (set (optionsOf "pca")) "the completions" } ]

/// Types a line and a tab into zsh, and waits until a text is on its screen.
let private zsh =
    """zmodload zsh/zpty || exit 3
cd $1
zpty z zsh -f -i
zpty -w z "PS1='' PS2=''; autoload -Uz compinit; compinit -u -D; source ./completion; echo RE''ADY"
zpty -r z line '*READY*'
zpty -w -n z "$2"$'\t'
all=
for try in {1..300}; do
    if zpty -rt z part; then all+=$part; fi
    [[ $all == *$3* ]] && { print found; break }
    sleep 0.1
done
[[ $all == *$3* ]] || print -r -- $all
zpty -d z
"""

let private inZsh =
    [ for line, expected in
          [ "singlesharp pipe", "pipeline"
            "singlesharp hvg --fl", "--flavor"
            "singlesharp hvg --flavor cell", "cell_ranger"
            "singlesharp plan hvg --flavor cell", "cell_ranger"
            "singlesharp hvg my", "my\\ file.h5ad"
            "singlesharp completion po", "powershell" ] do
          test $"zsh: {line}" {
              use sandbox = prepared "zsh"

              let said =
                  must "/usr/bin/zsh" [ "-f"; "-c"; zsh; "zsh"; sandbox.Folder; line; expected ]

              Expect.equal said "found" "what zsh makes of it"
          } ]

let private inText =
    [ test "PowerShell: every command with its options, and brackets in pairs" {
          let script = Completion.script "powershell"

          for command in Command.all do
              let options =
                  optionsOf command.Name |> List.map (fun option -> $"'{option}'") |> String.concat ", "

              Expect.stringContains script $"'{command.Name}' = @({options})\n" command.Name

          for first, last in [ '(', ')'; '{', '}'; '[', ']' ] do
              let count letter =
                  script |> Seq.filter (fun other -> other = letter) |> Seq.length

              Expect.equal (count first) (count last) $"{first} and {last}"
      }
      test "the tool prints the script, and tells which shells there are" {
          let outcome = Child.run "dotnet" [ tool; "completion"; "fish" ] [] ""
          Expect.equal (outcome.ExitCode, outcome.Output) (0, Completion.script "fish") "stdout"

          for line, part in
              [ "completion", "which SHELL?"
                "completion basch", "not 'basch'; did you mean bash?" ] do
              match Requests.ofWords (CommandGolden.words line) with
              | Ok request -> failtest $"{request.Task}"
              | Error mistakes -> Expect.stringContains (String.concat " " mistakes) part "the mistake"
      } ]

let all = testList "Completion" (inBash @ inFish @ inZsh @ inText)
