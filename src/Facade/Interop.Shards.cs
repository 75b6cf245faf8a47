namespace SingleSharp;

/// <content>Runs over many machines.</content>
internal static partial class Interop
{
    public static Invocation<ShardedRun> PlanShards(Core.Input input, Core.Recipe recipe, string path, ShardCount shards, bool perShard)
    {
        NotNull(path);

        return new(settings => new(Answer(perShard
            ? Core.Shard.planFiles(shards, recipe, settings, input, path)
            : Core.Shard.plan(shards, recipe, settings, input, path))));
    }

    public static Invocation<ShardedRun> LoadShards(string path)
    {
        NotNull(path);
        return new(_ => new(Answer(Core.Shard.load(path))));
    }

    private static Core.ShardParts Parts(string folder, TimeSpan? wait) => new(NotNull(folder), wait ?? TimeSpan.FromMinutes(1));

    public static Invocation<bool> RunShard(Core.ShardedRun run, string stage, int task, string folder, TimeSpan? wait)
    {
        NotNull(stage);
        var parts = Parts(folder, wait);
        return new(settings => Answer(Core.Shard.run(stage, task, parts, settings, run)));
    }

    public static Invocation<Report?> MergeShards(Core.ShardedRun run, string stage, string folder, TimeSpan? wait)
    {
        NotNull(stage);
        var parts = Parts(folder, wait);
        return new(settings => Answer(Core.Shard.merge(stage, parts, settings, run))?.Value);
    }

    public static Invocation<IReadOnlyList<ShardProgress>> StatusOfShards(Core.ShardedRun run, string folder)
    {
        var parts = Parts(folder, null);
        return new(_ => Answer(Core.Shard.status(parts, run)));
    }
}
