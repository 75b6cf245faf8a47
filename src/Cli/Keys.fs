/// The names under which steps leave what is no column.
namespace SingleSharp.Cli

open SingleSharp.Core

/// Keys of obsm, varm and uns.
type Keys =
    { Obsm: string list
      Varm: string list
      Uns: string list }

[<RequireQualifiedAccess>]
module Keys =
    /// Those that a recipe writes.
    let ofRecipe (recipe: Recipe) =
        let pca usual =
            recipe.Pca |> Option.map (fun pca -> Option.defaultValue usual pca.KeyAdded) |> Option.toList

        { Obsm = pca "X_pca"
          Varm = pca "PCs"
          Uns =
            [ if recipe.Log1p.IsSome then
                  "log1p"
              if recipe.Hvg.IsSome then
                  "hvg"
              yield! pca "pca" ] }
