#!/usr/bin/env nextflow
// Made by: singlesharp shard script 'plan.json' --engine nextflow
//
//     nextflow run main.nf [-profile ...] [--plan FILE] [--cpus N] [--tool COMMAND]
//
// The tests of SingleSharp do not run this file: they have no Nextflow. Where it fails, the commands in it are still right.
//
// All machines must see the plan, its inputs, its output and the folder of parts under the same names. Parts are not passed through
// channels, which would copy or link them: only the order is. With -resume, or without, tasks whose part is there end at once.
nextflow.enable.dsl = 2

params.plan = 'plan.json'
params.tool = System.getenv('SINGLESHARP') ?: 'singlesharp'
params.cpus = 2

// Tasks have folders of their own; the path is one word of a shell.
def quoted(path) {
    return "'" + file(path).toAbsolutePath().toString().replace("'", "'\\''") + "'"
}

// main: qc + normalize_total + log1p + hvg; 8 tasks, each reads 0.10 GiB and leaves 0.16 GiB
process main_task {
    cpus params.cpus
    memory { 218.MB * task.attempt }
    errorStrategy { task.exitStatus in [75, 130, 137, 143] ? 'retry' : 'terminate' }
    maxRetries 3
    tag "${index}"

    input:
    val index
    val before

    output:
    val index

    script:
    """
    ${params.tool} shard run ${quoted(params.plan)} main ${index} --workers ${task.cpus}
    """
}

process main_merge {
    cpus params.cpus
    memory { 218.MB * task.attempt }
    errorStrategy { task.exitStatus in [75, 130, 137, 143] ? 'retry' : 'terminate' }
    maxRetries 3

    input:
    val index
    val before

    output:
    val index

    script:
    """
    ${params.tool} shard merge ${quoted(params.plan)} main --workers ${task.cpus}
    """
}

// pca: pca; 8 tasks, each reads 0.10 GiB and leaves 0.09 GiB
process pca_task {
    cpus params.cpus
    memory { 309.MB * task.attempt }
    errorStrategy { task.exitStatus in [75, 130, 137, 143] ? 'retry' : 'terminate' }
    maxRetries 3
    tag "${index}"

    input:
    val index
    val before

    output:
    val index

    script:
    """
    ${params.tool} shard run ${quoted(params.plan)} pca ${index} --workers ${task.cpus}
    """
}

process pca_merge {
    cpus params.cpus
    memory { 309.MB * task.attempt }
    errorStrategy { task.exitStatus in [75, 130, 137, 143] ? 'retry' : 'terminate' }
    maxRetries 3

    input:
    val index
    val before

    output:
    val index

    script:
    """
    ${params.tool} shard merge ${quoted(params.plan)} pca --workers ${task.cpus}
    """
}

// scores: pca: scores; 8 tasks, each reads 0.07 GiB and leaves 0.02 GiB
process scores_task {
    cpus params.cpus
    memory { 309.MB * task.attempt }
    errorStrategy { task.exitStatus in [75, 130, 137, 143] ? 'retry' : 'terminate' }
    maxRetries 3
    tag "${index}"

    input:
    val index
    val before

    output:
    val index

    script:
    """
    ${params.tool} shard run ${quoted(params.plan)} scores ${index} --workers ${task.cpus}
    """
}

process scores_merge {
    cpus params.cpus
    memory { 309.MB * task.attempt }
    errorStrategy { task.exitStatus in [75, 130, 137, 143] ? 'retry' : 'terminate' }
    maxRetries 3

    input:
    val index
    val before

    output:
    val index

    script:
    """
    ${params.tool} shard merge ${quoted(params.plan)} scores --workers ${task.cpus}
    """
}

workflow {
    main_task(Channel.of(0..7), true)
    main_merge(main_task.out.collect(), true)
    pca_task(Channel.of(0..7), main_merge.out)
    pca_merge(pca_task.out.collect(), main_merge.out)
    scores_task(Channel.of(0..7), pca_merge.out)
    scores_merge(scores_task.out.collect(), pca_merge.out)
}
