"""Give the files of a block of a bundle their places."""

import shutil
import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files import storage

for output in map(Path, snakemake.output):
    made = Path(snakemake.input[0]) / snakemake.params.path / output.name
    storage.check_seal(made)
    with storage.written_whole(output) as part:
        shutil.copyfile(made, part)
