/// How AnnData elements say what they are: the encodings that anndata 0.7 to 0.12 read (anndata, _io/specs/methods.py).
namespace SingleSharp.Core.AnnData

/// What one encoding asks of an element.
type internal Encoding =
    { Name: string
      Versions: string list
      IsGroup: bool
      Attributes: string list
      Members: string list }

[<RequireQualifiedAccess>]
module internal Encoding =
    let private group name versions attributes members =
        { Name = name
          Versions = versions
          IsGroup = true
          Attributes = attributes
          Members = members }

    let private dataset name version =
        { Name = name
          Versions = [ version ]
          IsGroup = false
          Attributes = []
          Members = [] }

    let all =
        [ group "anndata" [ "0.1.0" ] [] []
          group "raw" [ "0.1.0" ] [] []
          group "dict" [ "0.1.0" ] [] []
          group "dataframe" [ "0.1.0"; "0.2.0" ] [ "_index"; "column-order" ] []
          group "csr_matrix" [ "0.1.0" ] [ "shape" ] [ "data"; "indices"; "indptr" ]
          group "csc_matrix" [ "0.1.0" ] [ "shape" ] [ "data"; "indices"; "indptr" ]
          group "categorical" [ "0.2.0" ] [ "ordered" ] [ "codes"; "categories" ]
          group "nullable-integer" [ "0.1.0" ] [] [ "values" ]
          group "nullable-boolean" [ "0.1.0" ] [] [ "values" ]
          group "nullable-string-array" [ "0.1.0" ] [] [ "values"; "mask" ]
          group "awkward-array" [ "0.1.0" ] [ "form"; "length" ] []
          dataset "array" "0.2.0"
          dataset "string-array" "0.2.0"
          dataset "rec-array" "0.2.0"
          dataset "numeric-scalar" "0.2.0"
          dataset "string" "0.2.0"
          dataset "bytes" "0.2.0"
          dataset "null" "0.1.0" ]

    let tryFind name =
        all |> List.tryFind (fun encoding -> encoding.Name = name)
