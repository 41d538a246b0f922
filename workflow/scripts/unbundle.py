"""Give the files of a block of a bundle their places, or fail as its training did."""

import shutil
import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files import storage

block = Path(snakemake.input[0]) / snakemake.params.path
failure = block / "failure.txt"
if failure.exists():
    raise RuntimeError(failure.read_text(encoding="utf-8"))
for output in map(Path, snakemake.output):
    made = block / output.name
    storage.check_seal(made)
    with storage.written_whole(output) as part:
        shutil.copyfile(made, part)
