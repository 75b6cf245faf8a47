using SingleSharp;

/// <summary>Columns and statistics of one's own in the read of the steps.</summary>
internal static class Alongside
{
    public static async Task RunAsync(string input)
    {
        var sum = Statistic.Create(
            fresh: () => 0.0,
            step: (sum, row) =>
            {
                foreach (var value in row.Output)
                {
                    sum += value;
                }

                return sum;
            },
            merge: (left, right) => left + right,
            finish: sum => sum);

        var last = Statistic.Create(fresh: () => -1L, step: (_, row) => row.Cell, merge: Math.Max, finish: cell => cell);

        var begun = Pipeline.Read(input).Filter(o => o with { MinGenes = 10 }).Preprocess();
        var chain = begun
            .AlsoObs("n_stored", row => row.Genes.Length)
            .AlsoObs("cell", row => row.Cell)
            .AlsoObs("largest", row => Largest(row))
            .AlsoObs("largest_single", row => (float)Largest(row))
            .AlsoObs("is_even", row => row.Cell % 2 == 0)
            .Also(sum.Zip(last, (sum, last) => (Sum: sum, Last: last)));

        var plan = await chain.PlanAsync();
        Console.WriteLine($"beside steps: {plan.Passes.Single().Purpose}: {string.Join(", ", plan.Also)}");
        var (report, (total, cell)) = await chain.WriteAsync("alongside.h5ad");
        Console.WriteLine($"in one read: {report.Reads}, {string.Join(", ", report.ObsColumns.TakeLast(5))}");
        Console.WriteLine($"the same sum: {total.Equals(Pipeline.Read("alongside.h5ad").Fold(sum))}");
        Console.WriteLine($"of the last cell: {cell}");
        Console.WriteLine($"again: {chain.Write("alongside.h5ad", new Settings { Workers = 1 }).Result == (total, cell)}");
        Console.WriteLine($"noted: {string.Join(", ", Pipeline.History("alongside.h5ad")[0].Also)}");

        // Without any step a file gets columns, and nothing else changes.
        File.Copy(input, "in-place.h5ad", overwrite: true);
        var (inPlace, cells) = await Pipeline.Read("in-place.h5ad").AlsoObs("cell", row => row.Cell).Also(last).WriteInPlaceAsync();
        Console.WriteLine($"in place: {inPlace.Steps.Count} steps, {string.Join(", ", inPlace.ObsColumns)}, {cells + 1} cells");
        Console.WriteLine($"in place again: {Pipeline.Read("in-place.h5ad").Also(last).WriteInPlace().Result == cells}");

        Console.WriteLine($"clash: {Refusal(() => begun.AlsoObs("total_counts", row => 1.5).Write("never.h5ad"))}");
        Console.WriteLine($"no integer: {Refusal(() => begun.AlsoObs("large", row => 1L << 53).Write("never.h5ad"))}");
        Console.WriteLine($"as JSON: {Refusal(() => begun.AlsoObs("one", row => 1).ToJson())}");
        Console.WriteLine($"its own: {Refusal(() => begun.AlsoObs("one", int (_) => throw new InvalidTimeZoneException("as it was thrown")).Write("never.h5ad"))}");
        Console.WriteLine($"no value: {Refusal(() => begun.AlsoObs("one", (Func<Row, double>)null!))}");
        Console.WriteLine($"nothing left behind: {!File.Exists("never.h5ad")}");
    }

    private static double Largest(Row row)
    {
        var largest = 0.0;

        foreach (var value in row.Values)
        {
            largest = Math.Max(largest, value);
        }

        return largest;
    }

    private static string Refusal(Action mistake)
    {
        try
        {
            mistake();
            return "none";
        }
        catch (Exception trouble)
        {
            return trouble.Message;
        }
    }
}
