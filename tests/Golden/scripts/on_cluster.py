"""Runs a plan on a cluster of machines on this host, with Slurm and with Snakemake over Slurm, while machines fail.

    on_cluster.py PROFILE TOOL...        the folder of the Snakemake profile, the command of the tool

Prints the digests of the output of one machine, of Slurm and of Snakemake, and how many jobs were run again; or `skipped: ` and why.
Everything is gone when it ends, and it ends within LIMIT seconds.
"""
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import h5py
import numpy

LIMIT = 240
CELLS, GENES, STORED = 300_000, 200, 8
OPTIONS = ["--n-top-genes", "100", "--n-comps", "10"]
PROFILE, TOOL = sys.argv[1], sys.argv[2:]
BEGIN = time.monotonic()
CLUSTER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cluster.sh")


class Failed(Exception):
    pass


class TooSlow(Exception):
    pass


def make_input(path):
    """Three segments of counts, the third one shorter than the others."""
    random = numpy.random.default_rng(7)
    steps = random.integers(1, GENES // STORED, (CELLS, STORED), dtype=numpy.int32)
    counts = random.integers(1, 30, CELLS * STORED).astype(numpy.float32)
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        x = file.create_group("X")
        x.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": [CELLS, GENES]})
        x.create_dataset("data", data=counts, chunks=(65536,))
        x.create_dataset("indices", data=numpy.cumsum(steps, axis=1, dtype=numpy.int32).ravel() - 1, chunks=(65536,))
        x.create_dataset("indptr", data=numpy.arange(CELLS + 1, dtype=numpy.int64) * STORED)
        for name, count in [("obs", CELLS), ("var", GENES)]:
            frame = file.create_group(name)
            frame.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.2.0", "_index": "_index"})
            frame.attrs["column-order"] = numpy.array([], dtype=h5py.string_dtype())
            names = frame.create_dataset("_index", data=[f"{name}{i}" for i in range(count)], dtype=h5py.string_dtype())
            names.attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})


def output(words, **options):
    ended = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
    if ended.returncode != 0:
        raise Failed(f"exit code {ended.returncode}: {shlex.join(words)}\n{ended.stdout[-4000:]}{ended.stderr[-4000:]}")
    return ended.stdout


def cluster(*words, **options):
    return output(["bash", CLUSTER, *words], **options)


def head(*words):
    """What a command on the head of the cluster prints."""
    return cluster("run", *words)


def digest(run, path):
    return run([*TOOL, "digest", path, "--quiet"]).strip()


def task_on(machine):
    """The process of a task on a machine, as soon as there is one."""
    network = os.stat(f"/run/netns/{os.path.basename(os.environ['CLUSTER_HOME'])}-{machine}").st_ino
    while True:
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                words = open(f"/proc/{process}/cmdline", "rb").read()
                # Not the shell that starts it.
                if b"\0shard\0run\0" in words and os.stat(f"/proc/{process}/ns/net").st_ino == network:
                    return int(process)
            except OSError:
                pass
        time.sleep(0.02)


def until(is_reached):
    while not is_reached():
        time.sleep(0.3)


def said(*words):
    """To whoever watches a test that takes long: standard error is shown where it fails."""
    print(f"{time.monotonic() - BEGIN:6.1f} s:", *words, file=sys.stderr, flush=True)


def plan(name, shards):
    path = f"/mfs/{name}.json"
    words = shlex.join([*TOOL, "shard", "plan", "/mfs/input.h5ad", "--out", f"/mfs/{name}.h5ad", "--shards", str(shards), *OPTIONS])
    head("sh", "-c", f"{words} > {path}")
    return path


def script(path, engine, target):
    head("sh", "-c", f"{shlex.join([*TOOL, 'shard', 'script', path, '--engine', engine])} > {target}")


