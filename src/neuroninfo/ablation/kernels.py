"""Compiled loops of cumulative ablation on a CPU.

Two ways, both exact (see `near`):

- `shallow` serves neurons of the last two hidden layers.  Sixteen examples lie side by side
  in vector registers.  A removal is a rank-one update of the last hidden layer's
  pre-activations (or of the logits), then one small product gives the logits.
- `deep` serves any neurons, example by example.  A neuron whose output is zero changes
  nothing for that example and is skipped; else a rank-one update of the next layer is
  followed by the layers behind it, summed over the neurons that are active there.

The vectorizer of numba leaves such short loops scalar, so what they are made of (`@intrinsic`) is
written as LLVM vector code; LLVM maps 16 floats to what the machine has.  All functions are
cached on disk beside this file, keyed by the CPU; the cache is written and renamed, so jobs
that start together do not disturb each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from neuroninfo.networks.activations import LEAK

LANES: Final = 16
CLASS_GROUP: Final = 5
"""Columns of the output weights that `product` does at a time: they are padded to it."""
RELU, TANH, SIGMOID, LEAKY_RELU, SILU = range(5)
KINDS: Final = {
    "relu": RELU,
    "tanh": TANH,
    "sigmoid": SIGMOID,
    "leaky_relu": LEAKY_RELU,
    "silu": SILU,
}
TIE: Final = np.float32(3e-5)
"""Two logits are near if they differ by less than this share of what is summed into them.

That is the larger of the sum of magnitudes before ablation and of the logits' own now. It is
500 roundings of float32: more than sums of some hundred terms lose, unless hidden neurons
cancel each other to less than about a hundredth of their size.
"""

_FLOAT: Final = ir.FloatType()
_INTEGER: Final = ir.IntType(32)
_VECTOR: Final = ir.VectorType(_FLOAT, LANES)
_INTEGERS: Final = ir.VectorType(_INTEGER, LANES)
_TILE: Final = 8
"""Vectors of a row that `add_rows` keeps in registers."""
_EXP: Final = [
    1.9875691500e-4,
    1.3981999507e-3,
    8.3334519073e-3,
    4.1665795894e-2,
    1.6666665459e-1,
    5.0000001201e-1,
]
_E0, _E1, _E2, _E3, _E4, _E5 = map(np.float32, _EXP)
_LOG: Final = [
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
]
_Function = TypeVar("_Function", bound=Callable[..., Any])


def _compiled(function: _Function) -> _Function:
    """Compile without the GIL; `reassoc` lets sums be vectorized, in one fixed way."""
    options = {"contract", "nsz", "reassoc"}
    return numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=options)(function)


def _constant(value: float) -> Any:
    return ir.Constant(_VECTOR, [ir.Constant(_FLOAT, float(np.float32(value)))] * LANES)


def _integers(value: int) -> Any:
    return ir.Constant(_INTEGERS, [value] * LANES)


def _splat(builder: Any, value: Any, kind: Any = _VECTOR) -> Any:
    undefined = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(_INTEGER, 0))
    return builder.shuffle_vector(first, undefined, _integers(0))


def _call(builder: Any, name: str, *arguments: Any) -> Any:
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * len(arguments))
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f32")
    return builder.call(function, arguments)


def _multiply_add(builder: Any, a: Any, b: Any, c: Any) -> Any:
    return _call(builder, "fma", a, b, c)


def _polynomial(builder: Any, x: Any, coefficients: list[float]) -> Any:
    """Horner's rule, highest power first."""
    total = _constant(coefficients[0])
    for coefficient in coefficients[1:]:
        total = _multiply_add(builder, total, x, _constant(coefficient))
    return total


def _exp_vector(builder: Any, x: Any) -> Any:
    """exp(x), x <= 0; Cephes' expf: below 2 ulp, and 1.6e-38 for x < -87."""
    x = _call(builder, "maxnum", x, _constant(-87.0))
    n = _call(builder, "floor", _multiply_add(builder, x, _constant(1.44269504), _constant(0.5)))
    f = _multiply_add(builder, n, _constant(-0.693359375), x)
    f = _multiply_add(builder, n, _constant(2.12194440e-4), f)
    p = _polynomial(builder, f, _EXP)
    p = _multiply_add(builder, p, builder.fmul(f, f), builder.fadd(f, _constant(1.0)))
    exponent = builder.add(builder.fptosi(n, _INTEGERS), _integers(127))
    return builder.fmul(p, builder.bitcast(builder.shl(exponent, _integers(23)), _VECTOR))


