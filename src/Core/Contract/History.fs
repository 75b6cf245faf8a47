/// What a file says of the runs that made it.
namespace SingleSharp

open System.Collections.Generic

/// A run that a file tells of in uns/singlesharp.
type PastRun =
    {
        /// The version of SingleSharp, such as 0.1.0, and the number of the bits that it computes: runs of one number have the same bits.
        Version: string
        Bits: int
        /// The names of the input files, without their folders.
        Inputs: IReadOnlyList<string>
        /// The recipe as JSON, such as Recipe.ofJson reads it; files that list genes are named without their folders.
        Recipe: string
        /// The options of reading and joining the inputs that differ from their defaults, as JSON, such as {"join":"outer"}; {} where
        /// none does.
        Conversion: string
        /// The columns of obs that code of somebody's own has written in the run; the recipe does not hold that code.
        Also: IReadOnlyList<string>
    }