def start_slurm():
    """Three machines: one loses power in the middle of its task, another one its network. Returns the numbers of the jobs."""
    path = plan("slurm", 3)
    script(path, "slurm", "/mfs/submit.sh")
    jobs = re.findall(r"(?:tasks|merge) (\d+)", head("bash", "/mfs/submit.sh"))
    said("submitted", *jobs)
    os.kill(task_on("m1"), signal.SIGSTOP)
    cluster("kill", "m1")
    task_on("m2")
    cluster("cut", "m2")
    said("m1 is killed, m2 cut off")
    return jobs


def end_slurm(jobs):
    """How many jobs were run again."""
    until(lambda: head("sinfo", "-h", "-n", "m2", "-o", "%t").startswith("down"))
    cluster("heal", "m2")
    said("m2 is back")
    until(lambda: not head("squeue", "-h", "-j", ",".join(jobs)))
    said("Slurm is done")
    ended = "".join(head("scontrol", "show", "job", "-o", job) for job in jobs).splitlines()
    if not all("JobState=COMPLETED" in job for job in ended):
        raise Failed("\n".join(ended) + head("sh", "-c", "tail -n +1 /mfs/*.logs/*"))
    return sum("Restarts=0" not in job for job in ended)


def start_snakemake():
    """The same on the machines that are left, beside the jobs of Slurm."""
    path = plan("snakemake", 2)
    head("mkdir", "/mfs/flow")
    script(path, "snakemake", "/mfs/flow/Snakefile")
    head("cp", "-r", PROFILE, "/mfs/flow/profile")
    head("chmod", "+x", "/mfs/flow/profile/status.sh")
    # Snakemake asks for the state of its jobs every ten seconds, and every second where it takes itself to be tested.
    words = ["env", "CIRCLECI=true", "HOME=/local", "sh", "-c", "cd /mfs/flow && exec /usr/bin/snakemake --profile profile 2>&1"]
    return subprocess.Popen(["bash", CLUSTER, "run", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def end_snakemake(running):
    log = running.communicate()[0]
    if running.returncode != 0:
        raise Failed(log[-6000:])
    said("Snakemake is done")


def compare(folder):
    local = os.path.join(folder, "input.h5ad")
    up = subprocess.Popen(["bash", CLUSTER, "up", "3"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        make_input(local)
        output([*TOOL, "pipeline", local, "--out", os.path.join(folder, "one.h5ad"), "--quiet", *OPTIONS])
        print("one", digest(output, os.path.join(folder, "one.h5ad")))
    finally:
        errors = up.communicate()[1]
    if up.returncode != 0:
        raise Failed(f"the cluster does not start: {errors.decode()[-2000:]}")
    said("the cluster is up, one machine is done")
    head("cp", local, "/mfs/input.h5ad")
    jobs = start_slurm()
    running = start_snakemake()
    said("Snakemake begins")
    print("restarted", end_slurm(jobs))
    print("slurm", digest(lambda words: head(*words), "/mfs/slurm.h5ad"))
    end_snakemake(running)
    print("snakemake", digest(lambda words: head(*words), "/mfs/snakemake.h5ad"))


def too_slow(*_):
    raise TooSlow()


def stop(*_):
    raise Failed("told to stop")


def main():
    folder = tempfile.mkdtemp(prefix="ss")
    os.chmod(folder, 0o755)
    # Its last name is that of the namespaces, too.
    os.environ.update(CLUSTER_HOME=os.path.join(folder, os.path.basename(folder)), SINGLESHARP=shlex.join(TOOL), CPUS="1")
    try:
        reason = cluster("missing").strip()
        if not reason and not os.path.exists("/usr/bin/snakemake"):
            reason = "no snakemake"
        if reason:
            print(f"skipped: {reason}")
            return
        # Other tests are at work on the same processors; machines that answer late would be taken for lost.
        os.nice(-10)
        signal.signal(signal.SIGALRM, too_slow)
        signal.signal(signal.SIGTERM, stop)
        signal.alarm(LIMIT)
        try:
            compare(folder)
        finally:
            signal.alarm(0)
            cluster("down")
    except Failed as reason:
        sys.exit(str(reason))
    except TooSlow:
        # Three machines on one that has other work to do.
        print(f"skipped: not done within {LIMIT} seconds")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


main()