def _log_vector(builder: Any, x: Any) -> Any:
    """log(x), x >= 1; Cephes' logf."""
    bits = builder.bitcast(x, _INTEGERS)
    exponent = builder.sub(builder.lshr(bits, _integers(23)), _integers(126))
    mantissa = builder.or_(builder.and_(bits, _integers(0x7FFFFF)), _integers(0x3F000000))
    m = builder.bitcast(mantissa, _VECTOR)
    small = builder.fcmp_ordered("<", m, _constant(0.707106781))
    e = builder.sitofp(exponent, _VECTOR)
    e = builder.select(small, builder.fsub(e, _constant(1.0)), e)
    m = builder.fsub(builder.select(small, builder.fadd(m, m), m), _constant(1.0))
    square = builder.fmul(m, m)
    p = builder.fmul(builder.fmul(_polynomial(builder, m, _LOG), m), square)
    p = _multiply_add(builder, e, _constant(-2.12194440e-4), p)
    p = _multiply_add(builder, square, _constant(-0.5), p)
    return _multiply_add(builder, e, _constant(0.693359375), builder.fadd(m, p))


def _vector(builder: Any, data: Any, index: Any) -> Any:
    """Pointer to the 16 floats from `index` on."""
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


def _arrays(context: Any, builder: Any, signature: Any, arguments: Any) -> list[Any]:
    """Arguments with arrays opened; their memory is addressed as it lies, so it must be C's."""
    for kind in signature.args:
        if isinstance(kind, types.Array) and kind.layout != "C":
            raise TypeError(f"an array of layout {kind.layout!r}: make it contiguous")
    return [
        make_array(kind)(context, builder, value) if isinstance(kind, types.Array) else value
        for kind, value in zip(signature.args, arguments, strict=True)
    ]


@intrinsic
def add_outer(typing: Any, block: Any, weights: Any, values: Any) -> Any:
    """block[i, :] += weights[i] * values; block (n, 16), weights (n), values (16)."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows, factors, lanes = _arrays(context, builder, signature, arguments)
        size = builder.extract_value(rows.shape, 0)
        zero, lane = ir.Constant(size.type, 0), ir.Constant(size.type, LANES)
        values_vector = builder.load(_vector(builder, lanes.data, zero), align=4)
        with cgutils.for_range(builder, size) as loop:
            factor = _splat(builder, builder.load(builder.gep(factors.data, [loop.index])))
            place = _vector(builder, rows.data, builder.mul(loop.index, lane))
            row = builder.load(place, align=4)
            builder.store(_multiply_add(builder, factor, values_vector, row), place, align=4)
        return context.get_dummy_value()

    return types.void(block, weights, values), generate


@intrinsic
def product(
    typing: Any, block: Any, rows: Any, count: Any, weights: Any, bias: Any, out: Any
) -> Any:
    """out[c, :] = bias[c] + sum_k weights[rows[k], c] * block[rows[k], :], k < count.

    block (n, 16), weights (n, C), bias (C), out (C, 16); C is a multiple of `CLASS_GROUP`.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values, which, number_rows, matrix, start, result = _arrays(
            context, builder, signature, arguments
        )
        columns = builder.extract_value(matrix.shape, 1)

        def number(value: int) -> Any:
            return ir.Constant(columns.type, value)

        sums = [cgutils.alloca_once(builder, _VECTOR) for _ in range(CLASS_GROUP)]
        with cgutils.for_range_slice(builder, number(0), columns, number(CLASS_GROUP)) as (c, _):
            members = [builder.add(c, number(k)) for k in range(CLASS_GROUP)]
            for place, member in zip(sums, members, strict=True):
                value = builder.load(builder.gep(start.data, [member]))
                builder.store(_splat(builder, value), place)
            with cgutils.for_range(builder, number_rows) as loop:
                index = builder.load(builder.gep(which.data, [loop.index]))
                position = builder.mul(index, number(LANES))
                row = builder.load(_vector(builder, values.data, position), align=4)
                line = builder.mul(index, columns)
                for place, member in zip(sums, members, strict=True):
                    weight = builder.load(builder.gep(matrix.data, [builder.add(line, member)]))
                    total = _multiply_add(
                        builder, _splat(builder, weight), row, builder.load(place)
                    )
                    builder.store(total, place)
            for place, member in zip(sums, members, strict=True):
                position = builder.mul(member, number(LANES))
                builder.store(builder.load(place), _vector(builder, result.data, position), align=4)
        return context.get_dummy_value()

    return types.void(block, rows, types.intp, weights, bias, out), generate


