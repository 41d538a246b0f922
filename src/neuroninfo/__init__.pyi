from neuroninfo.ablation.ablate import ablate as ablate
from neuroninfo.files.storage import load as load
from neuroninfo.neurons.measures import measure as measure
from neuroninfo.own_network.study import study as study

__version__: str
