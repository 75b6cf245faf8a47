"""The small inputs of ../shared/cases, each with what its README calls right.

cases.py NUMBER CASES TOOL...: makes the inputs of a number in this folder, runs the tool on them, and prints what is not right.
"""
import os
import re
import resource
import runpy
import shutil
import stat
import subprocess
import sys
import traceback
from pathlib import Path

import anndata
import h5py
import numpy as np

TOOL = []


class Outcome:
    def __init__(self, code, output, errors, peak):
        self.code, self.output, self.errors, self.peak = code, output, errors, peak

    def ok(self):
        assert self.code == 0, f"exit code {self.code}: {self.errors}"
        return self

    def refused(self, *words):
        """Ends with exit code 1 and one sentence."""
        lines = self.errors.strip().split("\n")
        told = [line for line in lines if line.startswith("error: ")]
        assert self.code == 1 and len(told) == 1 and told == lines[-1:], f"exit code {self.code}: {self.errors}"
        for word in words:
            assert word in told[0], f"'{word}' is not in: {told[0]}"
        return self


def run(*arguments, stdin=subprocess.DEVNULL, shell=None):
    """Runs the tool, or a line of bash in which $tool is the tool."""
    command = ["bash", "-c", shell] if shell else [*TOOL, *arguments]
    with open("stdout", "w+") as out, open("stderr", "w+") as errors:
        env = {**os.environ, "tool": " ".join(TOOL)}
        child = subprocess.Popen(command, stdin=stdin, stdout=out, stderr=errors, env=env, start_new_session=True)
        # A run that hangs ends here, with a signal for an exit code.
        timer = subprocess.Popen(["sh", "-c", f"sleep 100; kill -9 -{child.pid}"], start_new_session=True)
        _, status, usage = os.wait4(child.pid, 0)
        os.killpg(timer.pid, 9)
        timer.wait()
        child.returncode = 0
        out.seek(0)
        errors.seek(0)
        return Outcome(os.waitstatus_to_exitcode(status), out.read(), errors.read(), usage.ru_maxrss * 1024)