@intrinsic
def rectify(typing: Any, block: Any, weights: Any, values: Any, out: Any, rows: Any) -> Any:
    """Block += outer(weights, values); out = max(block, 0); gives how many rows have any.

    block, out (n, 16); rows lists those with a value above 0.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        z, factors, lanes, r, which = _arrays(context, builder, signature, arguments)
        size = builder.extract_value(z.shape, 0)
        zero, lane = ir.Constant(size.type, 0), ir.Constant(size.type, LANES)
        values_vector = builder.load(_vector(builder, lanes.data, zero), align=4)
        count = cgutils.alloca_once_value(builder, zero)
        with cgutils.for_range(builder, size) as loop:
            factor = _splat(builder, builder.load(builder.gep(factors.data, [loop.index])))
            position = builder.mul(loop.index, lane)
            place = _vector(builder, z.data, position)
            row = _multiply_add(builder, factor, values_vector, builder.load(place, align=4))
            builder.store(row, place, align=4)
            above = _call(builder, "maxnum", row, _constant(0.0))
            builder.store(above, _vector(builder, r.data, position), align=4)
            _append(builder, count, which, loop.index, above)
        return builder.load(count)

    return types.intp(block, weights, values, out, rows), generate


@intrinsic
def list_rows(typing: Any, block: Any, rows: Any) -> Any:
    """Put the numbers of the rows of block (n, 16) with any value not 0 into rows; count."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values, which = _arrays(context, builder, signature, arguments)
        size = builder.extract_value(values.shape, 0)
        lane = ir.Constant(size.type, LANES)
        count = cgutils.alloca_once_value(builder, ir.Constant(size.type, 0))
        with cgutils.for_range(builder, size) as loop:
            place = _vector(builder, values.data, builder.mul(loop.index, lane))
            _append(builder, count, which, loop.index, builder.load(place, align=4))
        return builder.load(count)

    return types.intp(block, rows), generate


def _append(builder: Any, count: Any, rows: Any, index: Any, row: Any) -> None:
    """rows[count] = index; count += 1 if any of the vector is not 0: without a branch."""
    number = builder.load(count)
    builder.store(index, builder.gep(rows.data, [number]))
    mask = builder.bitcast(builder.fcmp_unordered("!=", row, _constant(0.0)), ir.IntType(LANES))
    found = builder.icmp_unsigned("!=", mask, ir.Constant(mask.type, 0))
    builder.store(builder.add(number, builder.zext(found, number.type)), count)


@intrinsic
def compress(typing: Any, values: Any, start: Any, length: Any, rows: Any, kept: Any) -> Any:
    """Put what is not 0 of values[start : start + length] into kept, its places into rows.

    rows is int32 and, as kept, has room for `length` and 16 more; gives how many.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, begin, size, which, out = _arrays(context, builder, signature, arguments)
        zero, lane = ir.Constant(size.type, 0), ir.Constant(size.type, LANES)
        mask_kind = ir.VectorType(ir.IntType(1), LANES)
        count = cgutils.alloca_once_value(builder, zero)
        ascending = ir.Constant(_INTEGERS, list(range(LANES)))

        def store(vector: Any, place: Any, mask: Any, suffix: str) -> None:
            # Compressing in a register and storing all of it beats `masked.compressstore`,
            # which is microcoded on AMD.
            kind = ir.FunctionType(vector.type, [vector.type, mask_kind, vector.type])
            name = f"llvm.experimental.vector.compress.v{LANES}{suffix}"
            function = cgutils.get_or_insert_function(builder.module, kind, name)
            nothing = ir.Constant(vector.type, ir.Undefined)
            packed = builder.call(function, [vector, mask, nothing])
            builder.store(packed, builder.bitcast(place, vector.type.as_pointer()), align=4)

        with cgutils.for_range_slice(builder, zero, size, lane) as (index, _):
            vector = builder.load(_vector(builder, source.data, builder.add(begin, index)), align=4)
            mask = builder.fcmp_unordered("!=", vector, _constant(0.0))
            number = builder.load(count)
            base = _splat(builder, builder.trunc(index, _INTEGER), _INTEGERS)
            places = builder.add(base, ascending)
            store(vector, builder.gep(out.data, [number]), mask, "f32")
            store(places, builder.gep(which.data, [number]), mask, "i32")
            ones = builder.zext(builder.bitcast(mask, ir.IntType(LANES)), size.type)
            builder.store(builder.add(number, builder.ctpop(ones)), count)
        return builder.load(count)

    integer = types.intp
    return types.intp(values, integer, integer, rows, kept), generate


@intrinsic
def add_row(
    typing: Any,
    target: Any,
    start: Any,
    factor: Any,
    weights: Any,
    first: Any,
    length: Any,
) -> Any:
    """target[start + i] += factor * weights[first + i], i < length, a multiple of 16."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to, begin, by, source, at, size = _arrays(context, builder, signature, arguments)
        by_vector = _splat(builder, by)
        zero, lane = ir.Constant(size.type, 0), ir.Constant(size.type, LANES)
        with cgutils.for_range_slice(builder, zero, size, lane) as (index, _):
            place = _vector(builder, to.data, builder.add(begin, index))
            row = builder.load(_vector(builder, source.data, builder.add(at, index)), align=4)
            total = _multiply_add(builder, by_vector, row, builder.load(place, align=4))
            builder.store(total, place, align=4)
        return context.get_dummy_value()

    integer = types.intp
    return types.void(target, integer, types.float32, weights, integer, integer), generate


