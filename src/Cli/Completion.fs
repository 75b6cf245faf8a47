/// Scripts with which shells complete the words of a command line.
namespace SingleSharp.Cli

[<RequireQualifiedAccess>]
module Completion =
    let private lines (lines: string list) = String.concat "\n" lines + "\n"

    /// A word in single quotes, as shells of Unix take it.
    let private quoted (text: string) = "'" + text.Replace("'", "'\\''") + "'"

    let private spellings (options: OptionWords list) =
        options |> List.map _.Spelling |> String.concat " "

    let private names = Command.all |> List.map _.Name

    /// Options in groups of one kind of values, so that a script tells each kind once.
    let private byValues () =
        CompletionWords.all ()
        |> List.filter (fun option -> option.Values <> ValueWords.Nothing)
        |> List.groupBy _.Values
        |> List.map (fun (values, options) -> values, options |> List.map _.Spelling)

    /// Short spellings of an option with a file.
    let private alsoShort (spelling: string) =
        if spelling = "--out" then [ "-o"; "--output"; spelling ] else [ spelling ]

    let private bashValues values =
        match values with
        | ValueWords.Files -> "_singlesharp_take -f"
        | ValueWords.Folders -> "_singlesharp_take -d"
        | ValueWords.Among words -> $"""_singlesharp_take -W {quoted (String.concat " " words)}"""
        | ValueWords.Anything
        | ValueWords.Nothing -> ":"

    let private bash () =
        lines
            [ "# Completes the words of singlesharp in bash. Put this line into ~/.bashrc:"
              "#     source <(singlesharp completion bash)"
              "_singlesharp_take() {"
              "    while IFS= read -r; do COMPREPLY+=(\"$REPLY\"); done < <(compgen \"$@\" -- \"$word\")"
              "    case $1 in -f | -d) compopt -o filenames 2>/dev/null || : ;; esac"
              "}"
              ""
              "_singlesharp() {"
              "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= at"
              "    COMPREPLY=()"
              "    # bash takes --option=value for three words."
              "    if [[ $word == = ]]; then word=; elif [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD - 2]}; fi"
              "    for ((at = 1; at < COMP_CWORD; at++)); do"
              "        case ${COMP_WORDS[at]} in"
              "            --)"
              "                _singlesharp_take -f"
              "                return"
              "                ;;"
              $"""            {String.concat " | " names}) [[ -z $command || $command == plan ]] && command=${{COMP_WORDS[at]}} ;;"""
              "        esac"
              "    done"
              "    case $before in"
              for values, options in byValues () do
                  let options = options |> List.collect alsoShort

                  $"""        {String.concat " | " options})"""
                  $"            {bashValues values}"
                  "            return"
                  "            ;;"
              "    esac"
              "    case $command in"
              "        '')"
              "            case $word in"
              $"                -*) _singlesharp_take -W {quoted (spellings CompletionWords.front)} ;;"
              $"""                *) _singlesharp_take -W {quoted (String.concat " " names)} ;;"""
              "            esac"
              "            ;;"
              for command in Command.all do
                  $"        {command.Name})"
                  "            case $word in"
                  $"                -*) _singlesharp_take -W {quoted (spellings (CompletionWords.options command))} ;;"
                  $"                *) {bashValues (CompletionWords.operands command)} ;;"
                  "            esac"
                  "            ;;"
              "    esac"
              "}"
              ""
              "complete -F _singlesharp singlesharp" ]

    /// A text in a specification of zsh, where brackets and colons mean something.
    let private bare (text: string) =
        text.Replace("\\", "\\\\").Replace("[", "\\[").Replace("]", "\\]").Replace(":", "\\:")

    let private zshValues values =
        match values with
        | ValueWords.Files -> "_files"
        | ValueWords.Folders -> "_files -/"
        | ValueWords.Among words -> $"""({String.concat " " words})"""
        | ValueWords.Anything
        | ValueWords.Nothing -> " "

    let private zshOption (option: OptionWords) =
        let text = $"[{bare option.Line}]"

        match option.Values with
        | ValueWords.Nothing -> quoted $"{option.Spelling}{text}"
        | values -> quoted $"{option.Spelling}={text}:{option.Placeholder}:{zshValues values}"

    let private zsh () =
        lines
            [ "#compdef singlesharp"
              "# Completes the words of singlesharp in zsh. Write it as _singlesharp to a folder of $fpath, or put this into ~/.zshrc:"
              "#     source <(singlesharp completion zsh)"
              "_singlesharp() {"
              "    local curcontext=$curcontext state line"
              "    local -A opt_args"
              "    local -a commands"
              "    commands=("
              for command in Command.all do
                  $"""        {quoted $"{command.Name}:{bare (command.Line.TrimEnd '.')}"}"""
              "    )"
              $"""    _arguments -C {CompletionWords.front |> List.map zshOption |> String.concat " "} '1:command:->command' '*::word:->words'"""
              "    case $state in"
              "        command) _describe -t commands command commands ;;"
              "        words) _singlesharp_words ;;"
              "    esac"
              "}"
              ""
              "_singlesharp_words() {"
              "    # Behind plan, the options are those of the command that is planned."
              $"""    if [[ $words[1] == plan && CURRENT -gt 2 && $words[2] == ({String.concat "|" names}) ]]; then"""
              "        shift words"
              "        ((CURRENT--))"
              "    fi"
              "    case $words[1] in"
              for command in Command.all do
                  $"        {command.Name})"
                  "            _arguments -s \\"

                  for option in CompletionWords.options command do
                      $"                {zshOption option} \\"

                  match CompletionWords.operands command with
                  | ValueWords.Nothing -> "                && return"
                  | operands -> $"""                {quoted $"*:word:{zshValues operands}"}"""

                  "            ;;"
              "    esac"
              "}"
              ""
              "if [[ $funcstack[1] == _singlesharp ]]; then _singlesharp \"$@\"; else compdef _singlesharp singlesharp; fi" ]

    let private fishValues values =
        match values with
        | ValueWords.Nothing -> ""
        | ValueWords.Anything -> " -x"
        | ValueWords.Files -> " -r -F"
        | ValueWords.Folders -> " -x -a '(__fish_complete_directories)'"
        | ValueWords.Among words -> $""" -x -a {quoted (String.concat " " words)}"""

    let private fish () =
        // fish knows \' in single quotes.
        let quoted (text: string) =
            "'" + text.Replace("\\", "\\\\").Replace("'", "\\'") + "'"

        lines
            [ "# Completes the words of singlesharp in fish. Write it to ~/.config/fish/completions/singlesharp.fish."
              "complete -c singlesharp -f"
              for option in CompletionWords.front do
                  $"""complete -c singlesharp -n __fish_use_subcommand -l {option.Spelling.TrimStart '-'} -d {quoted option.Line}"""
              for command in Command.all do
                  let here = $"-n '__fish_seen_subcommand_from {command.Name}'"

                  $"""complete -c singlesharp -n __fish_use_subcommand -a {command.Name} -d {quoted (command.Line.TrimEnd '.')}"""

                  match CompletionWords.operands command with
                  | ValueWords.Files -> $"complete -c singlesharp {here} -F"
                  | ValueWords.Among words -> $"""complete -c singlesharp {here} -a {quoted (String.concat " " words)}"""
                  | _ -> ()

                  for option in CompletionWords.options command do
                      $"""complete -c singlesharp {here} -l {option.Spelling.TrimStart '-'}{fishValues option.Values} -d {quoted option.Line}""" ]

    let private powershell () =
        let quoted (text: string) = "'" + text.Replace("'", "''") + "'"

        let list (words: string list) =
            "@(" + (words |> List.map quoted |> String.concat ", ") + ")"

        lines
            [ "# Completes the words of singlesharp in PowerShell. Put this line into the file that $PROFILE names:"
              "#     singlesharp completion powershell | Out-String | Invoke-Expression"
              "Register-ArgumentCompleter -Native -CommandName singlesharp -ScriptBlock {"
              "    param($word, $tree, $position)"
              $"    $commands = {list names}"
              "    $options = @{"
              for command in Command.all do
                  $"        {quoted command.Name} = {list (CompletionWords.options command |> List.map _.Spelling)}"
              "    }"
              "    $operands = @{"
              for command in Command.all do
                  match CompletionWords.operands command with
                  | ValueWords.Among words -> $"        {quoted command.Name} = {list words}"
                  | _ -> ()
              "    }"
              "    $values = @{"
              for values, spellings in byValues () do
                  match values with
                  | ValueWords.Among words ->
                      for spelling in spellings do
                          $"        {quoted spelling} = {list words}"
                  | _ -> ()
              "    }"
              "    $before = @($tree.CommandElements | Where-Object { $_.Extent.EndOffset -lt $position } | ForEach-Object { $_.ToString() })"
              "    $named = @($before | Select-Object -Skip 1 | Where-Object { $commands -contains $_ })"
              "    $command = if ($named.Count -gt 1 -and $named[0] -eq 'plan') { $named[1] } elseif ($named.Count) { $named[0] } else { '' }"
              "    $last = if ($before.Count) { $before[-1] } else { '' }"
              "    # Nothing said is a file, which PowerShell completes by itself."
              "    $words = if ($values.ContainsKey($last)) { $values[$last] }"
              $"""        elseif ($command -eq '') {{ if ($word -like '-*') {{ {list (CompletionWords.front |> List.map _.Spelling)} }} else {{ $commands }} }}"""
              "        elseif ($word -like '-*') { $options[$command] }"
              "        else { $operands[$command] }"
              "    $words | Where-Object { $_ -like \"$word*\" } | ForEach-Object {"
              "        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)"
              "    }"
              "}" ]

    /// The script for one of the shells.
    let script shell =
        match shell with
        | "bash" -> bash ()
        | "zsh" -> zsh ()
        | "fish" -> fish ()
        | _ -> powershell ()
