"""Compiled loops of cumulative ablation on a CPU.

Two kernels, whose counts are those of float64 (see `near`):

- `shallow` serves neurons of the last two hidden layers.  Sixteen examples lie side by side in
  vector registers.  A removal is a rank-one update of the last hidden layer's pre-activations
  (or of the logits), then one small product gives the logits.
- `deep` serves neurons of any layers, example by example.  A neuron that already puts out its
  constant changes nothing for that example and is skipped.  The others are removed some `AHEAD`
  at a time: what each of these removals makes of a layer is one row (a version of the layer), and
  the product with the weights takes four rows at a time over the inputs that are active in any of
  them, so that four rows share each load of a weight.

numba leaves loops over sixteen numbers scalar.  So vectors of sixteen floats are a type of their
own here, with the usual operators, and LLVM maps them to what the machine has.

All functions are cached on disk beside this file, keyed by the CPU; the cache is written and
renamed, so jobs that start together do not disturb each other.  The cache of a function sees
changes of its own file only: therefore all that the kernels call stands in this one file, and
whoever changes `LEAK` elsewhere must delete the cache.

Products and sums are rounded as they are written here (`fma`) and are never reordered, so that
results do not depend on the compiler.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, overload, register_model
from numba.np.arrayobj import make_array

from neuroninfo.networks.activations import LEAK

LANES: Final = 16
CLASS_GROUP: Final = 10
"""Columns of the output weights that `shallow` multiplies at a time: they are padded to it."""
ROWS: Final = 4
"""Rows that `add_products` multiplies at a time."""
AHEAD: Final = 24
"""Removals that `deep` computes together, at least if all of them change something."""
BATCH: Final = 4 * AHEAD
"""Most removals that are looked at for that: some turn out to change nothing."""
RELU, TANH, SIGMOID, LEAKY_RELU, SILU = range(5)
KINDS: Final = {
    "relu": RELU,
    "tanh": TANH,
    "sigmoid": SIGMOID,
    "leaky_relu": LEAKY_RELU,
    "silu": SILU,
}
ZERO: Final[Any] = np.int64(0)
"""Given to functions for a literal 0, for which numba would compile them once more."""
TIE: Final = 3e-5
"""Two logits are close if they differ by less than this share of the terms summed into them.

That is the larger of the sum of magnitudes before ablation and of the logits' own now. It is
500 roundings of float32: more than sums of some hundred terms lose, unless hidden neurons
cancel each other to less than about a hundredth of their size.
"""

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Exact(NamedTuple):
    """A network from its first hidden outputs on in float64, for `near`."""

    first: np.ndarray
    """(n, widths[0]) outputs of the first hidden layer."""
    weights: np.ndarray
    """(n_below, n_above) of each pair of layers, one after the other, flat."""
    biases: np.ndarray
    """Layer after layer, flat."""
    widths: np.ndarray
    """Widths of the hidden layers and the output."""
    kind: int
    """Activation, of `KINDS`."""


class Padded(NamedTuple):
    """A network from its first hidden outputs on, for `deep`: widths are multiples of 16."""

    weights: np.ndarray
    """(n_below, n_above) of each pair of layers, one after the other, flat; padded with 0."""
    matrices: np.ndarray
    """Where each of these begins."""
    biases: np.ndarray
    """Biases of the hidden layers and the output, one after the other."""
    widths: np.ndarray
    """Widths of the hidden layers and the output."""
    starts: np.ndarray
    """Where each layer begins among the neurons of all."""


class Last(NamedTuple):
    """The last layers of a network, for `shallow`."""

    weights: np.ndarray
    """(n_below, n_last) into the last hidden layer; n_below is 0 if there is but one."""
    output: np.ndarray
    """(n_last, classes) into the logits, classes padded to a multiple of `CLASS_GROUP`."""
    biases: np.ndarray
    """(classes) of the logits."""


class Orders(NamedTuple):
    """Orders of removal, (orders, k) each if nothing else is said."""

    neurons: np.ndarray
    """Neurons of the network."""
    constants: np.ndarray
    """Output of each neuron when it is removed, float32."""
    layers: np.ndarray
    """Hidden layer of each, from 0."""
    units: np.ndarray
    """Number of each within its layer."""
    largest: np.ndarray
    """(n_last) largest magnitude of what neurons of the last hidden layer put out."""
    alone: bool
    """Whether each step removes its neuron from the whole network, not from the remaining one."""


class Lanes(NamedTuple):
    """Sixteen predictions that are judged together, for `settle`."""

    examples: np.ndarray
    """Whose they are."""
    since: np.ndarray
    until: np.ndarray
    """Steps of the order whose neurons are removed: from `since` to before `until`."""
    labels: np.ndarray
    """float32."""
    unablated: np.ndarray
    """float32, predictions without removals."""


def _compiled(function: _Function) -> _Function:
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)


# ------------------------------------------------------------------ sixteen numbers at a time


class _Vector(types.Type):
    """Floats side by side, or what comparing them gives, in as many registers as it takes."""

    def __init__(self, element: str, lanes: int) -> None:
        super().__init__(f"{lanes} {element}s")
        self.element, self.lanes = element, lanes


_FLOAT: Final = ir.FloatType()
_FLOATS: Final = ir.VectorType(_FLOAT, LANES)
_INTEGERS: Final = ir.VectorType(ir.IntType(32), LANES)
_MASK: Final = ir.VectorType(ir.IntType(1), LANES)


@register_model(_Vector)
class _Model(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        element = _FLOAT if kind.element == "float" else ir.IntType(1)
        super().__init__(manager, kind, ir.VectorType(element, kind.lanes))


def _integers(value: int) -> Any:
    return ir.Constant(_INTEGERS, [value] * LANES)


def _spread(builder: Any, value: Any, lanes: int = LANES) -> Any:
    nothing = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    first = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
    return builder.shuffle_vector(first, nothing, zeros)


def _operation(operands: int, generate: Callable[..., Any], element: str = "float") -> Any:
    """Make a function of vectors of what writes its LLVM; numbers become vectors of equal ones."""

    def typed(*kinds: Any) -> Any:
        lanes = next((kind.lanes for kind in kinds if isinstance(kind, _Vector)), LANES)

        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            vectors = [
                value
                if isinstance(kind, _Vector)
                else _spread(builder, context.cast(builder, value, kind, types.float32), lanes)
                for kind, value in zip(signature.args, arguments, strict=True)
            ]
            return generate(builder, *vectors)

        return _Vector(element, lanes)(*kinds), code

    # numba goes by the signature, which must name each operand.
    forms = {
        1: lambda typing, x: typed(x),
        2: lambda typing, x, y: typed(x, y),
        3: lambda typing, x, y, z: typed(x, y, z),
    }
    return intrinsic(forms[operands])


def _named(name: str) -> Callable[..., Any]:
    """Write a call of one of LLVM's functions."""

    def generate(builder: Any, *vectors: Any) -> Any:
        floats = vectors[0].type
        kind = ir.FunctionType(floats, [floats] * len(vectors))
        whole = f"llvm.{name}.v{floats.count}f32"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, whole), vectors)

    return generate