@intrinsic
def add_rows(
    typing: Any,
    target: Any,
    start: Any,
    length: Any,
    weights: Any,
    first: Any,
    rows: Any,
    factors: Any,
    count: Any,
) -> Any:
    """target[start + i] += sum_k factors[k] * weights[first + rows[k] * length + i].

    i < length, a multiple of 16; k < count; rows int32. A tile of the target stays in registers.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to, begin, size, source, at, which, by, number = _arrays(
            context, builder, signature, arguments
        )
        kind = size.type

        def tile(column: Any, vectors: int) -> None:
            offsets = [builder.add(column, ir.Constant(kind, LANES * i)) for i in range(vectors)]
            places = [_vector(builder, to.data, builder.add(begin, o)) for o in offsets]
            sums = [cgutils.alloca_once(builder, _VECTOR) for _ in offsets]
            for total, place in zip(sums, places, strict=True):
                builder.store(builder.load(place, align=4), total)
            with cgutils.for_range(builder, number) as loop:
                row = builder.load(builder.gep(which.data, [loop.index]))
                line = builder.add(at, builder.mul(builder.zext(row, kind), size))
                factor = _splat(builder, builder.load(builder.gep(by.data, [loop.index])))
                for total, offset in zip(sums, offsets, strict=True):
                    place = _vector(builder, source.data, builder.add(line, offset))
                    value = builder.load(place, align=4)
                    builder.store(_multiply_add(builder, factor, value, builder.load(total)), total)
            for total, place in zip(sums, places, strict=True):
                builder.store(builder.load(total), place, align=4)

        wide = ir.Constant(kind, LANES * _TILE)
        narrow = ir.Constant(kind, LANES)
        whole = builder.mul(builder.sdiv(size, wide), wide)
        with cgutils.for_range_slice(builder, ir.Constant(kind, 0), whole, wide) as (column, _):
            tile(column, _TILE)
        with cgutils.for_range_slice(builder, whole, size, narrow) as (column, _):
            tile(column, 1)
        return context.get_dummy_value()

    integer = types.intp
    return types.void(target, integer, integer, weights, integer, rows, factors, integer), generate


@intrinsic
def judge(
    typing: Any, logits: Any, n_classes: Any, labels: Any, others: Any, tie: Any, losses: Any
) -> Any:
    """Judge sixteen examples from their logits (classes, 16).

    Puts each one's cross-entropy into losses (16); gives, as bits of one integer, whose
    predicted class is labels (16, int32), 16 bits on, whose is others (16, int32), and 32 bits
    on, whose two highest logits differ by no more than tie (16) or than `TIE` of the largest.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows, classes, right_class, other_class, near_by, out = _arrays(
            context, builder, signature, arguments
        )
        zero, lane = ir.Constant(classes.type, 0), ir.Constant(classes.type, LANES)

        def row(index: Any) -> Any:
            return builder.load(_vector(builder, rows.data, builder.mul(index, lane)), align=4)

        classes_of = [
            builder.load(
                builder.bitcast(builder.gep(of.data, [zero]), _INTEGERS.as_pointer()), align=4
            )
            for of in (right_class, other_class)
        ]
        highest, lowest, second, total, *chosen = (
            cgutils.alloca_once(builder, _VECTOR) for _ in range(6)
        )
        for where in (highest, second, *chosen):
            builder.store(_constant(-3e38), where)
        builder.store(_constant(3e38), lowest)
        builder.store(_constant(0.0), total)
        with cgutils.for_range(builder, classes) as loop:
            value, top = row(loop.index), builder.load(highest)
            lower = _call(builder, "minnum", value, top)
            builder.store(_call(builder, "maxnum", builder.load(second), lower), second)
            builder.store(_call(builder, "maxnum", value, top), highest)
            builder.store(_call(builder, "minnum", value, builder.load(lowest)), lowest)
            number = _splat(builder, builder.trunc(loop.index, _INTEGER), _INTEGERS)
            for wanted, where in zip(classes_of, chosen, strict=True):
                here = builder.icmp_signed("==", wanted, number)
                builder.store(builder.select(here, value, builder.load(where)), where)
        top, own_logit, other_logit = map(builder.load, (highest, *chosen))
        with cgutils.for_range(builder, classes) as loop:
            term = _exp_vector(builder, builder.fsub(row(loop.index), top))
            builder.store(builder.fadd(builder.load(total), term), total)
        loss = builder.fadd(_log_vector(builder, builder.load(total)), builder.fsub(top, own_logit))
        builder.store(loss, _vector(builder, out.data, zero), align=4)
        right = builder.fcmp_ordered("==", own_logit, top)
        same = builder.fcmp_ordered("==", other_logit, top)
        gap = builder.fsub(top, builder.load(second))
        size = _call(
            builder,
            "maxnum",
            _call(builder, "fabs", top),
            _call(builder, "fabs", builder.load(lowest)),
        )
        limit = _call(
            builder,
            "maxnum",
            builder.load(_vector(builder, near_by.data, zero), align=4),
            builder.fmul(size, _constant(float(TIE))),
        )
        close = builder.fcmp_ordered("<=", gap, limit)
        bits = [
            builder.zext(builder.bitcast(mask, ir.IntType(LANES)), classes.type)
            for mask in (right, same, close)
        ]
        found = builder.or_(builder.shl(bits[2], lane), bits[1])
        return builder.or_(builder.shl(found, lane), bits[0])

    return types.int64(logits, types.intp, labels, others, tie, losses), generate


