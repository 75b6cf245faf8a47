/// Compares principal components with scanpy's, and with those of a dense covariance matrix in float64.
module internal SingleSharp.Golden.PcaAgreement

open System.Text.Json
open Expecto
open SingleSharp.Golden.Expected
open SingleSharp.Golden.Tolerance
open SingleSharp.Golden.Step

/// A component whose variance is so close to another's, as a share of it, has no direction of its own.
let private leastGap = 1e-4

/// The largest loading leads by so much, or a rounding may decide which sign the component has.
let private leastLead = 1e-6

/// How far results may be from those of scanpy (float32, iterated) or of the reference.
type private Allowed =
    {
        Of: string
        /// Of each variance and its share.
        Variance: float
        /// 1 − |cos| of the angle between loadings.
        Angle: float
        /// Of scores, in units of the component's standard deviation.
        Score: float
    }

let private fromScanpy =
    { Of = "scanpy"
      Variance = 1e-5
      Angle = 2e-6
      Score = 5e-3 }

let private fromReference =
    { Of = "the reference"
      Variance = 1e-7
      Angle = 1e-10
      Score = 2e-5 }

let private column count k (matrix: Numbers) =
    Array.init (matrix.Values.Length / count) (fun row -> matrix.Values[row * count + k])

let private dot left right =
    Array.fold2 (fun sum x y -> sum + x * y) 0.0 left right

let private cosine left right =
    dot left right / sqrt (dot left left * dot right right)

/// The rows of a matrix that a mask chooses.
let private rows count (mask: float[]) (matrix: Numbers) =
    { matrix with
        Values =
            [| for row in 0 .. mask.Length - 1 do
                   if mask[row] <> 0.0 then
                       yield! matrix.Values[row * count .. (row + 1) * count - 1] |] }

/// The loadings of the genes that were looked at; those of all others are zero.
let private ofChosen count (mask: float[]) (loadings: Numbers) =
    let others = rows count (mask |> Array.map (fun chosen -> 1.0 - chosen)) loadings
    Expect.all others.Values ((=) 0.0) "the loadings of other genes"
    rows count mask loadings

/// Does one sign lead, so that no rounding decides which loading is the largest?
let private leads loadings =
    Array.max loadings + Array.min loadings > leastLead * Array.max loadings

/// Loadings and scores of a component may have the other sign, where that is not compared.
let private direction allowed what deviation (ours: float[] * float[]) (theirs: float[] * float[]) hasSign =
    let cos = cosine (fst ours) (fst theirs)
    Expect.isGreaterThanOrEqual (if hasSign then cos else abs cos) (1.0 - allowed.Angle) $"{what}: the cosine to {allowed.Of}"
    let turned = if cos < 0.0 then -1.0 else 1.0

    let units scores =
        Array.map (fun score -> score / deviation) scores

    values
        $"{what}: its scores against {allowed.Of}, in standard deviations"
        (Absolute allowed.Score)
        (units (snd ours))
        (snd theirs |> Array.map ((*) turned) |> units)

/// uns/pca/params, but for what is None, which nobody writes.
let private parameters step (output: Results) =
    let expected =
        (fact "uns/pca/params" step).Value.EnumerateObject()
        |> Seq.filter (fun member' -> member'.Value.ValueKind <> JsonValueKind.Null)
        |> Seq.map (fun member' -> member'.Name, member'.Value)
        |> Seq.sortBy fst
        |> List.ofSeq

    Expect.equal (output.Members "uns/pca/params") (List.map fst expected) "the members of uns/pca/params"

    for name, value in expected do
        let place = $"uns/pca/params/{name}"

        if value.ValueKind = JsonValueKind.String then
            Expect.equal (output.Text place) (value.GetString()) place
        else
            numbers
                place
                Exact
                (output.Numbers place)
                { Type = "bool"
                  Values = [| (if value.GetBoolean() then 1.0 else 0.0) |] }

let private shares allowed (output: Results) (expected: Results) theirs =
    for name in [ "variance"; "variance_ratio" ] do
        let ours = output.Numbers $"uns/pca/{name}"
        Expect.equal ours.Type "float64" $"uns/pca/{name}: its type"
        values $"uns/pca/{name} against {allowed.Of}" (Relative allowed.Variance) ours.Values (expected.Numbers $"{theirs}{name}").Values

/// Each component of ours against the same one of theirs, in so many units of its standard deviation.
let private directions allowed (variances: float[]) gaps count (ours: Numbers * Numbers) (theirs: Numbers * Numbers) hasSigns =
    for k in 0 .. count - 1 do
        if Array.item k gaps > leastGap then
            let of' (loadings, scores) =
                column count k loadings, column count k scores

            let hasSign = hasSigns && leads (fst (of' theirs))
            direction allowed $"component {k + 1}" (sqrt variances[k]) (of' ours) (of' theirs) hasSign

/// All that pca leaves.
let check step (start: Results) (output: Results) (expected: Results) prefix =
    let theirs name = expected.Numbers(prefix + name)
    let mask = (theirs "var/mask").Values
    let variances = (theirs "ref/variance").Values
    let count = variances.Length
    let cells = Matrices.shape start "X" |> List.head
    shares fromScanpy output expected $"{prefix}uns/"
    shares fromReference output expected $"{prefix}ref/"
    let scores = output.Numbers "obsm/X_pca"
    let loadings = output.Numbers "varm/PCs"
    Expect.equal (scores.Type, output.Shape "obsm/X_pca") ("float32", [ cells; count ]) "obsm/X_pca"
    Expect.equal (loadings.Type, output.Shape "varm/PCs") ("float64", [ mask.Length; count ]) "varm/PCs"
    let loadings = ofChosen count mask loadings

    for k in 0 .. count - 1 do
        let vector = column count k loadings
        Expect.isGreaterThan (Array.maxBy abs vector) 0.0 $"component {k + 1}: its largest loading"
        Expect.floatClose Accuracy.veryHigh (dot vector vector) 1.0 $"component {k + 1}: the length of its loadings"

    let ofScanpy =
        let stored = theirs "varm/PCs"
        // Files of real data hold the loadings of the chosen genes only.
        if stored.Values.Length = mask.Length * count then ofChosen count mask stored else stored

    let gaps = (theirs "ref/relative_gap").Values
    Expect.exists gaps (fun gap -> gap > leastGap) "a component to compare"
    let ours = loadings, scores
    directions fromReference variances gaps count ours (theirs "ref/loadings", theirs "ref/scores") true
    directions fromScanpy variances gaps count ours (ofScanpy, theirs "obsm/X_pca") false
    Agreement.order start output "obs" []
    Agreement.order start output "var" []
    parameters step output

    for place in [ "obsm/X_pca"; "varm/PCs"; "uns/pca/variance"; "uns/pca/variance_ratio" ] do
        Expect.equal (output.Text(place, "encoding-type")) "array" $"{place}: its encoding"