def _operator(function: Any, generate: Callable[..., Any], element: str = "float") -> None:
    """Give vectors one of Python's operators."""
    operation = _operation(2, generate, element)

    @overload(function, strict=False)
    def typed(x: Any, y: Any) -> Any:
        if isinstance(x, _Vector) or isinstance(y, _Vector):
            return lambda x, y: operation(x, y)
        return None


_operator(operator.add, lambda builder, x, y: builder.fadd(x, y))
_operator(operator.sub, lambda builder, x, y: builder.fsub(x, y))
_operator(operator.mul, lambda builder, x, y: builder.fmul(x, y))
_operator(operator.truediv, lambda builder, x, y: builder.fdiv(x, y))
_operator(operator.lt, lambda builder, x, y: builder.fcmp_ordered("<", x, y), "bit")
_operator(operator.le, lambda builder, x, y: builder.fcmp_ordered("<=", x, y), "bit")
_operator(operator.eq, lambda builder, x, y: builder.fcmp_ordered("==", x, y), "bit")
_operator(operator.ne, lambda builder, x, y: builder.fcmp_unordered("!=", x, y), "bit")
spread = _operation(1, lambda builder, x: x)  # a vector of one number
absolute = _operation(1, _named("fabs"))
floor = _operation(1, _named("floor"))
maximum = _operation(2, _named("maxnum"))
minimum = _operation(2, _named("minnum"))
fma = _operation(3, _named("fma"))  # x * y + z, rounded once
where = _operation(3, lambda builder, mask, x, y: builder.select(mask, x, y))


def _write_power_of_two(builder: Any, x: Any) -> Any:
    exponents = builder.add(builder.fptosi(x, _INTEGERS), _integers(127))
    return builder.bitcast(builder.shl(exponents, _integers(23)), _FLOATS)


def _write_exponent(builder: Any, x: Any) -> Any:
    exponents = builder.lshr(builder.bitcast(x, _INTEGERS), _integers(23))
    return builder.sitofp(builder.sub(exponents, _integers(126)), _FLOATS)


def _write_mantissa(builder: Any, x: Any) -> Any:
    digits = builder.and_(builder.bitcast(x, _INTEGERS), _integers(0x7FFFFF))
    return builder.bitcast(builder.or_(digits, _integers(0x3F000000)), _FLOATS)


power_of_two = _operation(1, _write_power_of_two)
# x = mantissa * 2**exponent, 0.5 <= mantissa < 1, for x > 0.
exponent = _operation(1, _write_exponent)
mantissa = _operation(1, _write_mantissa)