@numba.njit(inline="always", error_model="numpy")
def _exp(x: Any) -> Any:
    """Return exp(x) in float32 without a branch, so that loops over it become vector code.

    Cephes' expf: error below 2 ulp for -87 <= x <= 88; clipped to that range.
    """
    x = min(max(x, np.float32(-87.0)), np.float32(88.0))
    n = np.floor(x * np.float32(1.44269504) + np.float32(0.5))
    f = x - n * np.float32(0.693359375) + n * np.float32(2.12194440e-4)
    p = _E0
    p = p * f + _E1
    p = p * f + _E2
    p = p * f + _E3
    p = p * f + _E4
    p = p * f + _E5
    power = np.int32((n + np.float32(127)) * np.float32(8388608)).view(np.float32)
    return (p * f * f + f + np.float32(1)) * power


@numba.njit(inline="always", error_model="numpy")
def _activate(x: Any, kind: Any) -> Any:
    if kind == RELU:
        return max(x, np.float32(0))
    if kind == LEAKY_RELU:
        return max(x, np.float32(LEAK) * x)
    if kind == SIGMOID:
        return np.float32(1) / (np.float32(1) + _exp(-x))
    if kind == SILU:
        # `_exp` ends at 88: below, x would grow and the sigmoid not fall. It is -5e-37 there.
        x = max(x, np.float32(-88))
        return x / (np.float32(1) + _exp(-x))
    # tanh x = 2 sigmoid(2x) - 1, whose relative error is large near 0: a series there.
    square = x * x
    series = x * (
        np.float32(1)
        + square
        * (
            np.float32(-0.333333333)
            + square * (np.float32(0.133333333) + square * np.float32(-0.0539682540))
        )
    )
    wide = np.float32(1) - np.float32(2) / (_exp(np.float32(2) * x) + np.float32(1))
    return series if abs(x) < np.float32(0.1) else wide


@_compiled
def _activate_all(z: Any, out: Any, kind: Any) -> None:
    """Set out = activation(z), flat arrays; one loop a kind, which vectorizes."""
    if kind == RELU:
        for i in range(z.shape[0]):
            out[i] = max(z[i], np.float32(0))
    elif kind == LEAKY_RELU:
        for i in range(z.shape[0]):
            out[i] = _activate(z[i], LEAKY_RELU)
    elif kind == SIGMOID:
        for i in range(z.shape[0]):
            out[i] = _activate(z[i], SIGMOID)
    elif kind == SILU:
        for i in range(z.shape[0]):
            out[i] = _activate(z[i], SILU)
    else:
        for i in range(z.shape[0]):
            out[i] = _activate(z[i], TANH)


@_compiled
def _activate_alive(z: Any, alive: Any, out: Any, kind: Any) -> None:
    """Set out = activation(z) * alive."""
    if kind == RELU:
        for i in range(z.shape[0]):
            out[i] = max(z[i], np.float32(0)) * alive[i]
    elif kind == LEAKY_RELU:
        for i in range(z.shape[0]):
            out[i] = _activate(z[i], LEAKY_RELU) * alive[i]
    elif kind == SIGMOID:
        for i in range(z.shape[0]):
            out[i] = _activate(z[i], SIGMOID) * alive[i]
    elif kind == SILU:
        for i in range(z.shape[0]):
            out[i] = _activate(z[i], SILU) * alive[i]
    else:
        for i in range(z.shape[0]):
            out[i] = _activate(z[i], TANH) * alive[i]


@numba.njit(inline="always", error_model="numpy")
def _any(values: Any) -> bool:
    found = np.float32(0)
    for t in range(values.shape[0]):
        found = max(found, abs(values[t]))
    return found != 0


