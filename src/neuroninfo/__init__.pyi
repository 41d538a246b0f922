from neuroninfo import plot as plot
from neuroninfo.files.storage import load as load
from neuroninfo.own_network.heads import heads as heads
from neuroninfo.own_network.scores import scores as scores
from neuroninfo.own_network.shapley import shapley as shapley
from neuroninfo.own_network.study import ablate as ablate
from neuroninfo.own_network.study import measure as measure
from neuroninfo.own_network.study import study as study

__version__: str