def make(script, *words):
    """Runs a script in a fork, which has the libraries that it imports already."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            sys.argv, sys.path[0] = [script, *words], str(Path(script).parent)
            runpy.run_path(script, run_name="__main__")
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if status:
        sys.exit(f"{script} failed")


def read(path):
    return anndata.read_h5ad(path)


def sound(path):
    """verify finds no error, and no group has two links of one name."""
    run("verify", path, "--quiet").ok()
    with h5py.File(path) as file:
        groups = [file]
        file.visititems(lambda name, item: groups.append(item) if isinstance(item, h5py.Group) else None)
        for group in groups:
            assert len(set(group)) == len(list(group)), f"{path}: {group.name} holds {list(group)}"


def values(path, name):
    with h5py.File(path) as file:
        return file[name][()]


def same(found, right, rtol=0.0):
    assert np.shape(found) == np.shape(right) and np.allclose(found, right, rtol=rtol, atol=0), f"{found} instead of {right}"


def nested_columns():
    for name, limit in (("01", "--min-genes"), ("01b", "--min-genes"), ("01c", "--min-cells")):
        run("filter", f"{name}.h5ad", "--in-place", limit, "1" if limit == "--min-genes" else "2").ok()
        sound(f"{name}.h5ad")
    same(read("01.h5ad").obs["G1/S phase"], [0.1, 0.3, 0.4])
    same(read("01b.h5ad").obsm["scores"]["up/down"], [1, 3, 4])
    assert [*read("01c.h5ad").var["chr/arm"]] == ["1p", "2q"]


def nested_keys():
    run("verify", "02.h5ad").ok()
    run("hvg", "02.h5ad", "--batch-key", "site/run", "--n-top-genes", "10", "--out", "hvg.h5ad").ok()
    assert values("hvg.h5ad", "var/highly_variable_nbatches").max() == 2
    run("qc", "02.h5ad", "--gene-set", "m=column:is/mito", "--out", "qc.h5ad").ok()
    x = read("02.h5ad").X
    x = np.asarray(x.todense() if hasattr(x, "todense") else x, float)
    same(values("qc.h5ad", "obs/pct_counts_m"), 100 * x[:, :4].sum(1) / x.sum(1), 1e-6)
    run("pca", "02.h5ad", "--mask-var", "is/mito", "--n-comps", "2", "--out", "pca.h5ad").ok()
    assert np.flatnonzero(values("pca.h5ad", "varm/PCs").any(1)).tolist() == [0, 1, 2, 3]


def devices():
    made = [("fifo03", stat.S_IFIFO)]
    os.mkfifo("fifo03")
    if os.getuid() == 0:
        os.mknod("dev03", stat.S_IFCHR | 0o600, os.makedev(1, 3))
        made.append(("dev03", stat.S_IFCHR))
    for name, kind in made:
        os.symlink(name, f"link_{name}")
        for out in (name, f"link_{name}"):
            run("qc", "01.h5ad", "--out", out, "--percent-top", "none").refused()
            assert stat.S_IFMT(os.stat(out).st_mode) == kind, f"{out} is another kind of file now"


def pipes():
    run(shell="$tool info <(cat 01.h5ad)").refused()
    run(shell="cat 01.h5ad | $tool qc /dev/stdin --out x.h5ad").refused()
    run(shell="$tool convert <(cat 01.h5ad) 01.h5ad --out x.h5ad").refused()
    os.mkfifo("ff")
    run("info", "ff").refused()
    shutil.copytree("12", "d04")
    os.remove("d04/matrix.mtx")
    os.mkfifo("d04/matrix.mtx")
    run(shell="cat 12/matrix.mtx > d04/matrix.mtx & $tool convert d04 --out x.h5ad; code=$?; kill %1 2>/dev/null; exit $code").refused()


def equal_links():
    run("convert", "05.h5", "--out", "a.h5ad").ok()
    run("normalize_total", "05b.h5ad", "--use-raw", "--out", "b.h5ad").ok()
    run("convert", "05c.h5ad", "05d.h5ad", "--out", "c.h5ad").ok()
    for path in ("a.h5ad", "b.h5ad", "c.h5ad"):
        sound(path)
    assert [*read("a.h5ad").var_names] == ["A", "B", "C"]


def joined_columns():
    run("convert", "06a.h5ad", "06b.h5ad", "--out", "x.h5ad").ok()
    sound("x.h5ad")
    with h5py.File("x.h5ad") as file:
        assert {*file["obs"]} >= {"cell_type", "cluster", "donor", "age"} and "gene_ids" in file["var"], [*file["obs"], *file["var"]]
        kinds = {name: file["obs"][name].attrs["encoding-type"] for name in ("cell_type", "cluster", "donor", "age")}
        assert kinds == {
            "cell_type": "categorical",
            "cluster": "categorical",
            "donor": "nullable-string-array",
            "age": "nullable-integer",
        }, kinds
        assert [*file["obs/cluster/categories"]] == [7, 9] and [*file["obs/cluster/codes"]] == [0, 1] * 4
        assert [*file["obs/donor/values"].asstr()] == [*"pqrspqrs"]
        assert [*file["obs/age/values"]] == [0, 1, 2, 3] * 2 and [*file["obs/age/mask"]] == [False, False, True, False] * 2


def types_of_counts():
    for name, right in (("07f", np.array([0.1, 16777217, 2.7])), ("07i", np.array([16777217, 1, 33554435], np.int64))):
        run("convert", f"{name}.h5", "--out", f"{name}.h5ad").ok()
        found = values(f"{name}.h5ad", "X/data")
        assert found.dtype == right.dtype and [*found] == [*right], f"{found.dtype} {found}"


def quotes():
    run("qc", "08", "--out", "x.h5ad").ok()
    a = read("x.h5ad")
    assert [*a.var_names] == ["MT-A", "B", "C", "D"] and [*a.obs_names] == ["AAA-1", "CCC-1"], [*a.var_names, *a.obs_names]
    same(a.obs["pct_counts_mt"], [90, 0])


def cut_off():
    run("convert", "09", "--out", "x.h5ad").refused("matrix.mtx.gz")
    assert not Path("x.h5ad").exists()


def latin_names():
    run("convert", "10", "--out", "x.h5ad").refused("names of its genes", "row 0")
    run("convert", "10a.h5ad", "10b.h5ad", "--out", "x.h5ad").refused("names of its genes")


def marks_and_empty_lines():
    for name in ("11", "12"):
        run("convert", name, "--out", f"{name}.h5ad").ok()
        assert [*read(f"{name}.h5ad").obs_names] == ["AAA-1", "CCC-1"]


def feature_without_type():
    outcome = run("qc", "13", "--out", "x.h5ad")
    if outcome.code == 0:
        assert not {"CD3", "CD4"} & {*read("x.h5ad").var_names}
    else:
        outcome.refused("line 2")


def entry_twice():
    run("convert", "14", "--sum-duplicates", "--out", "x.h5ad").ok()
    a = read("x.h5ad")
    assert a["AAA-1", "MT-A"].X.sum() == 93
    run("convert", "14", "--out", "y.h5ad").refused()


def broken():
    for path in sorted(Path().glob("16_*.h5ad")):
        outcome = run("verify", str(path))
        assert outcome.code == 1 and "error" in outcome.output, f"{path}: exit code {outcome.code}: {outcome.output}"


def components(name, right_ratio):
    run("pca", f"{name}.h5ad", "--n-comps", "3", "--mask-var", "none", "--out", "x.h5ad").ok()
    x = np.asarray(read(f"{name}.h5ad").X, float)
    squares = np.linalg.svd(x - x.mean(0), compute_uv=False) ** 2
    same(values("x.h5ad", "uns/pca/variance"), (squares / (len(x) - 1))[:3], 1e-6)
    same(values("x.h5ad", "uns/pca/variance_ratio"), (squares / squares.sum())[:3], 1e-6)
    # Old versions of anndata store it as float32, which is other data.
    if right_ratio and read(f"{name}.h5ad").X.dtype == np.float64:
        same(100 * values("x.h5ad", "uns/pca/variance_ratio"), right_ratio, 1e-3)


def offsets():
    components("20", [61.38, 22.46, 15.89])
    components("20b", None)


def many_batches():
    runtime = run("info", "01.h5ad").ok().peak
    outcome = run("hvg", "21.h5ad", "--batch-key", "b", "--n-top-genes", "2000", "--memory", "264M", "--out", "x.h5ad")
    if outcome.code:
        outcome.refused("264 MiB")
    assert outcome.peak - runtime <= 1.15 * (264 << 20), f"{outcome.peak >> 20} MiB"


def owner():
    if os.getuid() != 0:
        return
    for mode in (0o644, 0o640):
        shutil.copyfile("01c.h5ad", "own.h5ad")
        os.chown("own.h5ad", 65534, 65534)
        os.chmod("own.h5ad", mode)
        run("log1p", "own.h5ad", "--in-place").ok()
        found = os.stat("own.h5ad")
        assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (65534, 65534, mode), found


def booleans():
    for name in ("24swap", "24i4"):
        run("pca", f"{name}.h5ad", "--n-comps", "2", "--out", "x.h5ad").ok()
        assert np.flatnonzero(values("x.h5ad", "varm/PCs").any(1)).tolist() == [0, 2, 4, 6, 8], name


def snapatac():
    run("filter", "rs.h5ad", "--min-genes", "1", "--out", "x.h5ad").ok()
    with h5py.File("x.h5ad") as file:
        index = file["obs/index"]
        assert index.attrs.get("end", len(index)) == len(index), dict(index.attrs)
    # c-blosc itself does not read this container of no bytes; Golden.Blosc has those that it writes.
    run("qc", "rs_blosc.h5ad", "--out", "y.h5ad").refused("X/data")


def of_thirty():
    hvg = run("hvg", "batch_latin1.h5ad", "--batch-key", "b", "--flavor", "seurat_v3", "--n-top-genes", "10", "--out", "hvg.h5ad")
    if hvg.code == 0:
        assert values("hvg.h5ad", "var/highly_variable_nbatches").max() == 2
    else:
        hvg.refused("UTF-8")
    digests = {run("digest", f"digest_{which}.h5ad", "--quiet").ok().output.split()[-1] for which in "ab"}
    assert len(digests) == 2, digests
    run("convert", "mtx_latin1", "--out", "x.h5ad").refused("UTF-8")
    run("qc", "dense_negative.h5ad", "--percent-top", "50", "--out", "dense.h5ad").ok()
    x = values("dense_negative.h5ad", "X").astype(float)
    with np.errstate(all="ignore"):
        top = 100 * -np.sort(-x, axis=1)[:, :50].sum(1) / x.sum(1)
    same(values("dense.h5ad", "obs/pct_counts_in_top_50_genes"), top, 1e-5)
    run("filter", "categories_07.h5ad", "--min-genes", "24", "--out", "filtered.h5ad").ok()
    kind = read("filtered.h5ad").obs["kind"]
    assert 0 < len(kind) < 60 and len(kind.cat.categories) == len(kind), kind
    for command in (["info"], ["preprocess", "--out", "y.h5ad"], ["verify"]):
        outcome = run(command[0], "escape_names.h5ad", *command[1:])
        said = outcome.output + outcome.errors
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f]", said) and "\nerror: forged" not in said, ascii(said)
    for command in ("verify", "digest"):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        run(command, "tall_chunks.h5ad").ok()
        taken = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        # Dozens of times took 28 s; once takes one. A slow machine has to be ten times slower to fail.
        assert taken < 15, f"{command} takes {taken} s of a processor"
        outcome = run(command, "one_big_chunk.h5ad", "--memory", "200M").refused("383 MiB", "200 MiB")
        assert outcome.peak < 300 << 20, f"{outcome.peak >> 20} MiB"
    hint = run("qc", "ensembl_ids.h5ad", "--out", "symbols.h5ad").ok().errors
    assert "feature_name" in hint and "--gene-symbols" in hint, hint
    run("qc", "ensembl_ids.h5ad", "--gene-symbols", "feature_name", "--out", "symbols.h5ad").ok()
    assert (values("symbols.h5ad", "obs/pct_counts_mt") > 0).any()
    run("preprocess", "empty_rows.h5ad", "--out", "empty.h5ad").ok()
    sound("empty.h5ad")


# What makes the inputs, and what is right.
CASES = {
    "01": (["01.py"], nested_columns),
    "02": (["02.py"], nested_keys),
    "03": (["01.py"], devices),
    "04": (["01.py", "08.py"], pipes),
    "05": (["05.py", "05b.py"], equal_links),
    "06": (["06.py"], joined_columns),
    "07": (["07.py"], types_of_counts),
    "08": (["08.py"], quotes),
    "09": (["08.py"], cut_off),
    "10": (["08.py", "10.py"], latin_names),
    "11, 12": (["08.py"], marks_and_empty_lines),
    "13": (["08.py"], feature_without_type),
    "14": (["08.py"], entry_twice),
    "16": (["16.py"], broken),
    "20": (["20.py"], offsets),
    "21": (["01.py", "21.py"], many_batches),
    "22": (["01.py"], owner),
    "24": (["24.py"], booleans),
    "25": (["25.py"], snapatac),
    "30": (["30.py"], of_thirty),
}

if __name__ == "__main__":
    number, cases, *TOOL = sys.argv[1:]
    makers, check = CASES[number]
    for maker in makers:
        make(f"{cases}/make_{maker}", *(["."] if maker == "30.py" else []))
    try:
        check()
    except AssertionError as trouble:
        print(trouble)
    except Exception as trouble:
        print(f"{type(trouble).__name__}: {trouble}")