@numba.njit(inline="always", error_model="numpy")
def _count_bits(bits: Any) -> int:
    count = 0
    while bits:
        bits &= bits - 1
        count += 1
    return count


@numba.njit(inline="always", error_model="numpy")
def _largest(constants: Any) -> Any:
    """Return the largest magnitude in each column."""
    largest = np.zeros(constants.shape[1], np.float32)
    for row in range(constants.shape[0]):
        for neuron in range(constants.shape[1]):
            largest[neuron] = max(largest[neuron], abs(constants[row, neuron]))
    return largest


@_compiled
def near(
    example: Any,
    sequence: Any,
    removed: Any,
    constants: Any,
    first: Any,
    weights: Any,
    biases: Any,
    widths: Any,
    kind: Any,
) -> int:
    """Predicted class in float64, by a masked forward pass from the first hidden layer.

    Called where two logits are so near that float32 could decide between them by rounding:
    so all counts are those of float64.

    Parameters
    ----------
    example, removed
        Row of `first`, number of neurons removed.
    sequence
        Neurons of the network in the order of their removal.
    constants
        (neurons) outputs that removed ones get.
    first
        (n, widths[0]) outputs of the first hidden layer.
    weights, biases
        Layer after layer, flat; weights from below to above, (n_below, n_above).
    widths
        Of the hidden layers and the output.
    """
    n_hidden = 0
    for layer in range(widths.shape[0] - 1):
        n_hidden += widths[layer]
    alive = np.ones(n_hidden, np.bool_)
    for k in range(removed):
        alive[sequence[k]] = False
    values = np.zeros(widths.max(), np.float64)
    for i in range(widths[0]):
        values[i] = first[example, i] if alive[i] else constants[i]
    neuron, at, bias_at = widths[0], 0, 0
    sums = np.zeros(widths.max(), np.float64)
    for layer in range(1, widths.shape[0]):
        above = widths[layer]
        for j in range(above):
            sums[j] = biases[bias_at + j]
        for i in range(widths[layer - 1]):
            value = values[i]
            if value != 0:
                for j in range(above):
                    sums[j] += value * weights[at + i * above + j]
        at += widths[layer - 1] * above
        bias_at += above
        if layer < widths.shape[0] - 1:
            for j in range(above):
                value = np.float64(constants[neuron + j])
                if alive[neuron + j]:
                    value = sums[j]
                    if kind == RELU:
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
    best = 0
    for c in range(1, widths[-1]):
        if sums[c] > sums[best]:
            best = c
    return best


