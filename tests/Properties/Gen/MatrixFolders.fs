/// Folders with a matrix.mtx and the names of its genes and cells, as Cell Ranger and others write them, of any counts.
module internal SingleSharp.Properties.MatrixFolders

open System
open System.Globalization
open System.IO
open System.IO.Compression
open System.Text
open FsCheck.FSharp
open SingleSharp.Properties.Gen

/// A folder in words; every line of its files stands here, so that each can be spoilt.
type Folder =
    {
        Genes: int
        Cells: int
        Field: string
        /// Gene, cell and value, numbered from 0, in the order of the file; integers, reals, or nothing but 1.
        Entries: (int * int * string) list
        Barcodes: string list
        Ids: string list
        Names: string list
        /// A third column of the genes.
        Types: string list option
        IsFeatures: bool
        /// Lines without meaning before the numbers and before the last entry.
        Comments: string list
        LineEnd: string
        IsGzipped: bool list
    }

let usualType = "Gene Expression"

/// No name is empty: an empty line is none.
let private name prefix =
    Gen.frequency
        [ 8, Gen.choose (0, 400) |> Gen.map (fun i -> $"{prefix}{i}")
          1, Gen.elements [ "Größe"; "a b"; "%"; "7" ] ]

let private text (value: float) (format: string) =
    value.ToString(format, CultureInfo.InvariantCulture)

let private integer =
    Gen.frequency [ 8, count; 1, Gen.choose (-5, -1) |> Gen.map float ] |> Gen.map (fun value -> text value "F0")

/// Also such as float32 does not hold.
let private real =
    Gen.map2
        text
        (Gen.frequency
            [ 4, Gen.choose (1, 1000) |> Gen.map (fun n -> float n / 37.0)
              4, wildValue |> Gen.filter Double.IsFinite
              1, Gen.elements [ 0.1; -0.0; 1e-50; 16777217.0; 3.4028234663852886e38 ] ])
        (Gen.elements [ "R"; "E17"; "F2" ])

/// With entries that come again, or without.
let folder mayRepeat =
    gen {
        let! matrix = rows (Gen.constant 1.0)
        let! isEmpty = Gen.frequency [ 1, Gen.constant true; 12, Gen.constant false ]
        let genes = if isEmpty then 0 else matrix.Genes

        let places =
            if isEmpty then
                []
            else
                [ for cell, row in List.indexed matrix.Rows do
                      for gene, _ in row -> gene, cell ]

        let! again = if mayRepeat then Gen.subListOf places else Gen.constant []
        let! thrice = if mayRepeat then Gen.subListOf again else Gen.constant []
        // The head may not promise more entries than there are places.
        let room = genes * matrix.Rows.Length - places.Length

        let! places =
            Gen.shuffle (places @ List.truncate room (List.ofSeq again @ List.ofSeq thrice))

        let! isSorted = Gen.elements [ true; false; false ]

        let places =
            if isSorted then Array.sortBy (fun (gene, cell) -> cell, gene) places else places

        let! field, value =
            Gen.elements [ "integer", integer; "real", real; "pattern", Gen.constant "" ]

        let! values = Gen.listOfLength places.Length value
        let each value = Gen.listOfLength genes value
        let! barcodes = Gen.listOfLength matrix.Rows.Length (name "ACGT-")
        let! ids = each (name "ENSG")
        let! names = each (name "gene")

        let! types =
            Gen.frequency
                [ 2, Gen.constant None
                  4, each (Gen.elements [ usualType; usualType; "Antibody Capture" ]) |> Gen.map Some
                  1, each (Gen.elements [ usualType; "" ]) |> Gen.map Some
                  1, each (Gen.constant " ") |> Gen.map Some ]

        let! isFeatures = Gen.elements [ true; true; false ]

        let! comments =
            Gen.subListOf [ "%"; "% 1 1 1"; ""; "%metadata_json: {\"format_version\": 2}"; " " ]

        let! lineEnd = Gen.elements [ "\n"; "\n"; "\r\n" ]
        let! isGzipped = Gen.listOfLength 3 (Gen.elements [ true; false ])

        return
            { Genes = genes
              Cells = matrix.Rows.Length
              Field = field
              Entries = List.map2 (fun (gene, cell) value -> gene, cell, value) (List.ofArray places) values
              Barcodes = barcodes
              Ids = ids
              Names = names
              Types = types
              IsFeatures = isFeatures
              Comments = List.ofSeq comments
              LineEnd = lineEnd
              IsGzipped = isGzipped }
    }

/// The value of an entry as float32 holds it.
let valueOf folder (value: string) =
    if folder.Field = "pattern" then
        1.0f
    else
        float32 (Double.Parse(value, CultureInfo.InvariantCulture))

