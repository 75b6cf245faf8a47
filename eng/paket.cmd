@echo off
rem Runs Paket on whatever package feed this machine uses; the twin of eng/paket, which says why.
setlocal EnableExtensions DisableDelayedExpansion
cd /d "%~dp0.."

call dotnet tool restore >nul 2>nul
if errorlevel 1 call dotnet tool restore 1>&2
if errorlevel 1 exit /b 1

if not defined NUGET_FEED (
    for /f "tokens=1,*" %%a in ('dotnet nuget list source --format Short ^| findstr /b /c:"E"') do (
        if not defined NUGET_FEED set "NUGET_FEED=%%b"
    )
)
if not defined NUGET_FEED (
    echo eng\paket: no NuGet source is enabled on this machine; enable one, or set NUGET_FEED to its address. 1>&2
    exit /b 1
)

call dotnet paket %*
set "PAKET_STATUS=%errorlevel%"

rem Paket writes the feed's address into the lock; put the variable back.
if exist paket.lock powershell -NoProfile -Command "$t = [IO.File]::ReadAllText('paket.lock'); $u = $t.Replace('remote: ' + $env:NUGET_FEED, 'remote: %%NUGET_FEED%%'); if ($u -cne $t) { [IO.File]::WriteAllText('paket.lock', $u) }"
exit /b %PAKET_STATUS%
