/// A run after which only the genes that it chooses stay, as scanpy's subset=True. Which these are is known once X has been read, so
/// that all of the result goes to a temporary file first, of which subset keeps them.
namespace SingleSharp.Core.Run

open System.Collections.Generic
open System.IO
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Subset
open SingleSharp.Core.Steps

[<RequireQualifiedAccess>]
module internal Narrow =
    /// The bytes of the temporary file, which is no larger than the result.
    let private bytes (settings: Settings) (file: AnnDataFile) (narrowing: GeneNarrowing) plan =
        let whole =
            Memory.plus file.Store.Superblock.EndOfFile (Added.bytes settings file plan None)

        struct (whole, (if narrowing.KeepsRaw then RawCopy.bytes file settings.Compression else 0L))

    /// Both files are on the disk at once for a moment.
    let private requireRoom (settings: Settings) target beside folder (struct (whole, raw)) =
        if Scratch.isApart settings beside then
            AtomicReplace.require target (Memory.plus whole raw)
            AtomicReplace.requireScratch folder whole
        else
            AtomicReplace.require target (Memory.plus (Memory.times 2L whole) raw)

    /// Refuses a file of which X as it is afterwards could not be kept as raw.
    let private require (file: AnnDataFile) (narrowing: GeneNarrowing) =
        if narrowing.KeepsRaw then
            RawCopy.require file

    /// The recipe of the second run, in which no step looks at sets of genes.
    let private second (recipe: Recipe) step =
        { recipe with
            Steps = [ step ]
            Mitochondrial = Mitochondrial.Auto
            GeneSets = []
            GeneSymbols = None
            KeepCounts = false
            Also = [] }

    /// What a recipe means for a file: reads that choose the genes, and those that keep them.
    let plan (file: AnnDataFile) isThere (recipe: Recipe) (settings: Settings) : Plan =
        match Recipe.narrowing recipe with
        | None -> RunPlan.ofFile file isThere recipe settings
        | Some narrowing ->
            require file narrowing
            let first = RunPlan.ofFile file isThere (Recipe.whole recipe) settings
            let nobody _ = invalidOp "a plan asks for no genes"

            let second =
                RunPlan.make PassPlan.alone file None (second recipe (RunPlan.narrowing nobody narrowing)) settings

            { first with
                Passes =
                    [ yield! first.Passes
                      for pass in second.Passes do
                          // What changes is stored in rows from then on.
                          if pass.Kind <> PassKind.Transpose || first.Values = ValuePlan.Untouched then
                              { Purpose = (if pass.Kind = PassKind.Main then "keep the chosen genes" else pass.Purpose)
                                Memory = pass.Fit.Memory } ]
                Values = ValuePlan.RowByRow
                Writes = 2
                Memory = max first.Memory second.Told.Memory }

    /// The genes that the run has chosen.
    let private chosen (narrowing: GeneNarrowing) (file: AnnDataFile) : KnownSelection =
        let genes =
            DataFrame.eachBoolean file.Store file.Var "subset" narrowing.Column |> RowMask.ofSeq file.Var.Rows

        { Selection =
            { Cells = RowMask.all file.X.Cells
              Genes = genes }
          LostCells = []
          LostGenes = [ "subset", int64 file.X.Genes - genes.Count ] }

    /// The second run, on the whole result.
    let private keep asked (narrowing: GeneNarrowing) (recipe: Recipe) (settings: Settings) (made: seq<string>) complete temporary target =
        use file = AnnDataFile.openReadWithin settings.Memory recipe.Matrix temporary

        let links file editor =
            if narrowing.KeepsRaw then
                RawCopy.links file editor settings.Compression (List.ofSeq made) settings.Cancel
            else
                []

        Runner.onFileWith
            { RunSurroundings.alone with
                Kept = links
                KeptBytes = (if narrowing.KeepsRaw then RawCopy.bytes file settings.Compression else 0L)
                Complete = complete }
            asked
            file
            { second recipe (RunPlan.narrowing (chosen narrowing) narrowing) with
                SumDuplicates = false }
            { settings with Provenance = false }
            (NewFile target)

    let private together (first: Report) (second: Report) : Report =
        { first with
            Output = second.Output
            GenesKept = second.GenesKept
            Reads = first.Reads + second.Reads
            Dropped =
                { first.Dropped with
                    OfGenes = List.ofSeq first.Dropped.OfGenes @ List.ofSeq second.Dropped.OfGenes }
            Warnings = List.ofSeq first.Warnings @ List.ofSeq second.Warnings |> List.distinct }

    let private onFile asked (file: AnnDataFile) narrowing (recipe: Recipe) (settings: Settings) output =
        Recipe.check recipe

        let target =
            match output with
            | NewFile path ->
                AtomicReplace.requireOther file.Store path
                path
            | InPlace -> file.Path

        AtomicReplace.requireReplaceable target (output = InPlace)
        require file narrowing
        let whole = Recipe.whole recipe
        let beside = Path.GetDirectoryName(AtomicReplace.resolve target)
        let folder = Scratch.folder settings beside
        let passes = (plan file true recipe settings).Passes.Count

        let room =
            let batches = RunPlan.batches file whole folder
            use _ = Option.toObj batches
            bytes settings file narrowing (RunPlan.make PassPlan.alone file batches whole settings)

        requireRoom settings target beside folder room
        let temporary = TempFile.pathIn (AtomicReplace.resolve folder)
        let isChanged = FileWatch.onContent file.Store

        let requireUnchanged () =
            if isChanged () then
                Fault.throw (InputChanged file.Path)

        let told = HashSet<string>()

        /// Reads are counted over both runs.
        let telling (number: Progress -> int) =
            { settings with
                Progress =
                    fun progress ->
                        settings.Progress
                            { progress with
                                Pass = number progress
                                Passes = passes }
                Warn =
                    fun sentence ->
                        if told.Add sentence then
                            settings.Warn sentence }

        try
            Temporary.telling temporary file.Path target (fun () ->
                let first = Runner.onFileAs asked file whole (telling _.Pass) (NewFile temporary)

                // Held for as long as it is needed, so that no other run takes it for left behind.
                use _ =
                    Hdf5File.openHandle temporary FileAccess.Read (FileShare.Read ||| FileShare.Delete)

                requireUnchanged ()

                let second =
                    keep
                        asked
                        narrowing
                        recipe
                        (telling (fun progress -> passes - progress.Passes + progress.Pass))
                        first.VarmKeys
                        // The result takes the place of the input, in which somebody may have put another file meanwhile.
                        (if output = InPlace then requireUnchanged else ignore)
                        temporary
                        target

                together first second)
        finally
            TempFile.remove temporary

    /// Runs the recipe on the input, as Runner does, and leaves the genes that it chooses where they alone shall stay.
    let run asked (recipe: Recipe) (settings: Settings) input output =
        match Recipe.narrowing recipe with
        | None -> Runner.run asked recipe settings input output
        | Some narrowing ->
            use file =
                if output = InPlace then
                    AnnDataFile.openWriteWithin settings.Memory recipe.Matrix input
                else
                    AnnDataFile.openReadWithin settings.Memory recipe.Matrix input

            onFile asked file narrowing recipe settings output