@_compiled
def shallow(
    below: Any,
    before: Any,
    weights: Any,
    output: Any,
    bias: Any,
    first_below: Any,
    first_last: Any,
    n_classes: Any,
    labels: Any,
    sequences: Any,
    replacements: Any,
    constants: Any,
    kind: Any,
    precise: Any,
    correct: Any,
    changed: Any,
    loss: Any,
) -> None:
    """Cumulative ablation of neurons of the last two hidden layers.

    Parameters
    ----------
    below
        (blocks, n_below, 16) outputs of the last hidden layer but one; n_below may be 0.
    before
        (blocks, n_last, 16) pre-activations of the last hidden layer.
    weights
        (n_below, n_last), negative: what a removal adds.
    output, bias
        (n_last, C) and (C), C padded to a multiple of `CLASS_GROUP`.
    labels
        (blocks, 16), -1 where a block is not full.
    sequences
        (orders, k) neurons of the network.
    replacements
        (orders) which of the constants removed neurons get.
    constants
        (kinds, neurons) float32.
    first_below, first_last
        Numbers of the first neuron of each of the two layers.
    precise
        (first hidden outputs, weights, biases, widths) in float64, for `near`.
    correct, changed, loss
        (orders, k + 1), added to.
    """
    first, exact, exact_biases, sizes = precise
    n_blocks, n_last = before.shape[0], before.shape[1]
    z = np.empty((n_last, LANES), np.float32)
    r = np.empty((n_last, LANES), np.float32)
    r_before = np.empty((n_last, LANES), np.float32)
    logits = np.empty((output.shape[1], LANES), np.float32)
    logits_before = np.empty((output.shape[1], LANES), np.float32)
    magnitude = np.empty((output.shape[1], LANES), np.float32)
    tie = np.empty(LANES, np.float32)
    unablated = np.zeros(LANES, np.int32)
    losses = np.zeros(LANES, np.float32)
    there = np.zeros(LANES, np.float32)
    lost = np.empty(LANES, np.float32)
    balanced = np.empty_like(bias)
    dead = np.empty(n_last, np.int64)
    rows = np.empty(n_last + 1, np.int64)
    negative = -output
    absolute, absolute_bias = np.abs(output), np.abs(bias)
    largest = _largest(constants)
    for block in range(n_blocks):
        label = labels[block]
        filled = 0
        for t in range(LANES):
            there[t] = label[t] >= 0
            if label[t] >= 0:
                filled |= 1 << t
        z[:] = before[block]
        _activate_all(z.reshape(-1), r_before.reshape(-1), kind)
        for unit in range(n_last):
            for t in range(LANES):
                r[unit, t] = abs(r_before[unit, t]) + largest[first_last + unit]
        count = list_rows(r, rows)
        product(r, rows, count, absolute, absolute_bias, magnitude)
        for t in range(LANES):
            tie[t] = np.float32(0)
            for c in range(n_classes):
                tie[t] = max(tie[t], TIE * magnitude[c, t])
        count = list_rows(r_before, rows)
        product(r_before, rows, count, output, bias, logits_before)
        right_before, total_before = 0, np.float32(0)
        n_dead = 0
        # What the order before has changed: z, and r in all rows or in those of dead neurons.
        z_moved, r_moved = False, True
        for o in range(sequences.shape[0]):
            if z_moved:
                z[:] = before[block]
            if not r_moved:
                for d in range(n_dead):
                    r[dead[d]] = r_before[dead[d]]
            z_moved = False
            n_dead = 0
            balanced[:] = bias
            logits[:] = logits_before
            given = constants[replacements[o]]
            n_right, n_changed, total = right_before, 0, total_before
            moved = o == 0
            for k in range(sequences.shape[1] + 1):
                if k > 0:
                    neuron = sequences[o, k - 1]
                    constant = given[neuron]
                    if neuron >= first_last:
                        if r_moved and not z_moved:
                            r[:] = r_before
                            r_moved = False
                        unit = neuron - first_last
                        dead[n_dead] = unit
                        n_dead += 1
                        for t in range(LANES):
                            lost[t] = r[unit, t] - constant
                            r[unit, t] = 0
                        if constant != 0:
                            for c in range(balanced.shape[0]):
                                balanced[c] += constant * output[unit, c]
                        moved = _any(lost)
                        if moved:
                            add_outer(logits, negative[unit], lost)
                    else:
                        unit = neuron - first_below
                        for t in range(LANES):
                            lost[t] = below[block, unit, t] - constant
                        moved = _any(lost)
                        if moved:
                            z_moved = r_moved = True
                            if kind == RELU:
                                count = rectify(z, weights[unit], lost, r, rows)
                            else:
                                add_outer(z, weights[unit], lost)
                                _activate_all(z.reshape(-1), r.reshape(-1), kind)
                                count = list_rows(r, rows)
                            for d in range(n_dead):
                                r[dead[d]] = 0
                            product(r, rows, count, output, balanced, logits)
                if moved:
                    if k == 0:
                        for t in range(LANES):
                            unablated[t] = 0
                            for c in range(1, n_classes):
                                if logits[c, t] > logits[unablated[t], t]:
                                    unablated[t] = c
                    found = judge(logits, n_classes, label, unablated, tie, losses)
                    doubtful = (found >> (2 * LANES)) & filled
                    if doubtful:
                        for t in range(LANES):
                            if doubtful >> t & 1:
                                example = block * LANES + t
                                best = near(
                                    example, sequences[o], k, given, first, exact,
                                    exact_biases, sizes, kind,
                                )  # fmt: skip
                                if k == 0:
                                    unablated[t] = best
                                found &= ~((1 << t) | (1 << (t + LANES)))
                                if best == label[t]:
                                    found |= 1 << t
                                if best == unablated[t]:
                                    found |= 1 << (t + LANES)
                    n_right = _count_bits(found & filled)
                    n_changed = _count_bits(~(found >> LANES) & filled)
                    total = np.float32(0)
                    for t in range(LANES):
                        total += losses[t] * there[t]
                    if k == 0:
                        right_before, total_before = n_right, total
                correct[o, k] += n_right
                changed[o, k] += n_changed
                loss[o, k] += total


