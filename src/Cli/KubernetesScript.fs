/// A run over shards as indexed Jobs of Kubernetes.
namespace SingleSharp.Cli

open System
open SingleSharp

[<RequireQualifiedAccess>]
module internal KubernetesScript =
    /// The folder of the plan is the volume of all pods, under its own name where that is a whole one.
    let private places (planPath: string) =
        let cut = planPath.LastIndexOf '/'

        if planPath.StartsWith '/' && cut > 0 then planPath[.. cut - 1], planPath else "/data", planPath

    /// A name as Kubernetes takes it.
    let private name (plan: ShardPlan) (stage: ShardStage) step =
        let stage = (ScriptText.identifier stage.Name).Replace('_', '-').ToLowerInvariant()
        $"singlesharp-{plan.Id[..7]}-{stage}-{step}"

    let private job (plan: ShardPlan) planPath stage step (tasks: int option) memory =
        let folder, path = places planPath

        [ "---"
          "apiVersion: batch/v1"
          "kind: Job"
          "metadata:"
          $"  name: {name plan stage step}"
          "spec:"
          "  suspend: true"
          match tasks with
          | Some tasks ->
              "  completionMode: Indexed"
              $"  completions: {tasks}"
              $"  parallelism: {tasks}"
              "  backoffLimitPerIndex: 3"
          | None -> "  backoffLimit: 3"
          "  podFailurePolicy:"
          "    rules:"
          "      - action: FailJob # trying again is of no use"
          "        onExitCodes: { operator: In, values: [1, 2, 70] }"
          "      - action: Ignore # the machine was taken away"
          "        onPodConditions: [{ type: DisruptionTarget }]"
          "  template:"
          "    spec:"
          "      restartPolicy: Never"
          "      containers:"
          "        - name: singlesharp"
          "          image: singlesharp # the one of Containerfile, from a registry of yours"
          $"""          args: [shard, {step}, {ScriptText.literal path}, {ScriptText.literal stage.Name}]"""
          $"          workingDir: {ScriptText.literal folder}"
          "          resources:"
          $"            requests: {{ cpu: \"2\", memory: {ScriptText.mebibytes memory}Mi }}"
          $"            limits: {{ memory: {ScriptText.mebibytes memory}Mi }}"
          $"          volumeMounts: [{{ name: data, mountPath: {ScriptText.literal folder} }}]"
          "      volumes:"
          "        - name: data"
          "          persistentVolumeClaim: { claimName: singlesharp-data }" ]

    let text (plan: ShardPlan) planPath =
        let names =
            [ for stage in plan.Stages do
                  name plan stage "run"
                  name plan stage "merge" ]

        ScriptText.lines
            [ $"""# {ScriptText.madeBy "k8s" planPath}"""
              "#"
              "# The tests of SingleSharp read this file, but run it on no cluster. It needs Kubernetes 1.29 or newer."
              "#"
              "# Every stage of the plan is an indexed Job and a Job that merges its parts. They are suspended at first, as Jobs do not wait for"
              "# each other. This starts them in order:"
              "#"
              "#     kubectl apply -f jobs.yaml"
              $"""#     for job in {String.concat " " names}; do"""
              "#         kubectl patch job \"$job\" --type merge -p '{\"spec\":{\"suspend\":false}}' &&"
              "#             kubectl wait --for=condition=complete --timeout=24h \"job/$job\" || break"
              "#     done"
              "#"
              "# Put in: the image, the claim of a volume that many machines can write to (ReadWriteMany), and where it is mounted. The plan, its"
              "# inputs, its output and the folder of parts must lie on it under the names that the plan has."
              "#"
              "# Exit code 75 is tried again three times, 1, 2 and 70 never. A task takes its number from JOB_COMPLETION_INDEX."
              for stage in plan.Stages do
                  $"# {ScriptText.about stage}"
                  yield! job plan planPath stage "run" (Some stage.Tasks) stage.Memory
                  yield! job plan planPath stage "merge" None stage.MergeMemory ]
