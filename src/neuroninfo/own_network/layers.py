"""Layers of any model: calls of its modules whose outputs (or inputs) are units.

A pass of the model is watched once (`watch`), which tells the calls of all modules in their order
and what they give. A layer is one of these calls; a module that is called several times, such as
the one ReLU of a residual block, makes several layers.
"""

from __future__ import annotations

import fnmatch
import functools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.modules import activation as activations
from torch.nn.modules import batchnorm, conv, instancenorm
from torch.overrides import TorchFunctionMode

from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.own_network.evaluation import difference, logits

TAKEN: Final = ":input"
"""Suffix of the name of a module whose inputs, and not whose outputs, are the units."""

_NO_UNITS: Final = (
    activations.MultiheadAttention,
    activations.Softmax,
    activations.Softmax2d,
    activations.Softmin,
    activations.LogSoftmax,
)
_ACTIVATIONS: Final = tuple(
    kind
    for name in activations.__all__
    if not issubclass(kind := getattr(activations, name), _NO_UNITS)
)
_FIRST: Final = (conv._ConvNd, batchnorm._NormBase, instancenorm._InstanceNorm, nn.GroupNorm)
"""Modules that give channels in axis 1."""
_LAST: Final = (nn.Linear, nn.LayerNorm, nn.RMSNorm, nn.Embedding, nn.MultiheadAttention)
"""Modules that give features in the last axis."""
_FUNCTIONS: Final = frozenset(
    name + ending
    for name in (
        *("relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "selu", "celu", "gelu", "silu"),
        *("mish", "glu", "tanh", "sigmoid", "hardtanh", "hardsigmoid", "hardswish", "softplus"),
        *("logsigmoid", "softsign", "softshrink", "hardshrink", "tanhshrink", "threshold"),
    )
    for ending in ("", "_")
)
_THRESHOLDS: Final = {
    getattr(nn, activation.module): activation.threshold for activation in ACTIVATIONS.values()
}


class Functions(TorchFunctionMode):
    """Says which functions of torch are called, methods of tensors included.

    Parameters
    ----------
    computed
        Called with the name of a function, its arguments and its result.
    """

    def __init__(self, computed: Callable[[str, Any, Any], None]) -> None:
        super().__init__()
        self._computed = computed

    def __torch_function__(
        self,
        func: Any,  # noqa: ANN401
        types: Any,  # noqa: ANN401
        args: Any = (),  # noqa: ANN401
        kwargs: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        given = func(*args, **(kwargs or {}))
        self._computed(getattr(func, "__name__", ""), (args, kwargs), given)
        return given


@dataclass(eq=False)
class Call:
    """One call of a module in a pass."""

    module: nn.Module
    number: int
    """Position among the calls of this module, from 0."""
    above: Call | None
    """The call that it was made in."""
    begun: int
    """Moment; all beginnings and ends of a pass are counted together."""
    ended: int = -1
    rows: bool = False
    """Whether it gives one tensor with one row per example."""
    size: int = 0
    """Bytes that it gives an example, calls within it aside."""
    below: list[Call] = field(default_factory=list)

    def within(self) -> Iterator[Call]:
        """The call and all that were made in it."""
        yield self
        for call in self.below:
            yield from call.within()


@dataclass(frozen=True)
class Layer:
    """Units whose outputs are measured and replaced."""

    name: str
    """Name of the module, `TAKEN` if units are its inputs, and ``#2`` for its second call."""
    call: Call
    taken: bool
    axis: int
    """Axis of the units, 1 or -1."""
    width: int
    positions: int
    """Values that a unit has for an example: 1 of a neuron, height x width of a channel."""
    threshold: float
    """A unit counts as on above it."""
    activation: str
    """Class of the module."""

    @property
    def moment(self) -> int:
        """When the units' values are known."""
        return self.call.begun if self.taken else self.call.ended

    def by_unit(self, values: Tensor) -> Tensor:
        """(rows, ...) -> (rows, units, positions)."""
        if values.dim() == 2:
            return values.unsqueeze(-1)
        return values.movedim(self.axis, 1).flatten(2)


class Passes:
    """Forward passes of a model, with something done at its calls.

    Public hooks cannot leave a module out of a pass, and do not know which call of a module they
    are called at. So the calls themselves are replaced, by the attribute that `nn.Module.compile`
    sets; hooks that the model has of its own are called as ever. To be used in `evaluating`.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    def run(
        self,
        inputs: Tensor,
        *,
        rows: int | None = None,
        before: Callable[[nn.Module, int, Tensor | None], Any] | None = None,
        after: Callable[[nn.Module, int, Any], Any] | None = None,
        instead: Callable[[nn.Module, int], tuple[Any, Call] | None] | None = None,
    ) -> Tensor:
        """Logits of a pass.

        Parameters
        ----------
        inputs
            (rows, ...).
        rows
            Of the logits, if they are not those of the inputs.
        before
            Called with module, number of its call and first input; gives another input, or None.
        after
            Called with module, number of its call and output; gives another output, or None.
        instead
            Called with module and number of its call; gives an output in place of a call, and the
            call that was watched, or None.
        """
        counted: Counter[nn.Module] = Counter()

        def called(module: nn.Module, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            number = counted[module]
            if instead is not None and (known := instead(module, number)) is not None:
                given, call = known
                counted.update(each.module for each in call.within())
                return given
            counted[module] += 1
            if before is not None:
                first = args[0] if args and isinstance(args[0], Tensor) else None
                if (other := before(module, number, first)) is not None:
                    args = (other, *args[1:])
            given = module._call_impl(*args, **kwargs)  # type: ignore[no-untyped-call]
            if after is not None and (other := after(module, number, given)) is not None:
                return other
            return given

        parts = list(self.model.modules())
        try:
            for part in parts:
                part._compiled_call_impl = functools.partial(called, part)
            return logits(self.model, inputs, rows)
        finally:
            for part in parts:
                part._compiled_call_impl = None


@dataclass
class Watched:
    """What a pass of a model did."""

    root: Call
    calls: dict[tuple[nn.Module, int], Call]
    logits: Tensor
    functions: list[tuple[nn.Module, str, nn.Module | None]]
    """Activations that were computed outside of activation modules: the module whose `forward`
    did, the function, and the module that took its result first."""


def watch(model: nn.Module, inputs: Tensor) -> Watched:
    """Watch a pass."""
    calls: dict[tuple[nn.Module, int], Call] = {}
    stack: list[Call] = []
    moment = 0
    results: list[tuple[Tensor, nn.Module, str]] = []
    taken: dict[int, nn.Module] = {}

    def computed(name: str, _: Any, given: Any) -> None:  # noqa: ANN401
        here = stack[-1].module if stack else model
        if name in _FUNCTIONS and not isinstance(here, _ACTIVATIONS):
            results.append((given, here, name))

    def before(module: nn.Module, number: int, first: Tensor | None) -> None:
        nonlocal moment
        above = stack[-1] if stack else None
        call = Call(module, number, above, moment)
        moment += 1
        if above is not None:
            above.below.append(call)
        if first is not None:
            for place, (tensor, _, _) in enumerate(results):
                if tensor is first:
                    taken.setdefault(place, module)
        stack.append(call)

    def after(module: nn.Module, number: int, given: Any) -> None:  # noqa: ANN401
        nonlocal moment
        call = stack.pop()
        call.ended = moment
        moment += 1
        if isinstance(given, Tensor) and given.dim() > 0 and len(given) == len(inputs):
            call.rows = True
            call.size = given.numel() * given.element_size() // len(inputs)
        calls[module, number] = call

    with Functions(computed):
        given = Passes(model).run(inputs, before=before, after=after)
    return Watched(
        calls[model, 0],
        calls,
        given,
        [(here, name, taken.get(place)) for place, (_, here, name) in enumerate(results)],
    )


def find(
    model: nn.Module,
    inputs: Tensor,
    modules: str | Sequence[str] | None = None,
    *,
    channels: str = "auto",
) -> tuple[list[Layer], Watched]:
    """Layers of a model, in the order in which their units are computed.

    Parameters
    ----------
    model
        To be used in `evaluating`.
    inputs
        (rows, ...), some examples.
    modules
        Names of modules, as of `nn.Module.named_modules`; ``*``, ``?`` and ``[...]`` are
        wildcards. With ``:input`` behind it, units are what the module takes. Default: all
        activation modules but one that gives the model's outputs.
    channels
        Axis of the units in outputs of more than two axes: ``first`` behind the examples (channels
        of convolutions), ``last`` (features of transformers), or ``auto``: as the convolution,
        normalization or linear module that was called last before gives them.

    Raises
    ------
    ValueError
        There is no such module, or it was not called, or its outputs have no row an example; or
        an activation is computed as a function, which the message says how to name.
    """
    if channels not in ("auto", "first", "last"):
        raise ValueError(f"channels: {channels!r} is unknown; there are auto, first, last")
    watched = watch(model, inputs)
    names: dict[nn.Module, list[str]] = {}
    for name, part in model.named_modules(remove_duplicate=False):
        names.setdefault(part, []).append(name or type(part).__name__)
    wanted = _wanted(model, watched, names, modules)
    layers = {}
    values: dict[tuple[nn.Module, int, bool], Tensor] = {}

    def before(module: nn.Module, number: int, first: Tensor | None) -> None:
        if (module, True) in wanted and first is not None:
            values[module, number, True] = first

    def after(module: nn.Module, number: int, given: Any) -> None:  # noqa: ANN401
        first = given[0] if isinstance(given, tuple) and given else given
        if (module, False) in wanted and isinstance(first, Tensor):
            values[module, number, False] = first

    fewer = inputs[: max(1, len(inputs) - 1)]
    given = Passes(model).run(fewer, before=before, after=after)
    _check_alone(given, watched.logits[: len(fewer)])
    several = Counter(module for module, _ in watched.calls)
    for (module, number), call in watched.calls.items():
        for taken in (False, True):
            if (module, taken) not in wanted:
                continue
            name = wanted[module, taken] + (f"#{number + 1}" if several[module] > 1 else "")
            tensor = values.get((module, number, taken))
            if tensor is None or tensor.dim() < 2 or len(tensor) != len(fewer):
                shown = "no tensor" if tensor is None else f"shape {tuple(tensor.shape)}"
                raise ValueError(
                    f"module {name!r} {'takes' if taken else 'gives'} {shown} for {len(fewer)} "
                    "examples; units need one row per example in the first dimension "
                    "(batch_first=True)"
                )
            if modules is None and tensor is given:
                continue
            axis = _axis(watched, call, taken, channels) if tensor.dim() > 2 else 1
            width = tensor.shape[axis]
            positions = tensor[0].numel() // max(1, width)
            kind = type(module)
            threshold = 0.0 if taken else _THRESHOLDS.get(kind, 0.0)
            layer = Layer(name, call, taken, axis, width, positions, threshold, kind.__name__)
            layers[name] = layer
    if not layers:
        raise ValueError("no activation module lies before the model's outputs: name some modules")
    return sorted(layers.values(), key=lambda layer: layer.moment), watched


def _wanted(
    model: nn.Module,
    watched: Watched,
    names: dict[nn.Module, list[str]],
    modules: str | Sequence[str] | None,
) -> dict[tuple[nn.Module, bool], str]:
    """(module, whether its inputs are meant) -> its name."""
    called = {module for module, _ in watched.calls}
    if modules is None:
        for here, function, taker in watched.functions:
            at = names[here][0]
            mend = "name a module that gives or takes its values"
            if taker is not None:
                mend = f"name the module that takes it: modules=[{names[taker][0] + TAKEN!r}, ...]"
            raise ValueError(
                f"forward of {at!r} computes {function} as a function, which is no module: {mend}, "
                "or compute it by a module"
            )
        kept = [m for m in names if isinstance(m, _ACTIVATIONS) and m in called]
        if not kept:
            leaves = [names[m][0] for m in names if m in called and not any(m.children())]
            raise ValueError(
                "the model calls no activation module: name the modules whose outputs are units, "
                f"such as modules={leaves[:1]}; called are {', '.join(leaves[:20])}"
            )
        return {(module, False): names[module][0] for module in kept}
    wanted = {}
    for pattern in [modules] if isinstance(modules, str) else modules:
        taken = pattern.endswith(TAKEN)
        name = pattern.removesuffix(TAKEN)
        found = {
            module: own
            for module, known in names.items()
            if (own := next((n for n in known if fnmatch.fnmatchcase(n, name)), None)) is not None
        }
        if not found:
            some = ", ".join(n for known in names.values() for n in known[:1] if n)
            raise ValueError(f"modules: none is called {name!r}; there are {some[:500]}")
        run = {module: own for module, own in found.items() if module in called}
        if not run:
            raise ValueError(f"modules: forward does not call {next(iter(found.values()))!r}")
        for module, own in run.items():
            if module is not model or taken:
                wanted[module, taken] = own + (TAKEN if taken else "")
    return wanted


def _axis(watched: Watched, call: Call, taken: bool, channels: str) -> int:
    """Axis of the units in outputs of more than two axes."""
    if channels != "auto":
        return 1 if channels == "first" else -1
    at = call.begun if taken else call.ended
    before = [c for c in watched.calls.values() if c.ended <= at and c.ended >= 0]
    if not taken:
        before.append(call)
    for earlier in sorted(before, key=lambda c: c.ended, reverse=True):
        if isinstance(earlier.module, _FIRST):
            return 1
        if isinstance(earlier.module, _LAST):
            return -1
    return 1


def _check_alone(given: Tensor, expected: Tensor) -> None:
    if difference(given, expected) > 1:
        raise ValueError(
            "the model's outputs for an example are not the same in two passes: they depend on "
            "chance or on the other examples, such as by batch norm without running statistics"
        )


def check_units(layers: Sequence[Layer]) -> None:
    """Refuse more units than files can number.

    Raises
    ------
    ValueError
        There are more than 32,767.
    """
    units = sum(layer.width for layer in layers)
    if units > torch.iinfo(torch.int16).max:
        raise ValueError(f"{units} units, but files number at most 32767: name fewer modules")