@intrinsic
def bits(typing: Any, mask: Any) -> Any:
    """Lanes of a comparison as the bits of an integer."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.zext(builder.bitcast(arguments[0], ir.IntType(LANES)), ir.IntType(64))

    return types.int64(mask), code


def _pointer(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """Place in an array's memory, which is addressed as it lies, so it must be C's."""
    if kind.layout != "C":
        raise TypeError(f"an array of layout {kind.layout!r}: make it contiguous")
    return builder.gep(make_array(kind)(context, builder, array).data, [index])


def _loading(lanes: int) -> Any:
    @intrinsic
    def load(typing: Any, array: Any, index: Any) -> Any:
        """Floats side by side, from number `index` of an array's memory on."""

        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            place = _pointer(context, builder, signature.args[0], *arguments)
            kind = ir.VectorType(_FLOAT, lanes).as_pointer()
            return builder.load(builder.bitcast(place, kind), align=4)

        return _Vector("float", lanes)(array, types.intp), code

    return load


load, load_four = _loading(LANES), _loading(4 * LANES)


@intrinsic
def store(typing: Any, array: Any, index: Any, values: Any) -> Any:
    """Put floats side by side there."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _pointer(context, builder, signature.args[0], *arguments[:2])
        kind = arguments[2].type.as_pointer()
        builder.store(arguments[2], builder.bitcast(place, kind), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, values), code


@intrinsic
def at(typing: Any, array: Any, index: Any) -> Any:
    """Number `index` of an array's memory; array[index] would first look at its sign."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_pointer(context, builder, signature.args[0], *arguments))

    return array.dtype(array, types.intp), code


@intrinsic
def append(typing: Any, rows: Any, count: Any, first: Any, mask: Any) -> Any:
    """Append first + lane to rows for each lane of a comparison that holds; gives the new count.

    rows is int32, holds `count` numbers and has room for sixteen more.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # Compressing in a register and storing all of it beats `masked.compressstore`, which is
        # microcoded on AMD.
        array, number, start, lanes = arguments
        start = _spread(builder, builder.trunc(start, ir.IntType(32)))
        members = builder.add(start, ir.Constant(_INTEGERS, list(range(LANES))))
        kind = ir.FunctionType(_INTEGERS, [_INTEGERS, _MASK, _INTEGERS])
        name = f"llvm.experimental.vector.compress.v{LANES}i32"
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        packed = builder.call(function, [members, lanes, ir.Constant(_INTEGERS, ir.Undefined)])
        place = _pointer(context, builder, signature.args[0], array, number)
        builder.store(packed, builder.bitcast(place, _INTEGERS.as_pointer()), align=4)
        ones = builder.ctpop(builder.bitcast(lanes, ir.IntType(LANES)))
        return builder.add(number, builder.zext(ones, number.type))

    return types.intp(rows, types.intp, types.intp, mask), code


# ------------------------------------------------------------------ functions of them


@_compiled
def exp(x: Any) -> Any:
    """exp(x) for -87 <= x <= 88, at the nearer end beyond; Cephes' expf: below 2 ulp."""
    x = minimum(maximum(x, -87.0), 88.0)
    n = floor(fma(x, 1.44269504, 0.5))
    f = fma(n, 2.12194440e-4, fma(n, -0.693359375, x))
    p = fma(f, 1.9875691500e-4, 1.3981999507e-3)
    p = fma(p, f, 8.3334519073e-3)
    p = fma(p, f, 4.1665795894e-2)
    p = fma(p, f, 1.6666665459e-1)
    p = fma(p, f, 5.0000001201e-1)
    return fma(p, f * f, f + 1.0) * power_of_two(n)


@_compiled
def log(x: Any) -> Any:
    """log(x), x >= 1; Cephes' logf."""
    e, m = exponent(x), mantissa(x)
    small = m < 0.707106781
    e = where(small, e - 1.0, e)
    m = where(small, m + m, m) - 1.0
    square = m * m
    p = fma(m, 7.0376836292e-2, -1.1514610310e-1)
    p = fma(p, m, 1.1676998740e-1)
    p = fma(p, m, -1.2420140846e-1)
    p = fma(p, m, 1.4249322787e-1)
    p = fma(p, m, -1.6668057665e-1)
    p = fma(p, m, 2.0000714765e-1)
    p = fma(p, m, -2.4999993993e-1)
    p = fma(p, m, 3.3333331174e-1)
    p = fma(square, -0.5, fma(e, -2.12194440e-4, p * m * square))
    return fma(e, 0.693359375, m + p)


@_compiled
def activated(x: Any, kind: Any) -> Any:
    """Outputs of sixteen neurons."""
    if kind == RELU:
        return maximum(x, 0.0)
    if kind == LEAKY_RELU:
        return maximum(x, x * LEAK)
    if kind == SIGMOID:
        return 1.0 / (exp(0.0 - x) + 1.0)
    if kind == SILU:
        # `exp` ends at 88: below, x would grow and the sigmoid not fall. It is -5e-37 there.
        x = maximum(x, -88.0)
        return x / (exp(0.0 - x) + 1.0)
    # tanh x = 1 - 2 / (exp(2x) + 1), whose relative error is large near 0: a series there.
    square = x * x
    series = fma(fma(square, -0.0539682540, 0.133333333), square, -0.333333333)
    series = fma(series, square, 1.0) * x
    return where(absolute(x) < 0.1, series, 1.0 - 2.0 / (exp(x + x) + 1.0))