/// The lines of its three files, by name.
let lines folder =
    let entries =
        folder.Entries |> List.map (fun (gene, cell, value) -> $"{gene + 1} {cell + 1} {value}".TrimEnd())

    let genes =
        match folder.Types with
        | Some types -> List.map3 (fun id name kind -> $"{id}\t{name}\t{kind}") folder.Ids folder.Names types
        | None -> List.map2 (fun id name -> $"{id}\t{name}") folder.Ids folder.Names

    [ "matrix.mtx",
      [ $"%%%%MatrixMarket matrix coordinate {folder.Field} general"
        yield! folder.Comments
        $"{folder.Genes} {folder.Cells} {entries.Length}"
        yield! List.truncate (entries.Length - 1) entries
        yield! folder.Comments
        yield! List.skip (max 0 (entries.Length - 1)) entries ]
      (if folder.IsFeatures then "features.tsv" else "genes.tsv"), genes
      "barcodes.tsv", folder.Barcodes ]

/// Single damages: lines of one of the files, or its bytes.
let damages folder (random: Random) : (string * ((string * string list) list -> (string * string list) list)) list =
    let matrix, genes, barcodes = 0, 1, 2

    let change file (change: string list -> string list) files =
        files |> List.mapi (fun i (name, lines) -> name, (if i = file then change lines else lines))

    let headAt = 1 + folder.Comments.Length

    let head line =
        change matrix (List.updateAt headAt line)

    let cells, entries = folder.Cells, folder.Entries.Length

    [ for file, name in [ matrix, "matrix"; genes, "genes"; barcodes, "barcodes" ] do
          $"no {name}", List.removeAt file
          $"a line too much in {name}", change file (fun lines -> lines @ [ "1\t1\t1" ])

      for file, name, count in
          [ matrix, "matrix", entries
            genes, "genes", folder.Genes
            barcodes, "barcodes", cells ] do
          if count > 0 then
              $"a line too few in {name}", change file (fun lines -> List.removeAt (lines.Length - 1) lines)

      "another banner", change matrix (List.updateAt 0 "%%MatrixMarket matrix array real general")
      if entries = 0 then
          // The first entry might pass for the head.
          "no head", change matrix (List.removeAt headAt)

      "a head of words", head "genes cells entries"
      "a negative head", head $"{folder.Genes} -1 {entries}"
      "more entries than places", head $"{folder.Genes} {cells} {folder.Genes * cells + 1}"

      if folder.Genes > 0 then
          let gene = random.Next folder.Genes
          "a gene without a name", change genes (List.updateAt gene "ENSG1")
          "a quote without an end", change genes (List.updateAt gene "\"ENSG1\tgene\tGene Expression")

      if entries > 0 then
          // The last line of the file is an entry.
          let last line =
              change matrix (fun lines -> List.updateAt (lines.Length - 1) line lines)

          let value = if folder.Field = "pattern" then "" else "1"

          "a gene beyond all", last $"{folder.Genes + 1 + random.Next 3} 1 {value}"
          "no gene", last $"0 1 {value}"
          "a cell beyond all", last $"1 {cells + 1 + random.Next 3} {value}"
          "a negative cell", last $"1 -1 {value}"
          "words for an entry", last "gene cell value"

          if folder.Field <> "pattern" then
              "words for a value", last "1 1 many"
              "no value", last "1 1"
              "a comma in a value", last "1 1 1,5" ]

let private packed (bytes: byte[]) =
    use packed = new MemoryStream()
    using (new GZipStream(packed, CompressionLevel.Fastest, true)) (fun stream -> stream.Write(ReadOnlySpan bytes))
    packed.ToArray()

/// Writes files of these lines, whose bytes may be spoilt, and gives the folder and one for scratch files, which must be left empty.
let withFiles folder (files: (string * string list) list) (spoil: string -> byte[] -> byte[]) (work: string -> string -> 'a) =
    let target = Directory.CreateDirectory(GenFiles.freshPath ())
    let scratch = target.CreateSubdirectory "scratch"

    try
        for i, (name, lines) in List.indexed files do
            let text = lines |> List.map (fun line -> line + folder.LineEnd) |> String.concat ""
            let bytes = Encoding.UTF8.GetBytes text

            if folder.IsGzipped[i] then
                File.WriteAllBytes(Path.Combine(target.FullName, name + ".gz"), spoil name (packed bytes))
            else
                File.WriteAllBytes(Path.Combine(target.FullName, name), spoil name bytes)

        let result = work target.FullName scratch.FullName

        if scratch.GetFiles().Length > 0 then
            failwith "a scratch file is left"

        result
    finally
        target.Delete true
