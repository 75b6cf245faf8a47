/// The demo's data: counts that look like those of blood cells, with the same values on every machine.
namespace SingleSharp.Core.Run

open System
open System.IO
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Numerics
open SingleSharp.Core.Writing

/// SplitMix64: Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
[<Sealed>]
type private Dice(seed: uint64) =
    let mutable state = seed

    member _.Next() =
        state <- state + 0x9E3779B97F4A7C15UL
        let a = (state ^^^ (state >>> 30)) * 0xBF58476D1CE4E5B9UL
        let b = (a ^^^ (a >>> 27)) * 0x94D049BB133111EBUL
        b ^^^ (b >>> 31)

    /// Below n ≤ 2^32.
    member dice.Below(n: int) =
        int (((dice.Next() >>> 32) * uint64 n) >>> 32)

    /// In [0, 1).
    member dice.Share() =
        float (dice.Next() >>> 11) / 9007199254740992.0

    /// Nearly normal: the sum of twelve shares has variance 1.
    member dice.Normal() =
        let mutable sum = -6.0

        for _ in 1..12 do
            sum <- sum + dice.Share()

        sum

    /// Its logarithm is normal.
    member dice.Around(median: float, spread: float) =
        median * Elementary.exp (spread * dice.Normal())

/// A kind of cell: how common it is, and the genes that mark it.
type private CellType = { Share: float; Markers: string list }

