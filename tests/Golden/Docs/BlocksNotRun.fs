/// The blocks that the tests of the pages leave alone, each with the reason. The list is exact in both directions.
module internal SingleSharp.Golden.BlocksNotRun

/// Blocks that these tests do not run: page, language, first line, why.
let all =
    let installs =
        "it installs something for the user; the tests install into folders of their own"

    let noR = "R is not installed here; the page says so"
    let compiled = "tests/Properties/Docs has it as compiled code, and compares"
    let drawing = "a drawing"

    [ "README.md", "console", "dotnet run -c Release --project src/Cli -- demo", "it would build the working copy while others use it"
      "README.md", "console", "dotnet tool install --global SingleSharp.Cli --prerelease --add-source packages", installs
      "docs/getting-started.md", "console", "dotnet pack -c Release -o packages", installs
      "docs/getting-started.md", "console", "dotnet new console", installs
      "docs/getting-started.md", "python not-run", "import scanpy as sc", "it downloads data, and scanpy is not installed here"
      "docs/guides/csharp.md", "console", "dotnet new console", installs
      "docs/guides/notebook.md", "python not-run", "from IPython.display import IFrame", "there is no notebook here"
      "docs/guides/notebook.md", "fsharp not-run", "#i \"nuget: /path/to/packages\"", "the folder is the reader's"
      "docs/guides/from-r.md", "r", "library(anndataR)", noR
      "docs/guides/from-r.md", "r", "adata <- read_h5ad(\"pca.h5ad\")", noR
      "docs/guides/from-r.md", "r", "library(zellkonverter)", noR
      "docs/guides/from-r.md", "r", "library(BPCells)", noR
      "docs/scale-out.md",
      "console",
      "singlesharp shard plan atlas.h5ad --out pca.h5ad --cells-per-shard 1000000 --workers 2 > plan.json",
      "it needs Slurm; Golden.Cluster runs such a script"
      "docs/performance.md",
      "sh",
      "bench/run 100000 300000 1000000 --lanes SingleSharp --commands preprocess pipeline",
      "it takes an hour, and its data come from a generator that is not here"
      "docs/extending.md", "fsharp", "/// Counts per detected gene, of a cell: NaN where nothing is detected.", compiled
      "docs/extending.md", "fsharp", "type GeneMaxOptions = { KeyAdded: string option }", compiled
      "docs/extending.md", "fsharp", "/// The largest count of each gene; the state is one number per gene.", compiled
      "docs/extending.md", "fsharp", "let private plan (context: PlanContext) options =", compiled
      "docs/extending.md", "fsharp", "let kind: StepKind<GeneMaxOptions> =", compiled
      "docs/extending.md",
      "fsharp",
      "// The bytes of the chunk (int64) and of a block (int32), then each block behind its own length (int32), all big-endian. A block of",
      compiled
      "docs/design.md", "text", "   shell: src/Cli            F#: src/Core.fs            C#: src/Facade.cs", drawing
      "docs/design.md", "text", "memory = B x (state of a block + buffers of its sinks)", drawing
      "docs/determinism.md",
      "text",
      "rows        0 … 4095 | 4096 … 8191 | …             a block:   4,096 rows, folded row by row from an empty state",
      drawing
      "docs/hdf5.md", "text", "/                     encoding-type anndata", drawing ]