# ------------------------------------------------------------------ judging logits


@_compiled
def count_bits(number: Any) -> int:
    """How many bits are set."""
    count = 0
    while number:
        number &= number - 1
        count += 1
    return count


@_compiled
def judge(
    logits: Any, first: Any, n_classes: Any, tie: Any, labels: Any, unablated: Any, losses: Any
) -> tuple[int, int, int]:
    """Judge sixteen predictions by their logits, (classes, 16) from `first` on.

    Puts their cross-entropies into losses; gives, as bits of integers, whose class is the one of
    labels, whose the one of unablated, and whose two highest logits differ by no more than tie or
    than `TIE` of the largest. Those without a label (-1) are none of that and have no loss.
    """
    highest = lowest = own = same = load(logits, first)
    second, label, other = spread(-3e38), load(labels, 0), load(unablated, 0)
    for c in range(1, n_classes):
        row = load(logits, first + c * LANES)
        second = maximum(second, minimum(row, highest))
        highest, lowest = maximum(highest, row), minimum(lowest, row)
        own, same = where(label == c, row, own), where(other == c, row, same)
    summed = spread(0.0)
    for c in range(n_classes):
        summed = summed + exp(load(logits, first + c * LANES) - highest)
    there = label != -1.0
    store(losses, 0, where(there, log(summed) + (highest - own), 0.0))
    near_by = maximum(tie, maximum(absolute(highest), absolute(lowest)) * TIE)
    judged = bits(own == highest), bits(same == highest), bits(highest - second <= near_by)
    return judged[0] & bits(there), judged[1] & bits(there), judged[2] & bits(there)


@_compiled
def sum_of(losses: Any) -> Any:
    """Sum of sixteen, one after the other."""
    total = np.float32(0)
    for t in range(LANES):
        total += losses[t]
    return total


@_compiled
def predicted(logits: Any, first: Any, n_classes: Any) -> int:
    """The class of the highest of the logits that lie sixteen apart from `first` on."""
    best = 0
    for c in range(1, n_classes):
        if logits[first + c * LANES] > logits[first + best * LANES]:
            best = c
    return best


@_compiled
def near(example: Any, neurons: Any, constants: Any, exact: Any) -> int:
    """Predicted class in float64, by a masked forward pass from the first hidden layer.

    Called where two logits are so near that float32 could decide between them by rounding:
    so all counts are those of float64.

    Parameters
    ----------
    example
        Row of `exact.first`.
    neurons, constants
        What is removed, and what each of these puts out.
    exact
        The network.
    """
    widths, kind = exact.widths, exact.kind
    n_hidden = widths[:-1].sum()
    alive, values_of = np.ones(n_hidden, np.bool_), np.zeros(n_hidden)
    for k in range(neurons.shape[0]):
        alive[neurons[k]], values_of[neurons[k]] = False, constants[k]
    values, sums = np.zeros(widths.max()), np.zeros(widths.max())
    for i in range(widths[0]):
        values[i] = exact.first[example, i] if alive[i] else values_of[i]
    neuron, matrix, bias = widths[0], 0, 0
    for layer in range(1, widths.shape[0]):
        above = widths[layer]
        sums[:above] = exact.biases[bias : bias + above]
        for i in range(widths[layer - 1]):
            if values[i] != 0:
                row = exact.weights[matrix + i * above : matrix + (i + 1) * above]
                for j in range(above):
                    sums[j] += values[i] * row[j]
        matrix += widths[layer - 1] * above
        bias += above
        if layer < widths.shape[0] - 1:
            for j in range(above):
                value = sums[j]
                if not alive[neuron + j]:
                    value = values_of[neuron + j]
                elif kind == RELU:
                    value = max(value, 0.0)
                elif kind == TANH:
                    value = np.tanh(value)
                elif kind == LEAKY_RELU:
                    value = max(value, LEAK * value)
                elif kind == SILU:
                    value /= 1.0 + np.exp(-value)
                else:
                    value = 1.0 / (1.0 + np.exp(-value))
                values[j] = value
            neuron += above
    return int(np.argmax(sums[: widths[-1]]))


@_compiled
def new_lanes() -> Lanes:
    """Sixteen predictions that are to be filled in."""
    numbers, classes = np.int64, np.float32
    return Lanes(
        np.zeros(LANES, numbers),
        np.zeros(LANES, numbers),
        np.zeros(LANES, numbers),
        np.zeros(LANES, classes),
        np.zeros(LANES, classes),
    )


