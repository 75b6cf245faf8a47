/// What a step asks of a run and does in it, planned for one file.
namespace SingleSharp.Core.Steps

open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing

/// What a recipe says for all of its steps.
type internal Common =
    {
        /// The names of all steps.
        Steps: string list
        Matrix: MatrixName
        Mitochondrial: Mitochondrial
        GeneSets: GeneSet list
        GeneSymbols: string option
        SumDuplicates: bool
        /// Compute with negative, NaN and infinite values as scanpy does, instead of refusing them.
        AllowInvalid: bool
        /// Keep X as it was before the steps in layers/counts.
        KeepCounts: bool
    }

/// The sets of genes that a step looks at.
type internal SetUse =
    | NoSets
    | AllSets
    | SetsNamed of string list

/// What is known of X between two steps.
type internal ValueState =
    {
        Type: DType
        /// Has a step before taken the logarithm?
        IsLoggedHere: bool
        /// The base of the logarithm; none for the natural one.
        LogBase: float option
        /// The type of the values that passes after the main one see.
        SeenAs: DType
    }

/// A boolean column of var that a step writes.
type internal GeneChoice =
    {
        Column: string
        /// How many genes are True at most; none where only a run can tell.
        AtMost: int option
    }

/// What a step is planned with.
type internal PlanContext =
    {
        File: AnnDataFile
        /// The matrix of the file as csr, as it is read.
        Rows: Matrix
        Settings: Settings
        Common: Common
        /// X where the step is taken.
        State: ValueState
        /// How the batches that a step asks for are spread over the cells.
        Spread: BatchSpread
        /// Is the output of passes saved before it leaves?
        IsSaved: bool
        /// The boolean columns of var of the steps before.
        Choices: GeneChoice list
        /// Does a step before drop cells, or genes?
        DropsCells: bool
        DropsGenes: bool
    }

/// One read of X that a step needs.
type internal StepPass =
    {
        Kind: PassKind
        /// What it is for, in words.
        Purpose: string
        /// What it keeps, one need after the other.
        Needs: Need list
        /// What more memory would be spared by, for a refusal.
        Advice: string
        /// What needs the memory, for a refusal.
        What: string
    }

/// What later passes do to rows beside the transformation of values.
type internal LaterRows =
    {
        /// Changes Output of a row batch in place; one for each thread.
        Start: unit -> RowBatch -> unit
        /// Is something taken away from the values of each gene, the same for all cells, to keep zeros as zeros?
        IsShifted: bool
    }

/// What a step gives in the end.
type internal Outcome =
    {
        /// Columns of var, made when they are written.
        GeneColumns: (OutputColumn * (unit -> float[])) list
        /// New elements, by the group that holds them: obsm, varm, uns, layers.
        Members: (string * (string * NewElement) list) list
        LaterRows: LaterRows option
        Warnings: string list
        /// What the report says of it.
        Report: Report -> Report
    }

[<RequireQualifiedAccess>]
module internal Outcome =
    /// Nothing at all: the start of what a step gives.
    let nothing =
        { GeneColumns = []
          Members = []
          LaterRows = None
          Warnings = []
          Report = id }

/// What a step finds when its turn comes after the main pass.
type internal StepTurn =
    {
        Job: Job
        Editor: FileEditor
        /// What the steps have done to values.
        Transformation: Transformation
        /// How many cells stay.
        Cells: int64
        /// What the steps before have given, the first one first.
        Before: Outcome list
        /// What the results of these take during a pass of this step.
        Beside: Need
    }

/// What a step does with rows.
type internal MainPart =
    {
        /// What values become; a step without one gives them on as they are.
        Transformation: Transformation
        /// Columns of obs, row by row.
        CellColumns: CellColumns
        /// What else leaves row by row.
        Sink: Sink<RowBatch>
        /// Its fold in the main pass; the answer is what it does once that is over.
        Fold: Fold<RowBatch, StepTurn -> Outcome>
    }