[<RequireQualifiedAccess>]
module internal Demo =
    let private cells = 3_000
    let private genes = 20_000

    let private words (text: string) =
        text.Split([| ' '; '\n' |], StringSplitOptions.RemoveEmptyEntries) |> List.ofArray

    let private mitochondrial =
        words "MT-ND1 MT-ND2 MT-CO1 MT-CO2 MT-ATP8 MT-ATP6 MT-CO3 MT-ND3 MT-ND4L MT-ND4 MT-ND5 MT-ND6 MT-CYB"

    let private ribosomal =
        words
            """RPL3 RPL4 RPL5 RPL6 RPL7 RPL7A RPL8 RPL9 RPL10 RPL10A RPL11 RPL12 RPL13 RPL13A RPL14 RPL15 RPL17 RPL18 RPL18A RPL19
               RPL21 RPL22 RPL23 RPL23A RPL24 RPL26 RPL27 RPL27A RPL28 RPL29 RPL30 RPL31 RPL32 RPL34 RPL35 RPL35A RPL36 RPL37
               RPL37A RPL38 RPL39 RPL41 RPLP0 RPLP1 RPLP2 RPS2 RPS3 RPS3A RPS4X RPS5 RPS6 RPS7 RPS8 RPS9 RPS10 RPS11 RPS12 RPS13
               RPS14 RPS15 RPS15A RPS16 RPS17 RPS18 RPS19 RPS20 RPS21 RPS23 RPS24 RPS25 RPS26 RPS27 RPS27A RPS28 RPS29 RPSA"""

    let private housekeeping =
        words "MALAT1 B2M TMSB4X TMSB10 ACTB ACTG1 EEF1A1 EEF1B2 FTL FTH1 GAPDH PTMA TPT1 UBA52 FAU NACA HLA-A HLA-B HLA-C VIM"

    /// In the order of their markers: CD4 T, CD8 T, NK, B, CD14 and FCGR3A monocytes, dendritic cells, platelets.
    let private cellTypes =
        [ 0.40, "CD3D CD3E IL7R LTB CCR7 LDHB TCF7 CD27"
          0.12, "CD3D CD3E CD8A CD8B CCL5 GZMK NKG7 CST7"
          0.08, "GNLY NKG7 GZMB PRF1 KLRD1 FGFBP2 CST7 CTSW"
          0.13, "MS4A1 CD79A CD79B CD74 HLA-DRA CD37 TCL1A IGHM"
          0.20, "LYZ CD14 S100A8 S100A9 FCN1 CST3 TYROBP VCAN"
          0.04, "FCGR3A MS4A7 LST1 AIF1 IFITM3 TYROBP CDKN1C CST3"
          0.02, "FCER1A CST3 CLEC10A HLA-DPA1 HLA-DRA CD74 CD1C LYZ"
          0.01, "PPBP PF4 GNG11 SDPR NRGN TUBB1 CLU SPARC" ]
        |> List.map (fun (share, markers) ->
            { Share = share
              Markers = words markers })

    /// Genes without a name of their own first, as there are so many; mitochondrial genes last, as on a genome.
    let private geneNames =
        let named =
            (cellTypes |> List.collect _.Markers |> List.distinct) @ housekeeping @ ribosomal @ mitochondrial

        [| for i in 1 .. genes - named.Length do
               $"GENE{i:D5}"
           yield! named |]

    let private positionOf =
        let positions =
            geneNames |> Array.indexed |> Array.map (fun (i, name) -> name, i) |> dict

        fun name -> positions[name]

    /// As many tickets as it takes to give rare genes one; a draw is one look into the array.
    let private tickets = 1 <<< 20

    /// An urn in which every gene has tickets in proportion to its weight.
    let private urn (weights: float[]) =
        let total = Array.sum weights
        let urn = Array.zeroCreate tickets
        let mutable filled = 0
        let mutable sum = 0.0

        for gene in 0 .. genes - 1 do
            sum <- sum + weights[gene]
            let upTo = min tickets (int (sum / total * float tickets))
            Array.fill urn filled (upTo - filled) gene
            filled <- max filled upTo

        // Rounding may leave the last places empty.
        let last = urn[filled - 1]
        Array.fill urn filled (tickets - filled) last
        urn

    /// What all types have in common; mitochondrial genes have an urn of their own.
    let private commonWeights (dice: Dice) =
        let weights = Array.init genes (fun _ -> dice.Around(1.0, 2.0))

        let set median spread =
            List.iter (fun name -> weights[positionOf name] <- dice.Around(median, spread))

        set 1300.0 0.7 ribosomal
        set 2000.0 0.8 housekeeping
        set 0.0 0.0 mitochondrial
        weights

    /// A type's markers are strong in it, and some hundred genes more are stronger than elsewhere.
    let private weightsOf (dice: Dice) common (cellType: CellType) =
        let weights = Array.copy common

        for _ in 1..300 do
            let gene = dice.Below(genes / 2)
            weights[gene] <- 6.0 * weights[gene]

        for marker in cellType.Markers do
            weights[positionOf marker] <- dice.Around(900.0, 0.5)

        weights

    let private mitochondrialWeights (dice: Dice) =
        let weights = Array.zeroCreate genes
        mitochondrial |> List.iter (fun name -> weights[positionOf name] <- dice.Around(1.0, 0.7))
        weights

    let private barcode (dice: Dice) =
        String(Array.init 16 (fun _ -> "ACGT"[dice.Below 4])) + "-1"

    let private pick (dice: Dice) =
        let share = dice.Share()

        let bounds =
            cellTypes |> List.scan (fun sum cellType -> sum + cellType.Share) 0.0 |> List.tail

        bounds |> List.tryFindIndex (fun bound -> share < bound) |> Option.defaultValue 0

    /// A cell's counts, drawn one molecule at a time. One cell in thirty is dying: small, and full of mitochondrial molecules.
    let private draw (dice: Dice) (urns: int[][]) (mitochondrialUrn: int[]) (counts: int[]) =
        let urn = urns[pick dice]
        let isDying = dice.Below 30 = 0
        let size = dice.Around(3300.0, 0.3) * (if isDying then 0.3 else 1.0)
        let share = dice.Around((if isDying then 0.3 else 0.04), 0.35)
        Array.Clear counts

        for _ in 1 .. int size do
            let urn = if dice.Share() < share then mitochondrialUrn else urn
            let gene = urn[dice.Below tickets]
            counts[gene] <- counts[gene] + 1

    /// 3,000 cells x 20,000 genes.
    let counts () : Counts =
        let dice = Dice 2026UL
        let common = commonWeights dice
        let urns = cellTypes |> List.map (weightsOf dice common >> urn) |> Array.ofList
        let mitochondrialUrn = mitochondrialWeights dice |> urn
        let indptr = Array.zeroCreate (cells + 1)
        let indices = ResizeArray()
        let data = ResizeArray()
        let row = Array.zeroCreate genes

        for cell in 0 .. cells - 1 do
            draw dice urns mitochondrialUrn row

            for gene in 0 .. genes - 1 do
                if row[gene] > 0 then
                    indices.Add gene
                    data.Add(float32 row[gene])

            indptr[cell + 1] <- indices.Count

        { CellNames = Array.init cells (fun _ -> barcode dice)
          GeneNames = geneNames
          Indptr = indptr
          Indices = indices.ToArray()
          Data = data.ToArray() }

    /// Writes them to a new file, in a folder that is made where it is missing.
    let write (settings: Settings) (path: string) =
        NewFolder.make (Path.GetDirectoryName(Path.GetFullPath path)) |> ignore
        AtomicReplace.require path 0L
        AtomicReplace.requireReplaceable path false
        let cells = counts ()
        settings.Cancel.ThrowIfCancellationRequested()
        AtomicReplace.replace path 0L (fun disk -> NewFile.writeTo disk (Gzipped 65_536) cells)