@_compiled
def settle(
    right: Any, same: Any, close: Any, o: Any, orders: Any, exact: Any, lanes: Any
) -> tuple[int, int]:
    """Settle in float64 which of the close predictions in an order are right and as unablated.

    Without removals these are the unablated predictions.
    """
    for t in range(LANES):
        if close >> t & 1:
            since, until = lanes.since[t], lanes.until[t]
            neurons, constants = orders.neurons[o, since:until], orders.constants[o, since:until]
            best = near(lanes.examples[t], neurons, constants, exact)
            if since == until:
                lanes.unablated[t] = best
            right = right & ~(1 << t) | (best == lanes.labels[t]) << t
            same = same & ~(1 << t) | (best == lanes.unablated[t]) << t
    return right, same


# ------------------------------------------------------------------ the last two hidden layers


@_compiled
def multiply(
    values: Any, first: Any, rows: Any, count: Any, output: Any, biases: Any, out: Any, to: Any
) -> None:
    """out[c] = biases[c] + sum_k output[rows[k], c] * values[rows[k]], k < count.

    values (n, 16) from `first` on, output (n, classes), biases (classes), out (classes, 16) from
    `to` on.
    """
    columns = biases.shape[0]
    for c in range(0, columns, CLASS_GROUP):
        s0, s1 = spread(biases[c]), spread(biases[c + 1])
        s2, s3 = spread(biases[c + 2]), spread(biases[c + 3])
        s4, s5 = spread(biases[c + 4]), spread(biases[c + 5])
        s6, s7 = spread(biases[c + 6]), spread(biases[c + 7])
        s8, s9 = spread(biases[c + 8]), spread(biases[c + 9])
        for k in range(count):
            row = at(rows, k)
            value, w = load(values, first + row * LANES), row * columns + c
            s0, s1 = fma(value, at(output, w), s0), fma(value, at(output, w + 1), s1)
            s2, s3 = fma(value, at(output, w + 2), s2), fma(value, at(output, w + 3), s3)
            s4, s5 = fma(value, at(output, w + 4), s4), fma(value, at(output, w + 5), s5)
            s6, s7 = fma(value, at(output, w + 6), s6), fma(value, at(output, w + 7), s7)
            s8, s9 = fma(value, at(output, w + 8), s8), fma(value, at(output, w + 9), s9)
        place = to + c * LANES
        store(out, place, s0)
        store(out, place + LANES, s1)
        store(out, place + 2 * LANES, s2)
        store(out, place + 3 * LANES, s3)
        store(out, place + 4 * LANES, s4)
        store(out, place + 5 * LANES, s5)
        store(out, place + 6 * LANES, s6)
        store(out, place + 7 * LANES, s7)
        store(out, place + 8 * LANES, s8)
        store(out, place + 9 * LANES, s9)


@_compiled
def shallow(
    below: Any, before: Any, labels: Any, network: Any, orders: Any, exact: Any, curves: Any
) -> None:
    """Cumulative ablation of neurons of the last two hidden layers.

    Parameters
    ----------
    below
        (blocks, n_below, 16) outputs of the last hidden layer but one; n_below may be 0.
    before
        (blocks, n_last, 16) pre-activations of the last hidden layer.
    labels
        (blocks, 16), -1 where a block is not full.
    network, orders, exact
        `Last`, `Orders` and `Exact`.
    curves
        `Curves`, added to.
    """
    weights, output, biases = network
    n_below, n_last, columns = below.shape[1], before.shape[1], biases.shape[0]
    last_layer, n_classes = exact.widths.shape[0] - 2, exact.widths[-1]
    # Each holds first its values without removals, then the values after removals.
    z, outputs = np.empty(2 * n_last * LANES, np.float32), np.empty(2 * n_last * LANES, np.float32)
    logits = np.empty(2 * columns * LANES, np.float32)
    moved, moved_logits = n_last * LANES, columns * LANES
    rows, alive = np.empty(n_last + 1, np.int64), np.empty(n_last, np.float32)
    balanced, magnitudes, added = np.empty_like(biases), np.abs(output), np.abs(biases)
    lanes, losses = new_lanes(), np.zeros(LANES, np.float32)
    label, unablated = lanes.labels, lanes.unablated
    for block in range(before.shape[0]):
        for unit in range(n_last):
            row = load(before, (block * n_last + unit) * LANES)
            store(z, unit * LANES, row)
            row = activated(row, exact.kind)
            store(outputs, unit * LANES, row)
            store(outputs, moved + unit * LANES, absolute(row) + orders.largest[unit])
            rows[unit] = unit
        multiply(outputs, moved, rows, n_last, magnitudes, added, logits, moved_logits)
        tie = spread(0.0)
        for c in range(n_classes):
            tie = maximum(tie, load(logits, moved_logits + c * LANES) * TIE)
        multiply(outputs, ZERO, rows, n_last, output, biases, logits, ZERO)
        n_there = 0
        for t in range(LANES):
            n_there += labels[block, t] >= 0
            lanes.examples[t], lanes.until[t] = block * LANES + t, 0
            label[t] = labels[block, t]
            unablated[t] = predicted(logits, t, n_classes)
        right_at_first, same, close = judge(logits, ZERO, n_classes, tie, label, unablated, losses)
        if close:
            right_at_first, _ = settle(right_at_first, same, close, ZERO, orders, exact, lanes)
        loss_at_first = sum_of(losses)
        for o in range(orders.units.shape[0]):
            at_z = at_logits = 0
            alive[:] = 1
            balanced[:] = biases
            right, n_changed, loss = right_at_first, 0, loss_at_first
            curves.correct[o, 0] += count_bits(right)
            curves.loss[o, 0] += loss
            for k in range(orders.units.shape[1]):
                unit, constant = orders.units[o, k], orders.constants[o, k]
                of_last = orders.layers[o, k] == last_layer
                if of_last:
                    alive[unit] = 0
                    for c in range(columns if constant != 0 else 0):
                        balanced[c] += constant * output[unit, c]
                    gained = constant - load(outputs, at_z + unit * LANES)
                else:
                    gained = constant - load(below, (block * n_below + unit) * LANES)
                if bits(gained != 0.0):
                    if of_last:
                        for c in range(n_classes):
                            row = fma(gained, output[unit, c], load(logits, at_logits + c * LANES))
                            store(logits, moved_logits + c * LANES, row)
                    else:
                        count = ZERO
                        for j in range(n_last):
                            row = fma(gained, weights[unit, j], load(z, at_z + j * LANES))
                            store(z, moved + j * LANES, row)
                            row = activated(row, exact.kind) * alive[j]
                            store(outputs, moved + j * LANES, row)
                            rows[count] = j
                            count += bits(row != 0.0) != 0
                        at_z = moved
                        multiply(outputs, at_z, rows, count, output, balanced, logits, moved_logits)
                    at_logits = moved_logits
                    right, same, close = judge(
                        logits, at_logits, n_classes, tie, label, unablated, losses
                    )
                    if close:
                        lanes.until[:] = k + 1
                        right, same = settle(right, same, close, o, orders, exact, lanes)
                    n_changed, loss = n_there - count_bits(same), sum_of(losses)
                curves.correct[o, k + 1] += count_bits(right)
                curves.changed[o, k + 1] += n_changed
                curves.loss[o, k + 1] += loss


