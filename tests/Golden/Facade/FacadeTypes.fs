/// The types of the C# package, as a program that references it sees them.
module internal SingleSharp.Golden.FacadeTypes

open System
open System.IO
open System.IO.Compression
open System.Reflection
open SingleSharp.Golden.Packages

/// The assembly of the package SingleSharp.
let facade =
    lazy
        (use package =
            ZipFile.OpenRead(Path.Combine(feed.Value.Folder, $"SingleSharp.{feed.Value.Version}.nupkg"))

         use stream = package.GetEntry("lib/net10.0/SingleSharp.dll").Open()
         use memory = new MemoryStream()
         stream.CopyTo memory
         Assembly.Load(memory.ToArray()))

let shown name =
    facade.Value.GetType($"SingleSharp.{name}", true)

/// Whatever a type has.
let any =
    BindingFlags.Public ||| BindingFlags.NonPublic ||| BindingFlags.Static ||| BindingFlags.Instance

let methodOf (name: string) (parameters: int) (owner: Type) =
    owner.GetMethods() |> Array.find (fun method -> method.Name = name && method.GetParameters().Length = parameters)
