/// A run over shards as a Nextflow workflow.
namespace SingleSharp.Cli

open SingleSharp

[<RequireQualifiedAccess>]
module internal NextflowScript =
    let private processOf name step (index: string) memory =
        [ $"process {name} {{"
          "    cpus params.cpus"
          $"    memory {{ {ScriptText.mebibytes memory}.MB * task.attempt }}"
          "    errorStrategy { task.exitStatus in [75, 130, 137, 143] ? 'retry' : 'terminate' }"
          "    maxRetries 3"
          if index <> "" then
              "    tag \"${index}\""
          ""
          "    input:"
          "    val index"
          "    val before"
          ""
          "    output:"
          "    val index"
          ""
          "    script:"
          "    \"\"\""
          $"    ${{params.tool}} shard {step}{index} --workers ${{task.cpus}}"
          "    \"\"\""
          "}"
          "" ]

    let private processes (stage: ShardStage) =
        let name = ScriptText.identifier stage.Name

        [ $"// {ScriptText.about stage}"
          yield! processOf $"{name}_task" ("run ${quoted(params.plan)} " + name) " ${index}" stage.Memory
          yield! processOf $"{name}_merge" ("merge ${quoted(params.plan)} " + name) "" stage.MergeMemory ]

    let private call before (stage: ShardStage) =
        let name = ScriptText.identifier stage.Name

        [ $"    {name}_task(Channel.of(0..{stage.Tasks - 1}), {before})"
          $"    {name}_merge({name}_task.out.collect(), {before})" ]

    let text (plan: ShardPlan) planPath =
        let stages = List.ofSeq plan.Stages
        // Each stage waits for the merge of the one before.
        let befores =
            "true" :: [ for stage in stages -> $"{ScriptText.identifier stage.Name}_merge.out" ]

        ScriptText.lines
            [ "#!/usr/bin/env nextflow"
              $"""// {ScriptText.madeBy "nextflow" planPath}"""
              "//"
              "//     nextflow run main.nf [-profile ...] [--plan FILE] [--cpus N] [--tool COMMAND]"
              "//"
              "// The tests of SingleSharp do not run this file: they have no Nextflow. Where it fails, the commands in it are still right."
              "//"
              "// All machines must see the plan, its inputs, its output and the folder of parts under the same names. Parts are not passed through"
              "// channels, which would copy or link them: only the order is. With -resume, or without, tasks whose part is there end at once."
              "nextflow.enable.dsl = 2"
              ""
              $"params.plan = {ScriptText.groovy planPath}"
              "params.tool = System.getenv('SINGLESHARP') ?: 'singlesharp'"
              "params.cpus = 2"
              ""
              "// Tasks have folders of their own; the path is one word of a shell."
              "def quoted(path) {"
              "    return \"'\" + file(path).toAbsolutePath().toString().replace(\"'\", \"'\\\\''\") + \"'\""
              "}"
              ""
              for stage in stages do
                  yield! processes stage
              "workflow {"
              for before, stage in List.zip (List.truncate stages.Length befores) stages do
                  yield! call before stage
              "}" ]