# ------------------------------------------------------------------ any layers

_REMOVAL: Final = np.dtype(
    [
        ("step", np.int64),  # how many are removed with it
        ("layer", np.int64),
        ("unit", np.int64),
        ("constant", np.float32),  # what the neuron puts out then
        ("output", np.float32),  # what it put out before
        ("changes", np.bool_),  # whether these differ
        ("version", np.int64),  # of the layer computed last: what the removal makes of it
    ]
)


class _State(NamedTuple):
    """One example's layers in several versions: before a batch of removals, then after each."""

    z: np.ndarray
    """Pre-activations, version after version and layer after layer, flat."""
    outputs: np.ndarray
    """Outputs, likewise; of removed neurons 0, since the biases hold their constants."""
    levels: np.ndarray
    """Where the versions of each layer begin."""
    alive: np.ndarray
    """0 for each neuron that is removed, else 1."""
    biases: np.ndarray
    """With the constants of removed neurons."""
    batch: np.ndarray
    """The removals."""
    targets: np.ndarray
    """Where versions begin that products are added to."""
    sources: np.ndarray
    """Where the versions of the layer below begin that are multiplied."""
    active: np.ndarray
    """Inputs of a product that are not 0."""


@_compiled
def copy_row(target: Any, to: Any, source: Any, first: Any, width: Any) -> None:
    """Copy `width` numbers."""
    for i in range(0, width, LANES):
        store(target, to + i, load(source, first + i))


@_compiled
def add_row(
    target: Any, to: Any, source: Any, first: Any, factor: Any, weights: Any, row: Any, width: Any
) -> None:
    """target[to + i] = source[first + i] + factor * weights[row + i], i < width."""
    for i in range(0, width, LANES):
        store(target, to + i, fma(load(weights, row + i), factor, load(source, first + i)))


@_compiled
def list_active(values: Any, sources: Any, width: Any, active: Any) -> int:
    """List in active where any of the four rows that begin at sources is not 0; gives how many."""
    count = 0
    for i in range(0, width, LANES):
        largest = absolute(load(values, sources[0] + i))
        for r in range(1, ROWS):
            largest = maximum(largest, absolute(load(values, sources[r] + i)))
        count = append(active, count, i, largest != 0.0)
    return count