@_compiled
def deep(
    outputs: Any,
    before: Any,
    weights: Any,
    weights_at: Any,
    biases: Any,
    widths: Any,
    starts: Any,
    layer_of: Any,
    unit_of: Any,
    real: Any,
    n_classes: Any,
    labels: Any,
    sequences: Any,
    replacements: Any,
    constants: Any,
    kind: Any,
    precise: Any,
    correct: Any,
    changed: Any,
    loss: Any,
) -> None:
    """Cumulative ablation of any neurons, example by example.

    Parameters
    ----------
    outputs, before
        (n, sum of widths) outputs and pre-activations of the hidden layers and, in
        ``before``, logits; all layers padded to multiples of 16.
    weights, weights_at
        (n_below, n_above) of each pair of layers, flat and padded, and where each begins.
    biases, widths, starts
        Padded; of the hidden layers and the output.
    layer_of, unit_of
        Of each neuron of the network.
    real
        (sum of widths) float32: 1, for padding 0.
    labels, sequences, replacements, constants, precise, correct, changed, loss
        As in `shallow`; labels (n).
    """
    first, exact, exact_biases, sizes = precise
    n_layers = widths.shape[0] - 1
    end = starts[n_layers]
    a = np.empty(outputs.shape[1], np.float32)
    z = np.empty(outputs.shape[1], np.float32)
    alive = np.ones(outputs.shape[1], np.float32)
    balanced = np.empty_like(biases)
    first_last = constants.shape[1] - sizes[n_layers - 1]
    largest = _largest(constants)
    rows = np.empty(widths.max() + LANES, np.int32)
    factors = np.empty(widths.max() + LANES, np.float32)
    terms = np.empty(n_classes, np.float32)
    for example in range(outputs.shape[0]):
        label = labels[example]
        # Magnitude of what is summed into a logit, for `TIE`.
        scale = np.float32(0)
        for c in range(n_classes):
            size = abs(biases[end + c])
            for i in range(sizes[n_layers - 1]):
                value = abs(outputs[example, starts[n_layers - 1] + i])
                value += largest[first_last + i]
                at = weights_at[n_layers - 1] + i * widths[n_layers] + c
                size += value * abs(weights[at])
            scale = max(scale, size)
        tie = TIE * scale
        unablated, right_before, total_before = 0, 0, np.float32(0)
        a[:] = outputs[example]
        z[:] = before[example]
        alive[:] = real
        balanced[:] = biases
        # What the order before has changed beside its neurons: outputs and pre-activations of
        # the layers from `moved` on, biases of those from `moved_biases` on.
        moved = moved_biases = n_layers
        for o in range(sequences.shape[0]):
            if o > 0:
                for k in range(sequences.shape[1]):
                    neuron = sequences[o - 1, k]
                    place = starts[layer_of[neuron]] + unit_of[neuron]
                    a[place] = outputs[example, place]
                    alive[place] = np.float32(1)
                a[starts[moved] :] = outputs[example, starts[moved] :]
                z[starts[moved] :] = before[example, starts[moved] :]
                balanced[starts[moved_biases] :] = biases[starts[moved_biases] :]
            moved = moved_biases = n_layers
            given = constants[replacements[o]]
            right, other, total = right_before, 0, total_before
            judged = o == 0
            for k in range(sequences.shape[1] + 1):
                if k > 0:
                    neuron = sequences[o, k - 1]
                    layer, unit = layer_of[neuron], unit_of[neuron]
                    place = starts[layer] + unit
                    value = a[place]
                    alive[place] = np.float32(0)
                    a[place] = np.float32(0)
                    constant = given[neuron]
                    judged = value != constant
                    above = widths[layer + 1]
                    row = weights_at[layer] + unit * above
                    if constant != 0:
                        moved_biases = min(moved_biases, layer + 1)
                        add_row(balanced, starts[layer + 1], constant, weights, row, above)
                    if judged:
                        moved = min(moved, layer + 1)
                        add_row(z, starts[layer + 1], constant - value, weights, row, above)
                        for higher in range(layer + 1, n_layers):
                            start, width = starts[higher], widths[higher]
                            here = a[start : start + width]
                            _activate_alive(
                                z[start : start + width], alive[start : start + width], here, kind
                            )
                            count = compress(a, start, width, rows, factors)
                            above, start = widths[higher + 1], starts[higher + 1]
                            z[start : start + above] = balanced[start : start + above]
                            add_rows(
                                z, start, above, weights, weights_at[higher], rows, factors, count
                            )
                if judged:
                    best, highest, lowest = 0, z[end], z[end]
                    second = np.float32(-3e38)
                    for c in range(1, n_classes):
                        value = z[end + c]
                        lowest = min(lowest, value)
                        if value > highest:
                            second = highest
                            highest = value
                            best = c
                        elif value > second:
                            second = value
                    for c in range(n_classes):
                        terms[c] = _exp(z[end + c] - highest)
                    total = np.log(terms.sum()) + (highest - z[end + label])
                    if highest - second <= max(tie, TIE * max(abs(highest), abs(lowest))):
                        best = near(
                            example,
                            sequences[o],
                            k,
                            given,
                            first,
                            exact,
                            exact_biases,
                            sizes,
                            kind,
                        )
                    right = 1 if best == label else 0
                    if k == 0:
                        unablated, right_before, total_before = best, right, total
                    other = 1 if best != unablated else 0
                correct[o, k] += right
                changed[o, k] += other
                loss[o, k] += total
