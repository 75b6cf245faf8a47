"""Runs scripts, each in a fork of this process, which has imported what most of them need: that takes longer than most of them run.

A request is a line of JSON: words (a script and its arguments), folder (where it runs, or here) and input (what the script reads). So is the answer: code, output, errors.
"""
import json
import os
import runpy
import sys
import tempfile

import anndata  # noqa: F401
import h5py  # noqa: F401
import numpy  # noqa: F401
import scipy.sparse  # noqa: F401


def text(file):
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def serve():
    """Answers requests until there are no more. In a fork it returns the words that are asked for."""
    with os.fdopen(os.dup(1), "w") as answers:
        while line := sys.stdin.readline():
            request = json.loads(line)
            with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
                given.write(request["input"].encode())
                given.seek(0)
                child = os.fork()
                if child == 0:
                    for descriptor, file in enumerate((given, output, errors)):
                        os.dup2(file.fileno(), descriptor)
                    os.chdir(request["folder"] or ".")
                    return request["words"]
                _, status = os.waitpid(child, 0)
                answer = {"code": os.waitstatus_to_exitcode(status), "output": text(output), "errors": text(errors)}
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    words = serve()
    if words:
        # It ends as a script does that nobody forked.
        sys.stdin = open(0, encoding="utf-8")
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")