@_compiled
def add_products(
    target: Any,
    targets: Any,
    values: Any,
    sources: Any,
    weights: Any,
    matrix: Any,
    width: Any,
    active: Any,
    count: Any,
) -> None:
    """Add to four rows the products of four others with a matrix, at their active inputs.

    target[targets[r] + i] += sum_k values[sources[r] + active[k]] * weights[matrix + active[k] *
    width + i], k < count, i < width: of each sum, four vectors at a time stay in registers.
    """
    whole = width // (4 * LANES) * (4 * LANES)
    for i in range(0, whole, 4 * LANES):
        a, b = load_four(target, targets[0] + i), load_four(target, targets[1] + i)
        c, d = load_four(target, targets[2] + i), load_four(target, targets[3] + i)
        for k in range(count):
            row = np.int64(at(active, k))
            weight = load_four(weights, matrix + row * width + i)
            a = fma(weight, at(values, sources[0] + row), a)
            b = fma(weight, at(values, sources[1] + row), b)
            c = fma(weight, at(values, sources[2] + row), c)
            d = fma(weight, at(values, sources[3] + row), d)
        store(target, targets[0] + i, a)
        store(target, targets[1] + i, b)
        store(target, targets[2] + i, c)
        store(target, targets[3] + i, d)
    for i in range(whole, width, LANES):
        a, b = load(target, targets[0] + i), load(target, targets[1] + i)
        c, d = load(target, targets[2] + i), load(target, targets[3] + i)
        for k in range(count):
            row = np.int64(at(active, k))
            weight = load(weights, matrix + row * width + i)
            a = fma(weight, at(values, sources[0] + row), a)
            b = fma(weight, at(values, sources[1] + row), b)
            c = fma(weight, at(values, sources[2] + row), c)
            d = fma(weight, at(values, sources[3] + row), d)
        store(target, targets[0] + i, a)
        store(target, targets[1] + i, b)
        store(target, targets[2] + i, c)
        store(target, targets[3] + i, d)


@_compiled
def collect(o: Any, k: Any, orders: Any, network: Any, state: Any) -> tuple[int, int, int]:
    """Collect the next removals of an order that may change something, from step k on.

    A neuron that already puts out its constant changes nothing, unless a removal that is
    collected before it changes its output, or its constant goes to the biases of what follows.

    Gives the step to go on from, how many are collected and the lowest layer of them.
    """
    n = likely = 0
    first = lowest = network.widths.shape[0] - 1
    while k < orders.units.shape[1] and likely < AHEAD and n < BATCH:
        layer, unit, constant = orders.layers[o, k], orders.units[o, k], orders.constants[o, k]
        k += 1
        output = at(state.outputs, state.levels[layer] + unit)
        changes = output != constant
        if changes or (not orders.alone and (lowest < layer or constant != 0)):
            removal = state.batch[n]
            removal.step, removal.layer, removal.unit = k, layer, unit
            removal.constant, removal.output, removal.changes = constant, output, changes
            n += 1
            first = min(first, layer)
            if changes:
                likely += 1
                lowest = min(lowest, layer)
        elif not orders.alone:
            state.alive[network.starts[layer] + unit] = 0
    return k, n, first


