"""What the neurons of a network know.

Trains stacks of small networks, measures every neuron with information theory, ablates
neurons in the order of what was measured, and draws what comes out.  Each module knows
only the modules before it: `storage`, `streams`, `datasets`, `networks`, `forward`,
`training`, `counting`, `quantization`, `neurons`, `kernels`, `ablation`, `claims`, `figures`;
and for the workflow alone `configuration` and `provenance`.

Nothing heavy is imported here: a job pays only for what it uses.
"""

import os

# HDF5's locks fail on many shared file systems, and nothing here needs them: a file is written
# under a name of its own and renamed when it is whole.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

__version__ = "0.1.0"