/// What becomes of genes where a step judges them by the cells that stay.
type internal GeneVerdict =
    {
        Stay: RowMask
        /// Columns of var that are noted of what was judged.
        Columns: (OutputColumn * (unit -> float[])) list
        Losses: (string * int64) list
    }

/// Rules by which cells and genes are judged while X is read.
type internal SelectionRules =
    {
        /// Decides which rows stay, a decider for each thread, and counts those that do not.
        Judge: unit -> RowBatch -> bool[] -> unit
        /// The same without counting, for passes that judge the same cells once more.
        JudgeQuietly: unit -> RowBatch -> bool[] -> unit
        Genes: Fold<RowBatch, GeneVerdict>
        /// What a pass keeps that judges first.
        Need: Need
        /// How many cells did not meet each limit is counted beside the fold.
        Aside: Aside
        /// How many these are, once all were judged.
        CellLosses: unit -> (string * int64) list
    }

/// Cells and genes that are chosen without a look at X, and how many each condition drops.
type internal KnownSelection =
    { Selection: Selection
      LostCells: (string * int64) list
      LostGenes: (string * int64) list }

type internal SelectedBy =
    | Rules of SelectionRules
    /// Found out once, before anything is written.
    | Known of Lazy<KnownSelection>

/// How a step drops cells and genes.
type internal Selector =
    {
        DropsCells: bool
        DropsGenes: bool
        By: SelectedBy
        /// Columns of obs that are noted of all cells, before anything is dropped.
        CellColumns: CellColumns
        GeneColumns: OutputColumn list
    }

/// What a step means for one file.
type internal StepPlan =
    {
        Name: string
        /// Cells and genes that it drops.
        Selector: Selector option
        /// Passes before and after the main one.
        Before: StepPass list
        After: StepPass list
        /// What it keeps during the main pass; none where it takes no part in it.
        Main: Need option
        /// What its result adds to each later pass of a step after it, beside its columns of var.
        Later: Need
        /// X after it, and whether it changes values.
        State: ValueState
        ChangesValues: bool
        /// Columns of obs, for the genes that stay.
        CellColumns: RowMask -> OutputColumn list
        /// How many these are, about.
        CellColumnCount: int64
        GeneColumns: OutputColumn list
        Choices: GeneChoice list
        /// The groups of the root that get new elements, and the bytes of these, about.
        Groups: string list
        AddedBytes: int64
        WantsCounts: bool
        /// Does it refuse values that are no counts: negative, NaN and infinite ones?
        RefusesInvalid: bool
        /// Has it no result where no cell or no gene is left?
        NeedsSome: bool
        /// Bytes that are held for the step while its plan is made, such as names of genes.
        Planning: int64
        Warnings: string list
        /// What the plan says of it.
        Tell: Plan -> Plan
        /// Reads what has to be known first, and says what it does with rows. It is given what the steps before do to values.
        Start: Job -> Transformation -> MainPart
    }

[<RequireQualifiedAccess>]
module internal MainPart =
    /// A step that gives values on as they are and folds nothing: the start of what a step does with rows.
    let nothing before : MainPart =
        { Transformation = before
          CellColumns = CellColumns.concat []
          Sink = Sink.none
          Fold = Fold.always (fun _ -> Outcome.nothing) }

[<RequireQualifiedAccess>]
module internal StepPlan =
    /// A step that does nothing: the start of a plan.
    let nothing name (context: PlanContext) =
        { Name = name
          Selector = None
          Before = []
          After = []
          Main = Some Budget.nothing
          Later = Budget.nothing
          State = context.State
          ChangesValues = false
          CellColumns = fun _ -> []
          CellColumnCount = 0L
          GeneColumns = []
          Choices = []
          Groups = []
          AddedBytes = 0L
          WantsCounts = false
          RefusesInvalid = false
          NeedsSome = false
          Planning = 0L
          Warnings = []
          Tell = id
          Start = fun _ before -> MainPart.nothing before }