@_compiled
def advance(layer: Any, n: Any, alone: Any, network: Any, state: Any, kind: Any) -> None:
    """Compute the versions of a layer that the n removals collected make of it.

    A removal from the layer below adds one row of weights to the version before; one from
    further below needs a product. One from the layer itself takes effect in the versions after
    it, and only now is known whether it changes anything.
    """
    z, outputs, batch = state.z, state.outputs, state.batch
    width, start, here = network.widths[layer], network.starts[layer], state.levels[layer]
    below, level_below = network.widths[layer - 1], state.levels[layer - 1]
    weights, matrix = network.weights, network.matrices[layer - 1]
    products = version = 0
    for r in range(n):
        removal = batch[r]
        if removal.layer == layer - 1 and removal.constant != 0 and not alone:
            biases, row = state.biases, matrix + removal.unit * width
            add_row(biases, start, biases, start, removal.constant, weights, row, width)
        if removal.layer < layer and removal.changes:
            version += 1
            if removal.layer < layer - 1:
                copy_row(z, here + version * width, state.biases, start, width)
                state.targets[products] = here + version * width
                state.sources[products] = level_below + removal.version * below
                products += 1
            removal.version = version
    # Where fewer than four are left, the last one is computed several times, with one result.
    for r in range(products, -(-products // ROWS) * ROWS):
        state.targets[r] = state.targets[products - 1]
        state.sources[r] = state.sources[products - 1]
    for r in range(0, products, ROWS):
        targets, sources = state.targets[r : r + ROWS], state.sources[r : r + ROWS]
        count = list_active(outputs, sources, below, state.active)
        add_products(z, targets, outputs, sources, weights, matrix, width, state.active, count)
    version = 0
    for r in range(n):
        removal = batch[r]
        before = here if alone else here + version * width
        if removal.layer == layer:
            removal.output = at(outputs, before + removal.unit)
            removal.changes = removal.output != removal.constant
            if not alone:
                state.alive[start + removal.unit] = 0
        elif removal.layer < layer and removal.changes:
            version += 1
            now = here + version * width
            if removal.layer == layer - 1:
                row, gained = matrix + removal.unit * width, removal.constant - removal.output
                add_row(z, now, z, before, gained, weights, row, width)
            if layer < network.widths.shape[0] - 1:
                for i in range(0, width, LANES):
                    values = activated(load(z, now + i), kind) * load(state.alive, start + i)
                    store(outputs, now + i, values)
    if version > 0 and not alone:
        copy_row(z, here, z, here + version * width, width)
        copy_row(outputs, here, outputs, here + version * width, width)


@_compiled
def deep(
    outputs: Any, before: Any, labels: Any, network: Any, orders: Any, exact: Any, curves: Any
) -> None:
    """Cumulative ablation of any neurons, example by example.

    Parameters
    ----------
    outputs, before
        (n, sum of widths) outputs and pre-activations of the hidden layers and, in
        ``before``, logits; all layers padded to multiples of 16.
    labels
        (n).
    network, orders, exact
        `Padded`, `Orders` and `Exact`.
    curves
        `Curves`, added to.
    """
    n_steps, whole = orders.units.shape[1], outputs.shape[1]
    n_layers, n_classes = network.widths.shape[0] - 1, exact.widths[-1]
    levels = network.starts * (BATCH + 1)
    state = _State(
        z=np.zeros(whole * (BATCH + 1), np.float32),
        outputs=np.zeros(whole * (BATCH + 1), np.float32),
        levels=levels,
        alive=np.ones(whole, np.float32),
        biases=np.empty(whole, np.float32),
        batch=np.zeros(BATCH, _REMOVAL),
        targets=np.empty(BATCH + ROWS, np.int64),
        sources=np.empty(BATCH + ROWS, np.int64),
        active=np.empty(network.widths.max() + LANES, np.int32),
    )
    # Logits without removals and after each that changes something, sixteen by sixteen, and the
    # step from which on they hold.
    logits = np.zeros((n_steps // LANES + 1) * n_classes * LANES, np.float32)
    begins = np.empty(n_steps + 2, np.int64)
    lanes, losses = new_lanes(), np.zeros(LANES, np.float32)
    label, unablated = lanes.labels, lanes.unablated
    top, last = network.starts[n_layers], network.starts[n_layers - 1]
    for example in range(outputs.shape[0]):
        largest = np.float32(0)
        for c in range(n_classes):
            size = abs(network.biases[top + c])
            logits[c * LANES] = before[example, top + c]
            for i in range(orders.largest.shape[0]):
                weight = network.matrices[n_layers - 1] + i * network.widths[n_layers] + c
                value = abs(outputs[example, last + i]) + orders.largest[i]
                size += value * abs(network.weights[weight])
            largest = max(largest, size)
        tie = spread(largest) * TIE
        lanes.examples[:], lanes.since[:], lanes.until[:] = example, 0, 0
        label[:] = -1
        label[0], unablated[0] = labels[example], predicted(logits, ZERO, n_classes)
        right_at_first, same, close = judge(logits, ZERO, n_classes, tie, label, unablated, losses)
        if close:
            right_at_first, _ = settle(right_at_first, same, close, ZERO, orders, exact, lanes)
        unablated[:], loss_at_first = unablated[0], losses[0]
        for o in range(orders.units.shape[0]):
            for layer in range(n_layers + 1):
                first, width = example * whole + network.starts[layer], network.widths[layer]
                copy_row(state.z, levels[layer], before, first, width)
                copy_row(state.outputs, levels[layer], outputs, first, width)
            state.alive[:] = 1
            state.biases[:] = network.biases
            for c in range(n_classes):
                logits[c * LANES] = before[example, top + c]
            begins[0], n_states, k = 0, 1, ZERO
            while k < n_steps:
                k, n, first = collect(o, k, orders, network, state)
                for layer in range(max(first, 1), n_layers + 1):
                    advance(layer, n, orders.alone, network, state, exact.kind)
                for r in range(n):
                    removal = state.batch[r]
                    if removal.changes:
                        row = levels[n_layers] + removal.version * network.widths[n_layers]
                        place = n_states // LANES * LANES * n_classes + n_states % LANES
                        for c in range(n_classes):
                            logits[place + c * LANES] = state.z[row + c]
                        begins[n_states] = removal.step
                        n_states += 1
            begins[n_states] = n_steps + 1
            for first in range(0, n_states, LANES):
                some = min(LANES, n_states - first)
                for t in range(LANES):
                    label[t] = labels[example] if t < some else -1
                right, same, close = judge(
                    logits, first * n_classes, n_classes, tie, label, unablated, losses
                )
                if close:
                    for t in range(some):
                        lanes.until[t] = begins[first + t]
                        lanes.since[t] = max(0, begins[first + t] - 1) if orders.alone else 0
                    right, same = settle(right, same, close, o, orders, exact, lanes)
                for t in range(some):
                    is_right, is_same, loss = right >> t & 1, same >> t & 1, losses[t]
                    for k in range(begins[first + t], begins[first + t + 1]):
                        curves.correct[o, k] += is_right
                        curves.changed[o, k] += 1 - is_same
                        curves.loss[o, k] += loss
                        if orders.alone:
                            is_right, is_same, loss = right_at_first, 1, loss_at_first
