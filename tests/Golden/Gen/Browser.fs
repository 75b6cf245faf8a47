/// Headless Chromium, where it is installed: what it makes of a page without any network.
module internal SingleSharp.Golden.Browser

open System.IO
open System.Text.RegularExpressions
open Expecto
open SingleSharp.Golden.Shared

/// What a page became in the browser.
type Drawn =
    {
        /// The plots that it has, and those that were drawn.
        Plots: int
        Drawn: int
        /// What the page said on the console, and of an error of its own.
        Console: string list
        Trouble: string option
    }

let private program = "/usr/bin/chromium"

/// Skips the test where there is no Chromium.
let require () =
    if not (File.Exists program) then
        skiptest "skipped: no /usr/bin/chromium"

/// There is no proxy at that port, so that whatever asks a network fails and is told on the console.
let private start (sandbox: Sandbox) (arguments: string list) =
    let outcome =
        Child.run
            program
            ([ "--headless=new"
               "--no-sandbox"
               "--disable-gpu"
               "--enable-unsafe-swiftshader"
               "--hide-scrollbars"
               "--disable-background-networking"
               "--proxy-server=127.0.0.1:9"
               "--virtual-time-budget=60000"
               "--enable-logging=stderr"
               $"""--user-data-dir={sandbox.File "browser"}""" ]
             @ arguments)
            []
            ""

    Expect.equal outcome.ExitCode 0 outcome.Errors
    outcome

let private attribute name (html: string) =
    match Regex.Match(html, $"<html[^>]* data-{name}=\"([^\"]*)\"") with
    | found when found.Success -> Some found.Groups[1].Value
    | _ -> None

/// Opens a page and lets its script run to its end.
let draw (sandbox: Sandbox) (page: string) =
    let outcome = start sandbox [ "--dump-dom"; $"file://{page}" ]

    let number name =
        attribute name outcome.Output |> Option.map int |> Option.defaultValue -1

    { Plots = number "plots"
      Drawn = number "drawn"
      Console =
        [ for line in outcome.Errors.Split '\n' do
              // Where no graphics card helps, Chromium complains of its own speed.
              if line.Contains ":CONSOLE" && not (line.Contains "GL Driver Message") then
                  line ]
      Trouble = attribute "trouble" outcome.Output }

/// Keeps a picture of a page under artifacts/report, for people. A window of Chromium is 500 points wide at least, so a page for a
/// phone stands in a frame.
let keepPicture (sandbox: Sandbox) (page: string) name width =
    let folder =
        Directory.CreateDirectory(Path.Combine(root, "artifacts", "report")).FullName

    let picture = Path.Combine(folder, $"{name}-{width}.png")
    let frame = sandbox.File $"frame-{width}.html"

    File.WriteAllText(
        frame,
        $"<!DOCTYPE html><body style=\"margin:0\"><iframe src=\"file://{page}\" style=\"border:0;width:{width}px;height:5000px\"></iframe>"
    )

    File.Delete picture

    start
        sandbox
        [ $"--screenshot={picture}"
          $"--window-size={max width 500},5000"
          $"file://{frame}" ]
    |> ignore

    picture
